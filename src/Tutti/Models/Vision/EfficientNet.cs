using System.Text.RegularExpressions;
using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Models.Vision;

// EfficientNet (Tan and Le 2019); names and arithmetic of timm's efficientnet.py.
// n pictures, C channels, H rows, W columns; maps (n,C,H,W) with channels last in memory.

/// <summary>The sizes and choices of an EfficientNet.</summary>
sealed record EfficientNetConfig(int Channels, (int Height, int Width) PictureSize, double Width, double Depth, double Eps, bool Same, double DropPath, double Dropout)
{
    /// <summary>Blocks, window, stride, widening inside and channels of each stage of the smallest.</summary>
    static readonly (int Blocks, int Size, int Stride, int Widening, int Channels)[] stages = [(1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320)];

    public static EfficientNetConfig Of(ModelConfig config)
    {
        if (!config.IsTimm()) throw new DataException(config.Where, "an EfficientNet is read with timm's names only; this folder has Hugging Face's. Take the one that timm publishes, such as timm/efficientnet_b0.ra_in1k.");
        config = config.Arguments();
        if (config.Text("pad_type", "") is not ("" or "same")) throw new DataException(config.Where, $"pad_type is '{config.Text("pad_type", "")}'; expected nothing or same");
        return new(config.Size("in_chans", 3), config.Area("img_size", 224), config.Number("channel_multiplier", 1), config.Number("depth_multiplier", 1), config.Number("bn_eps", 1e-5), config.Text("pad_type", "") == "same",
            config.Share("drop_path_rate", 0), config.Share("drop_rate", 0));
    }

    public int Stem => Rounded(32);
    public int Features => Rounded(1280);

    public (int Blocks, int Size, int Stride, int Widening, int Channels)[] Stages => [.. stages.Select(stage => stage with { Blocks = (int)Math.Ceiling(stage.Blocks * Depth), Channels = Rounded(stage.Channels) })];

    // To a multiple of 8, but not down by more than a tenth.
    int Rounded(int channels)
    {
        var wanted = channels * Width;
        var rounded = Math.Max(8, (int)(wanted + 4) / 8 * 8);
        return rounded < 0.9 * wanted ? rounded + 8 : rounded;
    }
}

/// <summary>Squeeze and excitation (Hu et al. 2018): every channel times a share that a small network reads off the means of all.</summary>
sealed class SqueezeExcite(Params p, int channels, int inside)
{
    readonly Conv2d reduce = new(p / "conv_reduce", channels, inside, 1, hasBias: true), expand = new(p / "conv_expand", inside, channels, 1, hasBias: true);

    public Tensor Forward(Tensor x) => x * expand.Forward(reduce.Forward(x.Mean([2, 3], keep: true)).Silu()).Sigmoid();       // (n,C,H,W)
}

/// <summary>One block: widen, a convolution of every channel for itself, squeeze and excite, narrow; beside a shortcut where nothing changes its size.</summary>
sealed class EfficientNetBlock
{
    readonly (Conv2d Conv, BatchNorm2d Norm)? widen;
    readonly (Conv2d Conv, BatchNorm2d Norm) windows, narrow;
    readonly SqueezeExcite squeeze;
    readonly StochasticDepth depth;
    readonly bool shortcut;

    public EfficientNetBlock(Params p, EfficientNetConfig config, int inputs, int outputs, int size, int stride, int widening, double dropPath)
    {
        (Conv2d, BatchNorm2d) Layer(string conv, string norm, int from, int to, int window = 1, int step = 1, int groups = 1) => (new(p / conv, from, to, window, step, groups, same: config.Same), new(p / norm, to, config.Eps));
        var inside = inputs * widening;
        if (widening > 1) widen = Layer("conv_pw", "bn1", inputs, inside);
        windows = Layer("conv_dw", widening > 1 ? "bn2" : "bn1", inside, inside, size, stride, inside);
        squeeze = new(p / "se", inside, (int)Math.Round(inputs * 0.25, MidpointRounding.ToEven));
        narrow = widening > 1 ? Layer("conv_pwl", "bn3", inside, outputs) : Layer("conv_pw", "bn2", inside, outputs);
        depth = new(p, dropPath);
        shortcut = stride == 1 && inputs == outputs;
    }

    public Tensor Forward(Tensor x, Ragged rows)                                  // (n,C,H,W)
    {
        var residual = x;
        if (widen is var (conv, norm)) x = norm.Forward(conv.Forward(x), After.Silu);
        x = squeeze.Forward(windows.Norm.Forward(windows.Conv.Forward(x), After.Silu));
        x = narrow.Conv.Forward(x);
        if (!shortcut) return narrow.Norm.Forward(x);
        return depth.Always ? narrow.Norm.Forward(x, After.Nothing, residual) : depth.Forward(narrow.Norm.Forward(x), rows) + residual;
    }
}

/// <summary>EfficientNet-B0 to B4.</summary>
public sealed partial class EfficientNet : VisionModel
{
    readonly EfficientNetConfig config;
    readonly (Conv2d Conv, BatchNorm2d Norm) stem, last;
    readonly (EfficientNetBlock Layer, Block Block)[][] stages;
    readonly PictureHead head;

    /// <exception cref="DataException">The config asks for something this implementation does not compute.</exception>
    public EfficientNet(Params p, ModelConfig source) : base(p, source)
    {
        config = EfficientNetConfig.Of(source);
        stem = (new(p / "conv_stem", config.Channels, config.Stem, 3, 2, same: config.Same), new(p / "bn1", config.Stem, config.Eps));
        var (shapes, number, inputs) = (config.Stages, 0, config.Stem);
        var all = shapes.Sum(shape => shape.Blocks);
        stages = new (EfficientNetBlock, Block)[shapes.Length][];
        for (var s = 0; s < shapes.Length; s++)
        {
            var shape = shapes[s];
            stages[s] = new (EfficientNetBlock, Block)[shape.Blocks];
            for (var b = 0; b < shape.Blocks; b++)
            {
                var place = p / "blocks" / s / b;
                stages[s][b] = (new(place, config, inputs, shape.Channels, shape.Size, b == 0 ? shape.Stride : 1, shape.Widening, config.DropPath * number++ / all), new(place));
                inputs = shape.Channels;
            }
        }
        last = (new(p / "conv_head", inputs, config.Features, 1), new(p / "bn2", config.Features, config.Eps));
        head = new(p / "classifier", config.Features, source.LabelCount, config.Dropout, 1 / Math.Sqrt(config.Features));
    }

    public override int Channels => config.Channels;
    public override (int Height, int Width) PictureSize => config.PictureSize;
    public override int FeatureCount => config.Features;

    internal static LayerGroups GroupsOf(ModelConfig source) => LayerGroups.Stages(EfficientNetConfig.Of(source).Stages.Length,
        name => Stage().Match(name) is { Success: true } match ? 1 + PictureConfig.Number(match) : Behind().IsMatch(name) ? -1 : 0);

    internal static bool IsProjection(string name) => name.StartsWith("classifier.", StringComparison.Ordinal);

    protected override Tensor Last(Tensor pixels, Ragged rows, Action<Tensor>? observe)
    {
        var x = Scope.Run(() => stem.Norm.Forward(stem.Conv.Forward(pixels.ChannelsLast()), After.Silu));
        observe?.Invoke(x);
        foreach (var stage in stages)
        {
            x = Block.Run(stage, x, (layer, input, _) => layer.Forward(input, rows), null);
            observe?.Invoke(x);
        }
        return Scope.Run(() => last.Norm.Forward(last.Conv.Forward(x), After.Silu));
    }

    protected override Tensor Pool(Tensor features) => features.Mean([2, 3]);                                 // (n,C)
    protected override Tensor Judge(Tensor pooled, Ragged rows) => head.Forward(pooled, rows);

    [GeneratedRegex(@"\Ablocks\.(?<n>[0-9]+)\.")]
    private static partial Regex Stage();

    [GeneratedRegex(@"\A(conv_head\.|bn2\.|classifier\.)")]
    private static partial Regex Behind();
}
