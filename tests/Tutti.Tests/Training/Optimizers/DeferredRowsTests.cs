using Tutti.Nn;
using Tutti.Tests.Nn;
using Tutti.Tests.Torch;
using Tutti.Torch;
using Tutti.Training.Optimizers;

namespace Tutti.Tests.Training.Optimizers;

/// <summary>Rows that wait against a sweep of the whole table in every step: the same bits.</summary>
public sealed class DeferredRowsTests : EngineTest
{
    const int Rows = 300, Width = 40;                                              // not a multiple of any vector's width

    /// <summary>A table, a matrix beside it, and their optimizer.</summary>
    sealed class Net : IDisposable
    {
        readonly Embedding embedding;

        public Net(DType dtype, double decay, string? pages = null)
        {
            Weights = new(1, dtype: dtype);
            embedding = new(Weights, Rows, Width, padding: 0, deviation: 0.1);
            var head = Weights.Get("head", Init.Normal(0.1), true, 5, Width);
            Head = () => head;
            Optimizer = new(Weights.Items, decay: decay, pagesFolder: pages);
        }

        public Params Weights { get; }
        public AdamW Optimizer { get; }
        public Parameter Table => Weights.Items[0];
        Func<Tensor> Head { get; }

        public double[] Look(long[] ids) => Scope.Run(() => embedding.Forward(Tensor.From(ids)).To(DType.Float64)).ToArray<double>();

        public void Backward(int step, int parts = 2)
        {
            for (var part = 0; part < parts; part++)
            {
                using var scope = new Scope();
                var y = embedding.Forward(Tensor.From(Ids(step, part))).Linear(Head(), null);
                (y * Check.Normal($"target {step % 7} {part}", y.Shape).To(y.DType)).Sum().Backward();
                Weights.SettleRows();
            }
        }

        /// <summary>One update; whole: the table's gradient is made as large as the table first.</summary>
        public double Step(int step, bool whole)
        {
            Backward(step);
            if (whole) Scope.Run(() => Make());
            Optimizer.Beta1 = step % 50 < 25 ? 0.9 : 0.85;
            var norm = Optimizer.Step(0.01 * (1 + Math.Sin(step)), maxNorm: step % 3 == 0 ? 0 : 1);
            Optimizer.ZeroGradients();
            return norm;

            Tensor Make()
            {
                Table.Stored.SetGrad(Table.Stored.Grad);
                return Tensor.Empty([1]);
            }
        }

        public double[] All() => [.. Weights.Items.SelectMany(item => Scope.Run(() => item.Value.To(DType.Float64)).ToArray<double>()),
            .. Optimizer.State.SelectMany(pair => Scope.Run(() => pair.Value.To(DType.Float64)).ToArray<double>())];

        /// <summary>As a resume point would.</summary>
        public Net Again(DType dtype, double decay)
        {
            var again = new Net(dtype, decay);
            using var mode = Modes.NoGrad();
            again.Optimizer.Steps = Optimizer.Steps;
            foreach (var (to, from) in again.Weights.Items.Zip(Weights.Items)) to.Value.CopyFrom(from.Value);
            foreach (var (to, from) in again.Optimizer.State.Zip(Optimizer.State)) to.Value.CopyFrom(from.Value);
            Dispose();
            return again;
        }

        public void Dispose()
        {
            Optimizer.Dispose();
            Weights.Dispose();
        }
    }

    /// <summary>Few rows often, many seldom, some only in the first steps, some never.</summary>
    static long[] Ids(int step, int part)
    {
        var random = RandomStream.Of(3, "ids", step, part);
        return [.. Enumerable.Range(0, 12).Select(i => step < 5 ? 200 + random.Below(i, 50) : i < 8 ? random.Below(i, 10) : (long)random.Below(i, 200))];
    }

    [Theory, InlineData(DType.Float32, 0.0), InlineData(DType.Float32, 0.1), InlineData(DType.Float64, 0.1)]
    public void Hundreds_of_steps_with_decay_clipping_and_moving_rates_looked_at_and_resumed_in_between_have_the_bits_of_whole_sweeps(DType dtype, double decay)
    {
        Net byRows = new(dtype, decay), whole = new(dtype, decay);
        try
        {
            for (var step = 0; step < 1200; step++)
            {
                Assert.Equal(whole.Step(step, whole: true), byRows.Step(step, whole: false));
                if (step % 97 == 0) Assert.Equal(whole.Look(Ids(step + 1, 9)), byRows.Look(Ids(step + 1, 9)));
                if (step is 150 or 300) byRows = byRows.Again(dtype, decay);
                if (step is 20 or 149 or 299 or 460 or 1199) Assert.Equal(whole.All(), byRows.All());
            }
        }
        finally
        {
            byRows.Dispose();
            whole.Dispose();
        }
    }

    [Fact]
    public void Moments_in_a_file_wait_likewise()
    {
        using var temp = Shared.Temp();
        Directory.CreateDirectory(temp.File("pages"));
        using Net byRows = new(DType.Float32, 0.1, temp.File("pages")), whole = new(DType.Float32, 0.1);
        for (var step = 0; step < 60; step++) Assert.Equal(whole.Step(step, whole: true), byRows.Step(step, whole: false));
        Assert.Equal(whole.All(), byRows.All());
    }

    [Fact]
    public void A_row_without_a_gradient_is_not_touched_before_it_is_read()
    {
        using var net = new Net(DType.Float32, 0.1);
        var before = net.Look([299]);
        for (var step = 0; step < 10; step++) net.Step(step, whole: false);
        double[] Stored() => Scope.Run(() => net.Table.Stored.Detach().Select(0, 299).To(DType.Float64)).ToArray<double>();
        Assert.Equal(before, Stored());
        Assert.NotEqual(before, net.Look([299]));                                  // it decays
        Assert.Equal(Stored(), net.Look([299]));
        _ = net.Table.Value;
        Assert.Equal(Stored(), net.Look([299]));
    }

    [Fact]
    public void A_whole_gradient_and_steps_without_any_fall_in_between_without_a_difference()
    {
        using Net byRows = new(DType.Float32, 0.1), whole = new(DType.Float32, 0.1);
        for (var step = 0; step < 90; step++)
        {
            // A frozen table has no gradient: it does not decay in such a step either.
            foreach (var net in (Net[])[byRows, whole]) net.Table.Stored.RequireGrad(step is not (> 30 and < 40));
            Assert.Equal(whole.Step(step, whole: true), byRows.Step(step, whole: step is 50 or 51));
        }
        Assert.Equal(whole.All(), byRows.All());
    }

    [Fact]
    public void What_an_optimizer_has_put_off_is_done_when_it_ends_or_another_takes_over()
    {
        using Net byRows = new(DType.Float32, 0.1), whole = new(DType.Float32, 0.1);
        using AdamW second = new(byRows.Weights.Items, decay: 0.2), wholeSecond = new(whole.Weights.Items, decay: 0.2);
        for (var step = 0; step < 30; step++)
        {
            whole.Step(step, whole: true);
            byRows.Step(step, whole: false);
        }
        foreach (var (net, optimizer, dense) in ((Net, AdamW, bool)[])[(byRows, second, false), (whole, wholeSecond, true)])
        {
            net.Backward(30);
            if (dense) net.Table.Stored.SetGrad(net.Table.Stored.Grad);
            optimizer.Step(0.01, 1);
            optimizer.ZeroGradients();
        }
        Assert.NotNull(byRows.Table.CatchUp);
        Assert.Equal(whole.All(), byRows.All());
        for (var step = 31; step < 40; step++)
        {
            whole.Step(step, whole: true);
            byRows.Step(step, whole: false);
        }
        byRows.Optimizer.Dispose();
        Assert.Null(byRows.Table.CatchUp);
        Assert.Equal(whole.Table.Value.ToArray<float>(), byRows.Table.Stored.Detach().ToArray<float>());
    }

    [Fact]
    public void Moments_end_at_zero_and_never_among_the_numbers_that_are_slow()
    {
        using var net = new Net(DType.Float32, 0);
        for (var step = 0; step < 1000; step++) net.Step(step, whole: step % 2 == 0);
        var first = net.Optimizer.State.First(pair => pair.Key.StartsWith("m ", StringComparison.Ordinal)).Value.ToArray<float>();
        Assert.DoesNotContain(first, x => x != 0 && !float.IsNormal(x));
        Assert.All(Enumerable.Range(200 * Width, 50 * Width), i => Assert.Equal(0, first[i]));
    }
}
