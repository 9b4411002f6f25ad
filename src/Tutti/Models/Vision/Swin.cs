using System.Text.RegularExpressions;
using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Models.Vision;

// Swin (Liu et al. 2021) and SwinV2 (Liu et al. 2022); names and arithmetic of timm's swin_transformer.py and swin_transformer_v2.py, transformers' modeling_swin.py and modeling_swinv2.py.
// n pictures, H rows, W columns, C channels; maps (n,H,W,C).

/// <summary>Attention and two products beside shortcuts: behind norms in the first version, before them in the second.</summary>
sealed class SwinLayer
{
    readonly bool second;
    readonly LayerNorm attentionNorm, norm;
    readonly WindowScores scores;
    readonly QueryKeyValue qkv;
    readonly WindowAttention attention;
    readonly Linear output, up, down;
    readonly Dropout outputDropout, dropout;
    readonly StochasticDepth attentionDepth, depth;
    readonly Func<Tensor, Tensor> activation;

    public SwinLayer(Params p, SwinConfig config, int stage, bool shifted, double dropPath)
    {
        second = config.Second;
        var (timm, C, heads) = (config.Timm, config.Hidden << stage, config.Heads[stage]);
        var inside = p / (timm ? "attn" : "attention.self");
        var (window, shift) = config.Window(stage, shifted);
        attentionNorm = new(p / (timm ? "norm1" : "layernorm_before"), C, config.Eps);
        scores = second ? new CosineScores(inside, timm ? "cpb_mlp" : "continuous_position_bias_mlp", heads, window, config.Before[stage]) : new BiasedScores(inside, heads, window, config.Table(stage), C);
        qkv = !timm ? QueryKeyValue.Apart(inside, C, config.AttentionBias, keyBias: !second) : second ? QueryKeyValue.WithoutKeyBias(inside, C, config.AttentionBias) : QueryKeyValue.Whole(inside / "qkv", C, config.AttentionBias);
        attention = new(heads, window, shift, padFirst: !timm, new(p, config.AttentionDropout));
        output = new(p / (timm ? "attn.proj" : "attention.output.dense"), C, C);
        outputDropout = new(p, timm ? config.Dropout : config.AttentionDropout);
        attentionDepth = new(p, dropPath);
        norm = new(p / (timm ? "norm2" : "layernorm_after"), C, config.Eps);
        up = new(p / (timm ? "mlp.fc1" : "intermediate.dense"), C, (int)(C * config.Ratio));
        down = new(p / (timm ? "mlp.fc2" : "output.dense"), (int)(C * config.Ratio), C);
        dropout = new(p, config.Dropout);
        depth = new(p, dropPath);
        activation = config.Activation;
    }

    public Tensor Forward(Tensor x, Ragged rows)                                  // (n,H,W,C)
    {
        Tensor Attended(Tensor map) => Kept(outputDropout, output.Forward(attention.Forward(map, rows, qkv.Forward, scores.Forward)), rows);
        Tensor Products(Tensor map) => Kept(dropout, down.Forward(activation(up.Forward(map))), rows);
        if (second)
        {
            x = x + attentionDepth.Forward(attentionNorm.Forward(Attended(x)), rows);
            return x + depth.Forward(norm.Forward(Products(x)), rows);
        }
        x = x + attentionDepth.Forward(Attended(attentionNorm.Forward(x)), rows);
        return x + depth.Forward(Products(norm.Forward(x)), rows);
    }

    // Keys of pixels: picture, then place.
    static Tensor Kept(Dropout dropout, Tensor x, Ragged rows) => dropout.Forward(x, () =>
        rows.Longs([.. rows.HostExamples.SelectMany(example => Enumerable.Range(0, (int)(x.Size(1) * x.Size(2))).Select(place => (example << 32) | (long)place))]));
}

/// <summary>Four neighbours side by side become one pixel of twice the channels: behind a norm in the first version, before it in the second.</summary>
sealed class PatchMerging(Params p, int channels, bool second, double eps)
{
    readonly Linear reduction = new(p / "reduction", 4 * channels, 2 * channels, hasBias: false);
    readonly LayerNorm norm = new(p / "norm", second ? 2 * channels : 4 * channels, eps);

    public Tensor Forward(Tensor x)                                               // (n,H,W,C) -> (n,H/2,W/2,2C), rounded up
    {
        var (right, below) = (x.Size(2) % 2, x.Size(1) % 2);
        if (right + below > 0) x = x.Pad([0, 0, 0, right, 0, below]);
        var (n, H, W) = (x.Size(0), x.Size(1) / 2, x.Size(2) / 2);
        // Above left, below left, above right, below right.
        x = x.View(n, H, 2, W, 2, channels).Permute([0, 1, 3, 4, 2, 5]).Reshape(n, H, W, 4 * channels);
        return second ? norm.Forward(reduction.Forward(x)) : reduction.Forward(norm.Forward(x));
    }
}

/// <summary>Swin and SwinV2, tiny to large.</summary>
public sealed partial class Swin : VisionModel
{
    readonly SwinConfig config;
    readonly Patches patches;
    readonly LayerNorm patchNorm, norm;
    readonly Tensor? positions;
    readonly Dropout dropout;
    readonly (SwinLayer Layer, Block Block)[][] stages;
    readonly PatchMerging?[] merges;
    readonly PictureHead head;

    /// <exception cref="DataException">The config asks for something this implementation does not compute.</exception>
    public Swin(Params p, ModelConfig source) : base(p, source)
    {
        config = SwinConfig.Of(source);
        var (timm, body) = (config.Timm, config.Timm ? p : p / config.Prefix);
        patches = new(timm ? p / "patch_embed" / "proj" : body / "embeddings" / "patch_embeddings" / "projection", config.Channels, config.Hidden, config.Patch);
        patchNorm = new(timm ? p / "patch_embed" / "norm" : body / "embeddings" / "norm", config.Hidden, config.Eps);
        if (config.AbsolutePositions) positions = (body / "embeddings").Get("position_embeddings", Init.Zeros, decay: false, 1, config.Grid.Height * config.Grid.Width, config.Hidden);
        dropout = new(p, config.Dropout);
        var rates = StochasticDepth.Rising(config.DropPath, config.Depths.Sum());
        (stages, merges) = (new (SwinLayer, Block)[config.Depths.Length][], new PatchMerging?[config.Depths.Length]);
        for (var (s, number) = (0, 0); s < stages.Length; s++)
        {
            var place = timm ? p / "layers" / s : body / "encoder" / "layers" / s;
            var even = 0;
            stages[s] = Block.Stack(place / "blocks", config.Depths[s], block => new SwinLayer(block, config, s, even++ % 2 == 1, rates[number++]));
            // timm keeps it with the stage behind it.
            if (s + 1 < stages.Length) merges[s] = new((timm ? p / "layers" / (s + 1) : place) / "downsample", config.Hidden << s, config.Second, config.Eps);
        }
        var last = config.Hidden << (stages.Length - 1);
        norm = new(timm ? p / "norm" : body / "layernorm", last, config.Eps);
        head = new(timm ? p / "head" / "fc" : p / "classifier", last, source.LabelCount, config.HeadDropout);
    }

    public override int Channels => config.Channels;
    public override (int Height, int Width) PictureSize => config.PictureSize;
    public override bool OneSize => true;
    public override int FeatureCount => config.Hidden << (stages.Length - 1);
    internal override FeatureLayout Layout => FeatureLayout.Pixels;

    internal static LayerGroups GroupsOf(ModelConfig source) => LayerGroups.Stages(SwinConfig.Of(source).Depths.Length,
        name => Layer().Match(name) is { Success: true } match ? 1 + PictureConfig.Number(match) : Behind().IsMatch(name) ? -1 : 0);

    internal static bool IsProjection(string name) => name.StartsWith("head.", StringComparison.Ordinal) || name.StartsWith("classifier.", StringComparison.Ordinal);

    /// <summary>Tables of relative positions for windows of another size, and absolute positions of another number of patches; other weights as they are.</summary>
    internal static Tensor Fitted(ModelConfig source, string name, Tensor stored)
    {
        if (name.EndsWith(".position_embeddings", StringComparison.Ordinal)) return Positioned.Resampled(stored, SwinConfig.Of(source).Grid, 0);
        if (!name.EndsWith(".relative_position_bias_table", StringComparison.Ordinal) || Layer().Match(name) is not { Success: true } match) return stored;
        return Positioned.Table(stored, SwinConfig.Of(source).Table(PictureConfig.Number(match)));
    }

    /// <summary>timm's older checkpoints, and the published ones, keep what merges patches with the stage before it, and call the projection head: today it stands with the stage behind, as head.fc.</summary>
    internal static string? Renamed(ModelConfig source, string name, Func<string, bool> has)
    {
        if (!source.IsTimm() || has("head.fc.weight") || has("layers.1.downsample.reduction.weight") && !has("layers.0.downsample.reduction.weight")) return name;
        if (name.StartsWith("head.", StringComparison.Ordinal)) return "head.fc" + name["head".Length..];
        return name.Contains(".downsample.", StringComparison.Ordinal) && Layer().Match(name) is { Success: true } match ? FormattableString.Invariant($"layers.{PictureConfig.Number(match) + 1}{name[(match.Length - 1)..]}") : name;
    }

    protected override Tensor Last(Tensor pixels, Ragged rows, Action<Tensor>? observe)
    {
        var x = Scope.Run(() =>
        {
            var map = patchNorm.Forward(patches.OfPlanes(pixels));                // (n,H/4,W/4,C)
            if (positions is not null) map = map + positions.View(1, config.Grid.Height, config.Grid.Width, config.Hidden);
            return dropout.Forward(map, () => rows.Longs([.. rows.HostExamples.SelectMany(example => Enumerable.Range(0, config.Grid.Height * config.Grid.Width).Select(place => (example << 32) | (long)place))]));
        });
        observe?.Invoke(x);
        for (var s = 0; s < stages.Length; s++)
        {
            x = Block.Run(stages[s], x, (layer, input, _) => layer.Forward(input, rows), null);
            if (merges[s] is { } merge) x = Scope.Run(() => merge.Forward(x).To(Params.DType));
            observe?.Invoke(x);
        }
        return norm.Forward(x);
    }

    protected override Tensor Pool(Tensor features) => features.Mean([1, 2]);                                 // (n,C)
    protected override Tensor Judge(Tensor pooled, Ragged rows) => head.Forward(pooled, rows);

    [GeneratedRegex(@"\A(swin\.|swinv2\.)?(encoder\.)?layers\.(?<n>[0-9]+)\.", RegexOptions.ExplicitCapture)]
    private static partial Regex Layer();

    [GeneratedRegex(@"\A(norm\.|head\.|swin(v2)?\.layernorm\.|classifier\.)")]
    private static partial Regex Behind();
}
