using System.Text.RegularExpressions;
using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Models.Vision;

// The vision transformer (Dosovitskiy et al. 2021), with registers (Darcet et al. 2024) and average pooling; names and arithmetic of timm's vision_transformer.py and transformers' modeling_vit.py.
// n pictures, N tokens of each, C channels; tokens lie as rows (n N, C).

/// <summary>The sizes and choices of a vision transformer.</summary>
sealed record VitConfig
{
    public required bool Timm { get; init; }
    public required int Channels { get; init; }
    public required (int Height, int Width) PictureSize { get; init; }
    public required int Patch { get; init; }
    public required int Hidden { get; init; }
    public required int Layers { get; init; }
    public required int Heads { get; init; }
    public required int Intermediate { get; init; }
    public required bool AttentionBias { get; init; }
    public required double Eps { get; init; }
    public Func<Tensor, Tensor> Activation { get; init; } = x => x.Gelu();
    public bool ClassToken { get; init; } = true;
    public int Registers { get; init; }

    /// <summary>Positions are those of patches alone; the tokens before them have none.</summary>
    public bool PatchPositions { get; init; }

    /// <summary>The mean of all patches in place of the class token.</summary>
    public bool Average { get; init; }

    /// <summary>The last norm stands behind the pooling.</summary>
    public bool NormBehind { get; init; }

    /// <summary>A norm before the first layer.</summary>
    public bool NormBefore { get; init; }

    /// <summary>What layer scale begins with; 0 for none.</summary>
    public double Scale { get; init; }
    public double DropPath { get; init; }
    public double Dropout { get; init; }
    public double AttentionDropout { get; init; }
    public double HeadDropout { get; init; }

    public (int Height, int Width) Grid => (PictureSize.Height / Patch, PictureSize.Width / Patch);
    public int Prefix => (ClassToken ? 1 : 0) + Registers;
    public int Positions => (Grid.Height * Grid.Width) + (PatchPositions ? 0 : Prefix);

    public static VitConfig Of(ModelConfig config)
    {
        if (config.IsTimm()) return OfTimm(config.Arguments());
        return new VitConfig
        {
            Timm = false,
            Channels = config.Size("num_channels", 3),
            PictureSize = config.Area("image_size", 224),
            Patch = config.Size("patch_size", 16),
            Hidden = config.Size("hidden_size", 768),
            Layers = config.Size("num_hidden_layers", 12),
            Heads = config.Size("num_attention_heads", 12),
            Intermediate = config.Size("intermediate_size", 3072),
            AttentionBias = config.Flag("qkv_bias", true),
            Eps = config.Number("layer_norm_eps", 1e-12),
            Activation = Activations.Of(config.Text("hidden_act", "gelu"), config.Where),
            Dropout = config.Share("hidden_dropout_prob", 0),
            AttentionDropout = config.Share("attention_probs_dropout_prob", 0),
        }.Checked(config.Where);
    }

    static VitConfig OfTimm(ModelConfig config)
    {
        foreach (var key in (ReadOnlySpan<string>)["qk_norm", "scale_attn_norm", "scale_mlp_norm", "proj_bias_false"])
            if (config.Flag(key, false)) throw new DataException(config.Where, $"{key} is true; a vision transformer is supported without");
        var (hidden, pooling) = (config.Size("embed_dim", 768), config.Text("global_pool", "token"));
        if (pooling is not ("token" or "avg")) throw new DataException(config.Where, $"global_pool is '{pooling}'; expected token or avg");
        var classToken = config.Flag("class_token", true);
        if (!classToken && pooling == "token") throw new DataException(config.Where, "global_pool is token, but class_token is false; expected avg");
        return new VitConfig
        {
            Timm = true,
            Channels = config.Size("in_chans", 3),
            PictureSize = config.Area("img_size", 224),
            Patch = config.Area("patch_size", 16).Height,
            Hidden = hidden,
            Layers = config.Size("depth", 12),
            Heads = config.Size("num_heads", 12),
            Intermediate = (int)(hidden * config.Number("mlp_ratio", 4)),
            AttentionBias = config.Flag("qkv_bias", true),
            Eps = 1e-6,
            ClassToken = classToken,
            Registers = config.Int("reg_tokens", 0),
            PatchPositions = config.Flag("no_embed_class", false),
            Average = pooling == "avg",
            NormBehind = config.Flag("fc_norm", pooling == "avg"),
            NormBefore = config.Flag("pre_norm", false),
            Scale = config.NumberOrNull("init_values") ?? 0,
            DropPath = config.Share("drop_path_rate", 0),
            Dropout = config.Share("proj_drop_rate", 0),
            AttentionDropout = config.Share("attn_drop_rate", 0),
            HeadDropout = config.Share("drop_rate", 0),
        }.Checked(config.Where);
    }

    VitConfig Checked(string where)
    {
        if (Hidden % Heads != 0) throw new DataException(where, $"{Hidden} channels are no multiple of {Heads} heads");
        return Grid.Height > 0 && Grid.Width > 0 ? this : throw new DataException(where, $"pictures of {PictureSize.Height} x {PictureSize.Width} are smaller than a patch of {Patch}");
    }
}

/// <summary>Attention and two products, each behind a norm and beside a shortcut.</summary>
sealed class VitLayer
{
    readonly LayerNorm attentionNorm, norm;
    readonly QueryKeyValue qkv;
    readonly SelfAttention attention;
    readonly Linear output, up, down;
    readonly LayerScale? attentionScale, scale;
    readonly Dropout outputDropout, dropout;
    readonly StochasticDepth attentionDepth, depth;
    readonly Func<Tensor, Tensor> activation;

    public VitLayer(Params p, VitConfig config, double dropPath)
    {
        var (timm, C) = (config.Timm, config.Hidden);
        attentionNorm = new(p / (timm ? "norm1" : "layernorm_before"), C, config.Eps);
        qkv = timm ? QueryKeyValue.Whole(p / "attn" / "qkv", C, config.AttentionBias) : QueryKeyValue.Apart(p / "attention" / "attention", C, config.AttentionBias, keyBias: true);
        attention = new(p, config.Heads, config.AttentionDropout);
        output = new(p / (timm ? "attn.proj" : "attention.output.dense"), C, C);
        outputDropout = new(p, config.Dropout);
        if (config.Scale > 0) attentionScale = new(p / "ls1", "gamma", C, config.Scale);
        attentionDepth = new(p, dropPath);
        norm = new(p / (timm ? "norm2" : "layernorm_after"), C, config.Eps);
        up = new(p / (timm ? "mlp.fc1" : "intermediate.dense"), C, config.Intermediate);
        down = new(p / (timm ? "mlp.fc2" : "output.dense"), config.Intermediate, C);
        dropout = new(p, config.Dropout);
        if (config.Scale > 0) scale = new(p / "ls2", "gamma", C, config.Scale);
        depth = new(p, dropPath);
        activation = config.Activation;
    }

    /// <param name="x">(n N, C)</param>
    /// <param name="tokens">Of N tokens each.</param>
    public Tensor Forward(Tensor x, Ragged tokens)
    {
        var parts = qkv.Forward(attentionNorm.Forward(x));
        x = x + Added(outputDropout.Forward(output.Forward(attention.Forward(parts[0], parts[1], parts[2], tokens)), tokens.TokenRows), attentionScale, attentionDepth, tokens);
        return x + Added(dropout.Forward(down.Forward(activation(up.Forward(norm.Forward(x)))), tokens.TokenRows), scale, depth, tokens);
    }

    /// <summary>What each token takes of each: the mean of its heads' weights, which sum to 1 over the last axis.</summary>
    /// <param name="x">(n N, C), as <see cref="Forward"/> gets it.</param>
    /// <param name="n">Pictures.</param>
    /// <param name="heads">The channels are cut into so many.</param>
    /// <returns>(n,N,N)</returns>
    public Tensor Taken(Tensor x, long n, int heads)
    {
        var parts = qkv.Forward(attentionNorm.Forward(x));
        var (N, D) = (x.Size(0) / n, x.Size(1) / heads);
        Tensor Heads(Tensor rows) => rows.Reshape(n, N, heads, D).Transpose(1, 2).Reshape(n * heads, N, D);
        return (Heads(parts[0]) * (1 / Math.Sqrt(D))).BatchMatMul(Heads(parts[1]).Transpose(1, 2)).Softmax(-1).View(n, heads, N, N).Mean([1]);
    }

    static Tensor Added(Tensor x, LayerScale? scale, StochasticDepth depth, Ragged tokens)
    {
        if (scale is not null) x = scale.Forward(x);
        return depth.Always ? x : depth.Forward(x.View(tokens.Count, -1, x.Size(-1)), tokens).View(x.Shape);
    }
}

/// <summary>The vision transformer, tiny to large.</summary>
public sealed partial class Vit : VisionModel
{
    readonly VitConfig config;
    readonly Patches patches;
    readonly Tensor? classToken, registers;
    readonly Tensor positions;
    readonly Dropout dropout;
    readonly LayerNorm? normBefore;
    readonly (VitLayer Layer, Block Block)[] layers;
    readonly LayerNorm norm;
    readonly PictureHead head;

    /// <exception cref="DataException">The config asks for something this implementation does not compute.</exception>
    public Vit(Params p, ModelConfig source) : base(p, source)
    {
        config = VitConfig.Of(source);
        var (timm, body) = (config.Timm, config.Timm ? p : p / "vit");
        var embeddings = timm ? p : body / "embeddings";
        if (config.ClassToken) classToken = embeddings.Get("cls_token", Init.Normal(0.02), decay: false, 1, 1, config.Hidden);
        if (config.Registers > 0) registers = embeddings.Get("reg_token", Init.Normal(0.02), decay: false, 1, config.Registers, config.Hidden);
        positions = embeddings.Get(PositionsName(timm), Init.Normal(0.02), decay: false, 1, config.Positions, config.Hidden);
        patches = new(timm ? p / "patch_embed" / "proj" : embeddings / "patch_embeddings" / "projection", config.Channels, config.Hidden, config.Patch, hasBias: !config.NormBefore);
        dropout = new(p, config.Dropout);
        if (config.NormBefore) normBefore = new(p / "norm_pre", config.Hidden, config.Eps);
        var (rates, number) = (StochasticDepth.Rising(config.DropPath, config.Layers), 0);
        layers = Block.Stack(timm ? p / "blocks" : body / "encoder" / "layer", config.Layers, place => new VitLayer(place, config, rates[number++]));
        norm = new(timm ? p / (config.NormBehind ? "fc_norm" : "norm") : body / "layernorm", config.Hidden, config.Eps);
        head = new(timm ? p / "head" : p / "classifier", config.Hidden, source.LabelCount, config.HeadDropout);
    }

    public override int Channels => config.Channels;
    public override (int Height, int Width) PictureSize => config.PictureSize;
    public override bool OneSize => true;
    public override int FeatureCount => config.Hidden;
    internal override FeatureLayout Layout => FeatureLayout.Tokens;
    protected internal override EncoderSizes Sizes => new(config.Hidden, config.Layers, config.Heads, config.Intermediate);

    /// <summary>Rows and columns of patches; of the tokens they are the last.</summary>
    internal (int Height, int Width) Grid => config.Grid;

    /// <summary>What each token counts for in what the head is given; they sum to 1.</summary>
    internal double[] Read
    {
        get
        {
            var (before, patches) = (config.Prefix, config.Grid.Height * config.Grid.Width);
            return [.. Enumerable.Range(0, before + patches).Select(token => config.Average ? token < before ? 0 : 1.0 / patches : token == 0 ? 1 : 0)];
        }
    }

    /// <summary>Of each layer what each token takes of each in its attention (n N N), from the lowest layer on.</summary>
    internal double[][] Attentions(PictureBatch batch)
    {
        List<double[]> found = [];
        Features(batch, state =>
        {
            if (found.Count == layers.Length) return;                            // the last layer's output
            found.Add(Scope.Run(() => layers[found.Count].Layer.Taken(state.Reshape(-1, config.Hidden), batch.Count, config.Heads).To(DType.Float64)).ToArray<double>());
        });
        return [.. found];
    }

    internal static LayerGroups GroupsOf(ModelConfig source) => LayerGroups.Stages(VitConfig.Of(source).Layers,
        name => Layer().Match(name) is { Success: true } match ? 1 + PictureConfig.Number(match) : Behind().IsMatch(name) ? -1 : 0);

    internal static bool IsProjection(string name) => name.StartsWith("head.", StringComparison.Ordinal) || name.StartsWith("classifier.", StringComparison.Ordinal);

    /// <summary>Positions of another number of patches, smoothly resampled (timm's resample_abs_pos_embed); other weights as they are.</summary>
    internal static Tensor Fitted(ModelConfig source, string name, Tensor stored)
    {
        if (name != "pos_embed" && name != "vit.embeddings.position_embeddings") return stored;
        var config = VitConfig.Of(source);
        return Positioned.Resampled(stored, config.Grid, config.Positions - (config.Grid.Height * config.Grid.Width));
    }

    static string PositionsName(bool timm) => timm ? "pos_embed" : "position_embeddings";

    protected override Tensor Last(Tensor pixels, Ragged rows, Action<Tensor>? observe)
    {
        var (n, N) = (rows.Count, config.Prefix + (config.Grid.Height * config.Grid.Width));
        int[] lengths = [.. Enumerable.Repeat(N, n)];
        var tokens = new Ragged(lengths, [.. rows.HostExamples], Params.Device, Params.DType);
        var x = Scope.Run(() => Embedded(pixels, n, tokens).Reshape((long)n * N, config.Hidden));             // (n N,C)
        Action<Tensor>? seen = observe is null ? null : state => observe(state.View(n, N, -1));
        x = Block.Run(layers, x, (layer, input, _) => layer.Forward(input, tokens), seen);
        return (config.NormBehind ? x : norm.Forward(x)).View(n, N, config.Hidden);
    }

    Tensor Embedded(Tensor pixels, int n, Ragged tokens)
    {
        var x = patches.OfPlanes(pixels).View(n, -1, config.Hidden).To(Params.DType);
        if (config.PatchPositions) x = x + positions;
        Tensor[] before = [.. new[] { classToken, registers }.OfType<Tensor>().Select(token => token.Expand(n, -1, -1))];
        if (before.Length > 0) x = Tensor.Cat([.. before, x], 1);
        if (!config.PatchPositions) x = x + positions;
        x = dropout.Forward(x, tokens.TokenRows);
        return normBefore is null ? x : normBefore.Forward(x);
    }

    protected override Tensor Pool(Tensor features)                                // (n,N,C) -> (n,C)
    {
        var x = config.Average ? features.Narrow(1, config.Prefix, features.Size(1) - config.Prefix).Mean([1]) : features.Select(1, 0);
        return config.NormBehind ? norm.Forward(x) : x.Contiguous();
    }

    protected override Tensor Judge(Tensor pooled, Ragged rows) => head.Forward(pooled, rows);

    [GeneratedRegex(@"(\A|\.)(blocks|encoder\.layer)\.(?<n>[0-9]+)\.")]
    private static partial Regex Layer();

    [GeneratedRegex(@"\A(norm\.|fc_norm\.|head\.|vit\.layernorm\.|classifier\.)")]
    private static partial Regex Behind();
}
