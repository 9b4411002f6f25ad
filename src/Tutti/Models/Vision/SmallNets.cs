using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Models.Vision;

// Two networks small enough to be read in one sitting, explained layer by layer in docs/first-networks.md.
// n pictures, C channels, H rows, W columns.

/// <summary>
/// A small network of convolutions: so often a 3x3 convolution, batch norm, ReLU and a maximum over 2x2 pixels; then the mean of the last map, and one number per class from it. config.json: model_type small-cnn,
/// widths (channels after each step, [16, 32, 64] by default), num_channels, image_size.
/// </summary>
public sealed class SmallCnn : VisionModel
{
    readonly int[] widths;
    readonly (Conv2d Conv, BatchNorm2d Norm, Block Block)[] steps;
    readonly PictureHead head;

    /// <exception cref="DataException">The config has no widths that can be.</exception>
    public SmallCnn(Params p, ModelConfig source) : base(p, source)
    {
        widths = Widths(source);
        Channels = source.Size("num_channels", 3);
        PictureSize = source.Area("image_size", 32);
        steps = new (Conv2d, BatchNorm2d, Block)[widths.Length];
        for (var s = 0; s < widths.Length; s++)
        {
            var place = p / "steps" / s;
            steps[s] = (new(place / "conv", s == 0 ? Channels : widths[s - 1], widths[s], 3), new(place / "norm", widths[s]), new(place));
        }
        head = new(p / "classifier", widths[^1], source.LabelCount, 0, 1 / Math.Sqrt(widths[^1]));
    }

    static int[] Widths(ModelConfig source) => source.Sizes("widths", [16, 32, 64]);

    public override int Channels { get; }
    public override (int Height, int Width) PictureSize { get; }
    public override int FeatureCount => widths[^1];

    internal static LayerGroups GroupsOf(ModelConfig source) => LayerGroups.Stages(Widths(source).Length - 1, name => name.StartsWith("steps.", StringComparison.Ordinal) ? int.Parse(name.Split('.')[1], System.Globalization.CultureInfo.InvariantCulture) : -1);

    protected override Tensor Last(Tensor pixels, Ragged rows, Action<Tensor>? observe)
    {
        var x = pixels.ChannelsLast();                                            // (n,C,H,W)
        foreach (var (conv, norm, block) in steps)
        {
            x = block.Run(x, map => norm.Forward(conv.Forward(map), After.Relu).MaxPool2d(2, 2, 0));          // (n,C',H/2,W/2)
            observe?.Invoke(x);
        }
        return x;
    }

    protected override Tensor Pool(Tensor features) => features.Mean([2, 3]);                                 // (n,C)
    protected override Tensor Judge(Tensor pooled, Ragged rows) => head.Forward(pooled, rows);
}

/// <summary>
/// A small network without convolutions: every hidden number is a weighted sum of all numbers before it, cut off at 0. config.json: model_type small-mlp, widths (of the hidden layers, [128, 64] by default),
/// num_channels, image_size.
/// </summary>
public sealed class SmallMlp : VisionModel
{
    readonly int[] widths;
    readonly (Linear Linear, Block Block)[] hidden;
    readonly PictureHead head;

    /// <exception cref="DataException">The config has no widths that can be.</exception>
    public SmallMlp(Params p, ModelConfig source) : base(p, source)
    {
        widths = Widths(source);
        Channels = source.Size("num_channels", 3);
        PictureSize = source.Area("image_size", 32);
        hidden = new (Linear, Block)[widths.Length];
        var inputs = Channels * PictureSize.Height * PictureSize.Width;
        for (var s = 0; s < widths.Length; s++)
        {
            hidden[s] = (new(p / "hidden" / s, inputs, widths[s], Math.Sqrt(2.0 / inputs)), new(p / "hidden" / s));
            inputs = widths[s];
        }
        head = new(p / "classifier", inputs, source.LabelCount, 0, 1 / Math.Sqrt(inputs));
    }

    static int[] Widths(ModelConfig source) => source.Sizes("widths", [128, 64]);

    public override int Channels { get; }
    public override (int Height, int Width) PictureSize { get; }
    public override bool OneSize => true;
    public override int FeatureCount => widths[^1];
    internal override FeatureLayout Layout => FeatureLayout.Flat;

    internal static LayerGroups GroupsOf(ModelConfig source) => LayerGroups.Stages(Widths(source).Length - 1, name => name.StartsWith("hidden.", StringComparison.Ordinal) ? int.Parse(name.Split('.')[1], System.Globalization.CultureInfo.InvariantCulture) : -1);

    protected override Tensor Last(Tensor pixels, Ragged rows, Action<Tensor>? observe)
    {
        var x = pixels.Reshape(rows.Count, -1);                                   // (n,C H W)
        foreach (var (linear, block) in hidden)
        {
            x = block.Run(x, row => linear.Forward(row).Relu());
            observe?.Invoke(x);
        }
        return x;
    }

    protected override Tensor Pool(Tensor features) => features;                                              // (n,C)
    protected override Tensor Judge(Tensor pooled, Ragged rows) => head.Forward(pooled, rows);
}
