using Tutti.Nn;
using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Nn;

/// <summary>The cross-entropy of a linear layer in one operator beside the two it stands for.</summary>
public sealed class LinearCrossEntropyTests : EngineTest
{
    static Tensor[] Inputs(int rows, int channels, int classes) => [Check.Normal("x", rows, channels), Check.Normal("w", classes, channels), Check.Normal("b", classes)];

    static Tensor Targets(int rows, int classes) => Tensor.From<long>([.. Enumerable.Range(0, rows).Select(row => (long)RandomStream.Of(2, "targets").Below(row, classes))], rows);

    /// <summary>The loss over 7, and the gradients of x, weight and bias.</summary>
    static double[][] Pass(Func<Tensor[], Tensor, Tensor> loss, Tensor[] inputs, Tensor targets, DType dtype, DType? autocast = null)
    {
        var leaves = Array.ConvertAll(inputs, x => x.To(dtype).Detach().Clone().RequireGrad());
        Tensor sum;
        using (Modes.Autocast(Device.Cpu, autocast)) sum = loss(leaves, targets) / 7;
        sum.Backward();
        Modes.ClearAutocast();
        return [[sum.Item()], .. leaves.Select(leaf => leaf.Grad!.To(DType.Float64).ToArray<double>())];
    }

    static Tensor Two(Tensor[] x, Tensor targets) => Losses.CrossEntropy(x[0].Linear(x[1], x[2]), targets);

    static Tensor One(Tensor[] x, Tensor targets) => Losses.LinearCrossEntropy(x[0], x[1], x[2], targets);

    static double Off(double[][] expected, double[][] actual) => expected.Zip(actual).Max(pair => Check.Worst(pair.First, pair.Second) / pair.First.Max(Math.Abs));

    [Theory, InlineData(1, 3, 2), InlineData(5, 8, 1), InlineData(70, 16, 1003), InlineData(33, 40, 64), InlineData(1300, 4, 20_000)]
    public void Loss_and_gradients_are_those_of_the_layer_and_the_loss(int rows, int channels, int classes)
    {
        var (inputs, targets) = (Inputs(rows, channels, classes), Targets(rows, classes));
        var expected = Pass(Two, inputs, targets, DType.Float64);
        if (classes == 1) Assert.All(Pass(One, inputs, targets, DType.Float32), values => Assert.All(values, value => Assert.Equal(0, value, 1e-6)));
        else Assert.InRange(Off(expected, Pass(One, inputs, targets, DType.Float32)), 0, 5e-6);
        if (classes > 1) Assert.InRange(Off(expected, Pass(One, inputs, targets, DType.Float32, DType.BFloat16)), 1e-6, 0.02);
        Assert.Equal(expected, Pass(One, inputs, targets, DType.Float64));         // the two operators themselves
    }

    [Fact]
    public void Parts_add_up_to_the_whole()
    {
        var (inputs, targets) = (Array.ConvertAll(Inputs(50, 8, 300), x => x.To(DType.Float32)), Targets(50, 300));
        var whole = One(inputs, targets).Item();
        var parts = One([inputs[0].Narrow(0, 0, 13), .. inputs[1..]], targets.Narrow(0, 0, 13)).Item() + One([inputs[0].Narrow(0, 13, 37), .. inputs[1..]], targets.Narrow(0, 13, 37)).Item();
        Assert.Equal(whole, parts, whole * 1e-6);
    }

    [Fact]
    public void The_logits_never_exist_as_a_whole()
    {
        const int Rows = 2500, Classes = 30_000;
        var x = Array.ConvertAll(Inputs(Rows, 2, Classes), tensor => tensor.To(DType.Float32).Clone().Detach().RequireGrad());
        var before = Memory.Stats(Device.Cpu, resetPeak: true).InUse;
        One(x, Targets(Rows, Classes)).Backward();
        var peak = Memory.Stats(Device.Cpu).Peak - before;
        Assert.InRange(peak, 1, (long)Rows * Classes * sizeof(float) / 3);         // libtorch's linear and cross_entropy_loss take three such matrices
        foreach (var leaf in x) leaf.SetGrad(null);
    }

    [Theory, InlineData(0), InlineData(1), InlineData(2)]
    public void Every_generation_of_processors_computes_the_same(int level)
    {
        var (inputs, targets) = (Inputs(20, 6, 77), Targets(20, 77));
        var expected = Pass(Two, inputs, targets, DType.Float64);
        var former = Native.tutti_simd_level(level);
        try
        {
            Assert.InRange(Off(expected, Pass(One, inputs, targets, DType.Float32)), 0, 5e-6);
            Assert.InRange(Off(expected, Pass(One, inputs, targets, DType.Float32, DType.BFloat16)), 1e-6, 0.02);
        }
        finally
        {
            _ = Native.tutti_simd_level(former);
        }
    }

    [Fact]
    public void Without_recording_and_with_frozen_weights_only_what_is_wanted_is_computed()
    {
        var (x, targets) = (Array.ConvertAll(Inputs(9, 5, 40), tensor => tensor.To(DType.Float32).Clone().Detach()), Targets(9, 40));
        var plain = One(x, targets);
        Assert.False(plain.RequiresGrad);
        Assert.Equal(plain.Item(), Two(x, targets).Item(), 1e-4);
        x[0].RequireGrad();
        One(x, targets).Backward();
        Assert.Equal(x[0].Shape, x[0].Grad!.Shape);
        Assert.Null(x[1].Grad);
        var gradient = x[0].Grad!.ToArray<float>();
        x[0].SetGrad(null);
        Losses.LinearCrossEntropy(x[0], x[1], null, targets).Backward();           // no bias: other probabilities
        Assert.NotEqual(gradient, x[0].Grad!.ToArray<float>());
        x[0].SetGrad(null);
    }

    [Fact]
    public void Large_logits_do_not_overflow_and_a_nan_stays_one()
    {
        Tensor x = Tensor.From([100f, float.NaN], 2, 1), weight = Tensor.From([100f, -100, 99], 3, 1), bias = Tensor.Zeros([3]), first = Tensor.From<long>([1], 1);
        Assert.Equal(20_000, Losses.LinearCrossEntropy(x.Narrow(0, 0, 1), weight, bias, first).Item(), 0.01);
        Assert.True(double.IsNaN(Losses.LinearCrossEntropy(x, weight, bias, Tensor.From<long>([1, 1], 2)).Item()));
    }

    [Fact]
    public void Wrong_targets_and_sizes_are_errors()
    {
        var x = Array.ConvertAll(Inputs(3, 5, 40), tensor => tensor.To(DType.Float32));
        Assert.Contains("target 1 is 40, expected 0 to 39", Assert.Throws<TorchException>(() => One(x, Tensor.From<long>([0, 40, 2], 3))).Message, StringComparison.Ordinal);
        Assert.Throws<TorchException>(() => One(x, Tensor.From<long>([0, -100, 2], 3)));
        Assert.Throws<TorchException>(() => One(x, Tensor.From<long>([0, 1], 2)));
        Assert.Throws<TorchException>(() => One([x[0], x[1].Narrow(1, 0, 4), x[2]], Targets(3, 40)));
        Assert.Throws<TorchException>(() => One([x[0], x[1], x[2].Narrow(0, 0, 4)], Targets(3, 40)));
    }
}
