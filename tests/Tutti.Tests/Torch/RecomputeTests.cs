using Tutti.Torch;

namespace Tutti.Tests.Torch;

/// <summary>A computation that keeps only its input has the gradients of one that keeps everything.</summary>
public sealed class RecomputeTests : EngineTest
{
    static Tensor Ramp(params long[] shape) => Tensor.From<double>([.. Enumerable.Range(0, (int)shape.Aggregate(1L, (a, b) => a * b)).Select(i => Math.Sin(i + 1))], shape);

    static Tensor Body(Tensor x, Tensor w, Tensor v) => (x.Linear(w, null).Tanh() * v).Exp();

    [Fact]
    public void Gradients_of_input_and_weights_are_the_same_bits()
    {
        double[][] Gradients(bool recompute)
        {
            using var scope = new Scope();
            var (x, w, v) = (Ramp(5, 3).RequireGrad(), Ramp(4, 3).RequireGrad(), Ramp(4).RequireGrad());
            var input = x * 2;
            // The weight w is used outside of the block too: its two gradients are added up.
            var y = recompute ? Recompute.Run(input, [w, v], seen => Body(seen, w, v)) : Body(input, w, v);
            (y.Square().Sum() + w.Sum()).Backward();
            var grads = new[] { x, w, v }.Select(tensor => tensor.Grad!.ToArray<double>()).ToArray();
            foreach (var tensor in new[] { x, w, v }) tensor.SetGrad(null);
            return grads;
        }
        Assert.Equal(Gradients(false), Gradients(true));
    }

    [Fact]
    public void Only_the_input_is_kept_between_forward_and_backward()
    {
        var x = Tensor.Zeros([1 << 18]).RequireGrad();                             // 1 MiB
        var before = Memory.Stats(Device.Cpu).InUse;
        var y = Recompute.Run(x, [], seen => seen.Exp().Exp().Exp().Exp());
        Assert.Equal(1 << 20, Memory.Stats(Device.Cpu).InUse - before);            // y itself
        using var kept = x.Exp().Exp().Exp().Exp();
        Assert.True(Memory.Stats(Device.Cpu).InUse - before > 4 << 20);
        y.Sum().Backward();
        x.SetGrad(null);
    }

    [Fact]
    public void The_second_run_has_the_modes_of_the_first()
    {
        var (x, w) = (Tensor.Zeros([4, 4]).RequireGrad(), Tensor.Zeros([4, 4]).RequireGrad());
        var types = new List<DType>();
        Tensor y;
        using (Modes.Autocast(Device.Cpu, DType.BFloat16))
            y = Recompute.Run(x, [w], seen =>
            {
                var product = seen.Linear(w, null);
                types.Add(product.DType);
                return product;
            });
        y.To(DType.Float32).Sum().Backward();
        Assert.Equal([DType.BFloat16, DType.BFloat16], types);
        Assert.NotNull(w.Grad);
        x.SetGrad(null);
        w.SetGrad(null);
    }

    [Fact]
    public void A_weight_that_needs_no_gradient_gets_none_and_the_rest_theirs()
    {
        var (x, w, v) = (Ramp(5, 3), Ramp(4, 3), Ramp(4).RequireGrad());
        Recompute.Run(x, [w, v], seen => Body(seen, w, v)).Sum().Backward();
        Assert.Null(w.Grad);
        Assert.Null(x.Grad);
        Assert.NotNull(v.Grad);
        v.SetGrad(null);
    }

    [Fact]
    public void A_failure_in_either_run_is_an_error_that_says_what_failed()
    {
        var x = Ramp(4).RequireGrad();
        var first = Assert.Throws<TorchException>(() => Recompute.Run(x, [], _ => throw new InvalidOperationException("no such thing")));
        Assert.Contains("no such thing", first.Message, StringComparison.Ordinal);
        var runs = 0;
        var y = Recompute.Run(x, [], seen => ++runs == 1 ? seen.Exp() : throw new InvalidOperationException("not again")).Sum();
        Assert.Contains("not again", Assert.Throws<TorchException>(y.Backward).Message, StringComparison.Ordinal);
        x.SetGrad(null);
    }

    [Fact]
    public void Memory_that_ends_in_either_run_is_that_error()
    {
        var x = Tensor.Zeros([1 << 18]).RequireGrad();
        try
        {
            var y = Recompute.Run(x, [], seen => seen.Exp().Exp()).Sum();
            Memory.Limit(Memory.Stats(Device.Cpu).InUse + (1 << 19));
            Assert.Throws<TorchMemoryException>(() => Recompute.Run(x, [], seen => seen.Exp()));
            Assert.Throws<TorchMemoryException>(y.Backward);
        }
        finally
        {
            Memory.Limit(null);
            x.SetGrad(null);
        }
    }
}
