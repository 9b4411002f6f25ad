using System.Text.RegularExpressions;
using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Models.Vision;

// ResNet (He et al. 2016) with the stride on the 3x3 convolution, and its D variants (He et al. 2019); names and arithmetic of timm's and torchvision's resnet.py and transformers' modeling_resnet.py.
// n pictures, C channels, H rows, W columns; maps (n,C,H,W) with channels last in memory.

/// <summary>The sizes and choices of a ResNet.</summary>
sealed record ResNetConfig
{
    /// <summary>Where weights are called as in timm and torchvision.</summary>
    public required bool Timm { get; init; }
    public required int Channels { get; init; }
    public required (int Height, int Width) PictureSize { get; init; }

    /// <summary>Blocks of each stage.</summary>
    public required int[] Depths { get; init; }

    /// <summary>What comes out of each stage.</summary>
    public required int[] Widths { get; init; }

    /// <summary>Three convolutions in a block, the middle one on fewer channels; else two.</summary>
    public required bool Bottleneck { get; init; }

    /// <summary>Channels inside a bottleneck are so many times fewer.</summary>
    public const int Expansion = 4;

    /// <summary>What comes out of the stem.</summary>
    public required int Stem { get; init; }

    /// <summary>Above 0 the stem is three 3x3 convolutions, so wide inside (the C variant); else one of 7x7.</summary>
    public int DeepStem { get; init; }

    /// <summary>Shortcuts average before a 1x1 convolution, so that no pixel is passed over (the D variant).</summary>
    public bool AverageDown { get; init; }

    /// <summary>The first stage halves too.</summary>
    public bool DownInFirst { get; init; }

    /// <summary>The first convolution of a bottleneck has its stride, as in the first paper.</summary>
    public bool StrideFirst { get; init; }
    public double DropPath { get; init; }
    public double Dropout { get; init; }

    public int Features => Widths[^1];

    public static ResNetConfig Of(ModelConfig config)
    {
        if (config.IsTimm()) return OfTimm(config.Arguments());
        if (config.Text("hidden_act", "relu") is var act && act != "relu") throw new DataException(config.Where, $"hidden_act is '{act}'; a ResNet is supported with relu");
        if (config.Text("layer_type", "bottleneck") is not ("basic" or "bottleneck")) throw new DataException(config.Where, $"layer_type is '{config.Text("layer_type", "")}'; expected basic or bottleneck");
        return new ResNetConfig
        {
            Timm = false,
            Channels = config.Size("num_channels", 3),
            PictureSize = config.Area("image_size", 224),
            Depths = config.Sizes("depths", [3, 4, 6, 3]),
            Widths = config.Sizes("hidden_sizes", [256, 512, 1024, 2048]),
            Bottleneck = config.Text("layer_type", "bottleneck") == "bottleneck",
            Stem = config.Size("embedding_size", 64),
            DownInFirst = config.Flag("downsample_in_first_stage", false),
            StrideFirst = config.Flag("downsample_in_bottleneck", false),
        }.Checked(config.Where);
    }

    static ResNetConfig OfTimm(ModelConfig config)
    {
        var bottleneck = config.Text("block", "Bottleneck") switch
        {
            "Bottleneck" => true,
            "BasicBlock" => false,
            var other => throw new DataException(config.Where, $"block is '{other}'; expected Bottleneck or BasicBlock"),
        };
        var stem = config.Text("stem_type", "");
        if (stem is not ("" or "deep")) throw new DataException(config.Where, $"stem_type is '{stem}'; expected nothing or deep");
        return new ResNetConfig
        {
            Timm = true,
            Channels = config.Size("in_chans", 3),
            PictureSize = config.Area("img_size", 224),
            Depths = config.Sizes("layers", [3, 4, 6, 3]),
            Widths = [.. config.Sizes("channels", [64, 128, 256, 512]).Select(width => width * (bottleneck ? Expansion : 1))],
            Bottleneck = bottleneck,
            Stem = 64,
            DeepStem = stem == "deep" ? config.Size("stem_width", 64) : 0,
            AverageDown = config.Flag("avg_down", false),
            DropPath = config.Share("drop_path_rate", 0),
            Dropout = config.Share("drop_rate", 0),
        }.Checked(config.Where);
    }

    ResNetConfig Checked(string where) => Depths.Length == Widths.Length ? this : throw new DataException(where, $"there are depths of {Depths.Length} stages and widths of {Widths.Length}");
}

/// <summary>One residual block: two or three convolutions beside a shortcut.</summary>
sealed class ResNetBlock
{
    readonly (Conv2d Conv, BatchNorm2d Norm)[] layers;
    readonly (Conv2d Conv, BatchNorm2d Norm)? shortcut;
    readonly bool average;
    readonly StochasticDepth depth;

    public ResNetBlock(Params p, ResNetConfig config, int inputs, int outputs, int stride, double dropPath)
    {
        var inside = config.Bottleneck ? outputs / ResNetConfig.Expansion : outputs;
        (int In, int Out, int Size, int Stride)[] shapes = config.Bottleneck
            ? [(inputs, inside, 1, config.StrideFirst ? stride : 1), (inside, inside, 3, config.StrideFirst ? 1 : stride), (inside, outputs, 1, 1)]
            : [(inputs, outputs, 3, stride), (outputs, outputs, 3, 1)];
        layers = [.. shapes.Select((shape, i) => Layer(config.Timm ? p / $"conv{i + 1}" : p / "layer" / i / "convolution", config.Timm ? p / $"bn{i + 1}" : p / "layer" / i / "normalization", shape.In, shape.Out, shape.Size, shape.Stride))];
        if (stride != 1 || inputs != outputs)
        {
            average = config.AverageDown && stride != 1;
            var (conv, norm) = !config.Timm ? (p / "shortcut" / "convolution", p / "shortcut" / "normalization") : config.AverageDown ? (p / "downsample" / 1, p / "downsample" / 2) : (p / "downsample" / 0, p / "downsample" / 1);
            shortcut = Layer(conv, norm, inputs, outputs, 1, average ? 1 : stride);
        }
        depth = new(p, dropPath);
    }

    internal static (Conv2d Conv, BatchNorm2d Norm) Layer(Params conv, Params norm, int inputs, int outputs, int size, int stride) => (new(conv, inputs, outputs, size, stride), new(norm, outputs));

    public Tensor Forward(Tensor x, Ragged rows)                                  // (n,C,H,W)
    {
        var residual = x;
        if (average) residual = residual.AvgPool2d(2, 2);
        if (shortcut is var (conv, norm)) residual = norm.Forward(conv.Forward(residual));
        foreach (var (inner, innerNorm) in layers[..^1]) x = innerNorm.Forward(inner.Forward(x), After.Relu);
        x = layers[^1].Conv.Forward(x);
        if (depth.Always) return layers[^1].Norm.Forward(x, After.Relu, residual);
        return (depth.Forward(layers[^1].Norm.Forward(x), rows) + residual).Relu();
    }
}

/// <summary>ResNet-18 to 152, with a linear classifier on the mean of the last map.</summary>
public sealed partial class ResNet : VisionModel
{
    readonly ResNetConfig config;
    readonly (Conv2d Conv, BatchNorm2d Norm)[] stem;
    readonly (ResNetBlock Layer, Block Block)[][] stages;
    readonly PictureHead head;

    /// <exception cref="DataException">The config asks for something this implementation does not compute.</exception>
    public ResNet(Params p, ModelConfig source) : base(p, source)
    {
        config = ResNetConfig.Of(source);
        stem = Stem(p);
        var rates = StochasticDepth.Rising(config.DropPath, config.Depths.Sum());
        var (number, inputs) = (0, config.Stem);
        stages = new (ResNetBlock, Block)[config.Depths.Length][];
        for (var s = 0; s < stages.Length; s++)
        {
            var place = config.Timm ? p / $"layer{s + 1}" : p / "resnet" / "encoder" / "stages" / s / "layers";
            stages[s] = new (ResNetBlock, Block)[config.Depths[s]];
            for (var b = 0; b < stages[s].Length; b++)
            {
                var stride = b == 0 && (s > 0 || config.DownInFirst) ? 2 : 1;
                stages[s][b] = (new(place / b, config, inputs, config.Widths[s], stride, rates[number++]), new(place / b));
                inputs = config.Widths[s];
            }
        }
        head = new(config.Timm ? p / "fc" : p / "classifier" / 1, config.Features, source.LabelCount, config.Dropout, 1 / Math.Sqrt(config.Features));
    }

    (Conv2d, BatchNorm2d)[] Stem(Params p)
    {
        if (!config.Timm) return [ResNetBlock.Layer(p / "resnet" / "embedder" / "embedder" / "convolution", p / "resnet" / "embedder" / "embedder" / "normalization", config.Channels, config.Stem, 7, 2)];
        if (config.DeepStem == 0) return [ResNetBlock.Layer(p / "conv1", p / "bn1", config.Channels, config.Stem, 7, 2)];
        return [ResNetBlock.Layer(p / "conv1" / 0, p / "conv1" / 1, config.Channels, config.DeepStem, 3, 2), ResNetBlock.Layer(p / "conv1" / 3, p / "conv1" / 4, config.DeepStem, config.DeepStem, 3, 1),
            ResNetBlock.Layer(p / "conv1" / 6, p / "bn1", config.DeepStem, config.Stem, 3, 1)];
    }

    public override int Channels => config.Channels;
    public override (int Height, int Width) PictureSize => config.PictureSize;
    public override int FeatureCount => config.Features;

    /// <summary>Stem, stages and head by depth.</summary>
    internal static LayerGroups GroupsOf(ModelConfig source) => LayerGroups.Stages(ResNetConfig.Of(source).Depths.Length,
        name => Stage().Match(name) is { Success: true } match ? PictureConfig.Number(match) + (name.StartsWith("layer", StringComparison.Ordinal) ? 0 : 1) : IsProjection(name) ? -1 : 0);

    internal static bool IsProjection(string name) => name.StartsWith("fc.", StringComparison.Ordinal) || name.StartsWith("classifier.", StringComparison.Ordinal);

    protected override Tensor Last(Tensor pixels, Ragged rows, Action<Tensor>? observe)
    {
        var x = Scope.Run(() =>
        {
            var map = pixels.ChannelsLast();
            foreach (var (conv, norm) in stem) map = norm.Forward(conv.Forward(map), After.Relu);
            return map.MaxPool2d(3, 2, 1);
        });
        observe?.Invoke(x);
        foreach (var stage in stages)
        {
            x = Block.Run(stage, x, (layer, input, _) => layer.Forward(input, rows), null);
            observe?.Invoke(x);
        }
        return x;
    }

    protected override Tensor Pool(Tensor features) => features.Mean([2, 3]);                                 // (n,C)
    protected override Tensor Judge(Tensor pooled, Ragged rows) => head.Forward(pooled, rows);

    [GeneratedRegex(@"(\A|\.)(layer|stages\.)(?<n>[0-9]+)\.")]
    private static partial Regex Stage();
}
