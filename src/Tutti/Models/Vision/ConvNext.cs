using System.Text.RegularExpressions;
using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Models.Vision;

// ConvNeXt (Liu et al. 2022) and ConvNeXt V2 (Woo et al. 2023); names and arithmetic of timm's convnext.py and transformers' modeling_convnext.py and modeling_convnextv2.py.
// n pictures, H rows, W columns, C channels; maps (n,H,W,C).

/// <summary>The sizes and choices of a ConvNeXt.</summary>
sealed record ConvNextConfig
{
    public required bool Timm { get; init; }

    /// <summary>Hugging Face's name of the network without its head.</summary>
    public string Prefix { get; init; } = "";
    public required int Channels { get; init; }
    public required (int Height, int Width) PictureSize { get; init; }
    public required int Patch { get; init; }
    public required int[] Depths { get; init; }
    public required int[] Widths { get; init; }

    /// <summary>What layer scale begins with; 0 for none.</summary>
    public required double Scale { get; init; }

    /// <summary>Global response normalisation: the second version.</summary>
    public required bool Responses { get; init; }

    /// <summary>Products are stored as convolutions of single pixels.</summary>
    public bool AsConvolutions { get; init; }

    /// <summary>Of the norm behind the pooling; others have 1e-6.</summary>
    public double LastEps { get; init; } = ConvNext.Eps;
    public double DropPath { get; init; }
    public double Dropout { get; init; }

    public static ConvNextConfig Of(ModelConfig config)
    {
        if (config.IsTimm()) return OfTimm(config.Arguments());
        if (config.Text("hidden_act", "gelu") is var act && act != "gelu") throw new DataException(config.Where, $"hidden_act is '{act}'; a ConvNeXt is supported with gelu");
        var second = config.ModelType == "convnextv2";
        return new ConvNextConfig
        {
            Timm = false,
            Prefix = config.ModelType,
            Channels = config.Size("num_channels", 3),
            PictureSize = config.Area("image_size", 224),
            Patch = config.Size("patch_size", 4),
            Depths = config.Sizes("depths", [3, 3, 9, 3]),
            Widths = config.Sizes("hidden_sizes", [96, 192, 384, 768]),
            Scale = second ? 0 : config.Number("layer_scale_init_value", 1e-6),
            Responses = second,
            LastEps = config.Number("layer_norm_eps", 1e-12),
            DropPath = config.Share("drop_path_rate", 0),
        }.Checked(config.Where);
    }

    static ConvNextConfig OfTimm(ModelConfig config)
    {
        foreach (var (key, only) in new[] { ("stem_type", "patch"), ("global_pool", "avg"), ("act_layer", "gelu") })
            if (config.Text(key, only) != only) throw new DataException(config.Where, $"{key} is '{config.Text(key, only)}'; a ConvNeXt is supported with {only}");
        if (config.Flag("head_norm_first", false)) throw new DataException(config.Where, "head_norm_first is true; a ConvNeXt is supported with the norm behind the pooling");
        return new ConvNextConfig
        {
            Timm = true,
            Channels = config.Size("in_chans", 3),
            PictureSize = config.Area("img_size", 224),
            Patch = config.Size("patch_size", 4),
            Depths = config.Sizes("depths", [3, 3, 9, 3]),
            Widths = config.Sizes("dims", [96, 192, 384, 768]),
            Scale = config.Json.ContainsKey("ls_init_value") && config.Json["ls_init_value"] is null ? 0 : config.Number("ls_init_value", 1e-6),
            Responses = config.Flag("use_grn", false),
            AsConvolutions = config.Flag("conv_mlp", false),
            DropPath = config.Share("drop_path_rate", 0),
            Dropout = config.Share("drop_rate", 0),
        }.Checked(config.Where);
    }

    ConvNextConfig Checked(string where) => Depths.Length == Widths.Length ? this : throw new DataException(where, $"there are depths of {Depths.Length} stages and widths of {Widths.Length}");
}

/// <summary>Global response normalisation (Woo et al. 2023, 3.2): each channel is set against the others by its length over the map.</summary>
sealed class ResponseNorm
{
    readonly Tensor weight, bias;
    readonly int channels;

    /// <param name="p">Its place.</param>
    /// <param name="channels">C.</param>
    /// <param name="flat">Weights are stored as (C), else as (1,1,1,C).</param>
    public ResponseNorm(Params p, int channels, bool flat)
    {
        long[] shape = flat ? [channels] : [1, 1, 1, channels];
        this.channels = channels;
        weight = p.Get("weight", Init.Zeros, decay: false, shape);
        bias = p.Get("bias", Init.Zeros, decay: false, shape);
    }

    public Tensor Forward(Tensor x)                                               // (n,H,W,C)
    {
        var lengths = x.To(weight.DType).Norm([1, 2]);                            // (n,1,1,C)
        var responses = lengths / (lengths.Mean([-1], keep: true) + ConvNext.Eps);
        return x + ((weight.View(channels) * (x * responses)) + bias.View(channels));
    }
}

/// <summary>One block: a convolution of every channel for itself, a norm, and two products around a GELU, beside a shortcut.</summary>
sealed class ConvNextBlock
{
    readonly Depthwise windows;
    readonly LayerNorm norm;
    readonly Func<Tensor, Tensor> up, down;
    readonly ResponseNorm? responses;
    readonly LayerScale? scale;
    readonly StochasticDepth depth;

    public ConvNextBlock(Params p, ConvNextConfig config, int width, double dropPath)
    {
        var inside = 4 * width;
        if (config.Scale > 0) scale = new(p, config.Timm ? "gamma" : "layer_scale_parameter", width, config.Scale);
        windows = new(p / (config.Timm ? "conv_dw" : "dwconv"), width, 7);
        norm = new(p / (config.Timm ? "norm" : "layernorm"), width, ConvNext.Eps);
        up = Product(p / (config.Timm ? "mlp.fc1" : "pwconv1"), width, inside, config.AsConvolutions);
        if (config.Responses) responses = new(p / (config.Timm ? "mlp.grn" : "grn"), inside, config.Timm);
        down = Product(p / (config.Timm ? "mlp.fc2" : "pwconv2"), inside, width, config.AsConvolutions);
        depth = new(p, dropPath);
    }

    static Func<Tensor, Tensor> Product(Params p, int inputs, int outputs, bool asConvolution) => asConvolution ? new PixelLinear(p, inputs, outputs).Forward : new Linear(p, inputs, outputs).Forward;

    public Tensor Forward(Tensor x, Ragged rows)                                  // (n,H,W,C)
    {
        var added = up(norm.Forward(windows.Forward(x))).Gelu();                  // (n,H,W,4C)
        if (responses is not null) added = responses.Forward(added);
        added = down(added);
        if (scale is not null) added = scale.Forward(added);
        return x + depth.Forward(added, rows);
    }
}

/// <summary>ConvNeXt and ConvNeXt V2, atto to huge.</summary>
public sealed partial class ConvNext : VisionModel
{
    internal const double Eps = 1e-6;

    readonly ConvNextConfig config;
    readonly Patches stem;
    readonly LayerNorm stemNorm, norm;
    readonly (LayerNorm Norm, Patches Patches)?[] downs;
    readonly (ConvNextBlock Layer, Block Block)[][] stages;
    readonly PictureHead head;

    /// <exception cref="DataException">The config asks for something this implementation does not compute.</exception>
    public ConvNext(Params p, ModelConfig source) : base(p, source)
    {
        config = ConvNextConfig.Of(source);
        var (timm, body) = (config.Timm, config.Timm ? p : p / config.Prefix);
        stem = new(timm ? p / "stem" / 0 : body / "embeddings" / "patch_embeddings", config.Channels, config.Widths[0], config.Patch);
        stemNorm = new(timm ? p / "stem" / 1 : body / "embeddings" / "layernorm", config.Widths[0], Eps);
        var rates = StochasticDepth.Rising(config.DropPath, config.Depths.Sum());
        downs = new (LayerNorm, Patches)?[config.Depths.Length];
        stages = new (ConvNextBlock, Block)[config.Depths.Length][];
        for (var (s, number) = (0, 0); s < stages.Length; s++)
        {
            var place = timm ? p / "stages" / s : body / "encoder" / "stages" / s;
            var down = place / (timm ? "downsample" : "downsampling_layer");
            if (s > 0) downs[s] = (new(down / 0, config.Widths[s - 1], Eps), new(down / 1, config.Widths[s - 1], config.Widths[s], 2));
            stages[s] = Block.Stack(place / (timm ? "blocks" : "layers"), config.Depths[s], block => new ConvNextBlock(block, config, config.Widths[s], rates[number++]));
        }
        norm = new(timm ? p / "head" / "norm" : body / "layernorm", config.Widths[^1], config.LastEps);
        head = new(timm ? p / "head" / "fc" : p / "classifier", config.Widths[^1], source.LabelCount, config.Dropout);
    }

    public override int Channels => config.Channels;
    public override (int Height, int Width) PictureSize => config.PictureSize;
    public override int FeatureCount => config.Widths[^1];
    internal override FeatureLayout Layout => FeatureLayout.Pixels;

    internal static LayerGroups GroupsOf(ModelConfig source) => LayerGroups.Stages(ConvNextConfig.Of(source).Depths.Length,
        name => Stage().Match(name) is { Success: true } match ? 1 + PictureConfig.Number(match) : name.StartsWith("head.", StringComparison.Ordinal) || name.StartsWith("classifier.", StringComparison.Ordinal) || name.Contains(".layernorm.", StringComparison.Ordinal) && !name.Contains("embeddings", StringComparison.Ordinal) ? -1 : 0);

    internal static bool IsProjection(string name) => name.StartsWith("head.fc.", StringComparison.Ordinal) || name.StartsWith("classifier.", StringComparison.Ordinal);

    protected override Tensor Last(Tensor pixels, Ragged rows, Action<Tensor>? observe)
    {
        var x = Scope.Run(() => stemNorm.Forward(stem.OfPlanes(pixels)));         // (n,H/4,W/4,C)
        observe?.Invoke(x);
        for (var s = 0; s < stages.Length; s++)
        {
            if (downs[s] is var (downNorm, patches)) x = Wide(Scope.Run(() => patches.Forward(downNorm.Forward(x))));
            x = Block.Run(stages[s], x, (layer, input, _) => layer.Forward(input, rows), null);
            observe?.Invoke(x);
        }
        return x;
    }

    // The shortcuts carry float32, also where products are in bfloat16.
    Tensor Wide(Tensor x) => x.DType == Params.DType ? x : x.To(Params.DType);

    protected override Tensor Pool(Tensor features) => norm.Forward(features.Mean([1, 2]));                   // (n,C)
    protected override Tensor Judge(Tensor pooled, Ragged rows) => head.Forward(pooled, rows);

    [GeneratedRegex(@"(\A|\.)stages\.(?<n>[0-9]+)\.")]
    private static partial Regex Stage();
}
