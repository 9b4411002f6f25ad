using Tutti.Models;
using Tutti.Nn;
using Tutti.Tests.Torch;
using Tutti.Torch;
using Tutti.Training;
using Tutti.Training.Optimizers;

namespace Tutti.Tests.Training;

/// <summary>The same fit under any memory: what is predicted, what is chosen, what is refused.</summary>
public sealed class MemoryPlannerTests() : EngineTest(threads: 1)
{
    static double[] Limited(long? limit, out long peak, out MemoryReport report, TrainConfig? config = null, IProgress<ReplayResult>? replays = null)
    {
        var plans = new SomeExamples.Kept<MemoryReport>();
        try
        {
            Memory.Limit(limit);
            var losses = SmallEncoder.Fit(config ?? SmallEncoder.Config, out peak, out _, replays, plans: plans);
            report = Assert.Single(plans);
            return losses;
        }
        finally
        {
            Memory.Limit(null);
        }
    }

    [Theory, InlineData(Precision.Fp32), InlineData(Precision.Bf16)]
    public void The_peak_is_predicted_and_a_smaller_limit_changes_time_only(Precision precision)
    {
        var config = SmallEncoder.Config with { Precision = precision };
        var natural = Limited(null, out var naturalPeak, out var report, config);
        Assert.Equal(new MemoryPlan(config.MicroTokens, PredictedPeak: report.Plan.PredictedPeak), report.Plan);
        Assert.InRange(report.Plan.PredictedPeak, naturalPeak * 0.9, naturalPeak * 1.1);
        foreach (var share in (double[])[0.75, 0.5, 0.35])
        {
            var (limit, replays) = ((long)(share * naturalPeak), new SomeExamples.Kept<ReplayResult>());
            var losses = Limited(limit, out var peak, out var smaller, config, replays);
            TestContext.Current.TestOutputHelper?.WriteLine($"{share:P0}: limit {limit}, predicted {smaller.Plan.PredictedPeak}, measured {peak}; {smaller.Plan}; {replays.Count} replays");
            Assert.InRange(peak, 1, limit);
            Assert.InRange(smaller.Plan.PredictedPeak, peak * 0.9, peak * 1.1);
            Assert.True(smaller.Plan.MicroTokens < config.MicroTokens || smaller.Plan.Checkpointing);
            // In bf16 another cut rounds otherwise in the third digit.
            Assert.All(natural.Zip(losses), pair => Assert.Equal(pair.First, pair.Second, (precision == Precision.Fp32 ? 1e-4 : 2e-3) * pair.First));
        }
    }

    [Fact]
    public void Ways_are_tried_in_the_order_of_their_price_and_each_gives_the_same_losses()
    {
        var natural = Limited(null, out var peak, out _);
        var kinds = new List<(bool, bool)>();
        for (var limit = peak; ; limit -= limit / 16)
            try
            {
                var losses = Limited(limit, out var used, out var report);
                Assert.InRange(used, 1, limit);
                Assert.All(natural.Zip(losses), pair => Assert.Equal(pair.First, pair.Second, 1e-4 * pair.First));
                if (kinds.Count == 0 || kinds[^1] != (report.Plan.Checkpointing, report.Plan.PagedOptimizer)) kinds.Add((report.Plan.Checkpointing, report.Plan.PagedOptimizer));
            }
            catch (ConfigException e)
            {
                Assert.StartsWith("memory: got ", e.Message, StringComparison.Ordinal);
                break;
            }
        Assert.Equal([(false, false), (true, false), (true, true)], kinds);
    }

    [Fact]
    public void Where_nothing_fits_the_smallest_budget_is_named_and_is_enough()
    {
        var error = Assert.Throws<ConfigException>(() => Limited(Memory.Stats(Device.Cpu).InUse + (500 << 10), out _, out _));
        var needed = (long)(1_000_000 * double.Parse(error.Message.Split("at least about ")[1].Split(" MB")[0], System.Globalization.CultureInfo.InvariantCulture));
        Assert.InRange(error.Message.Split('\n').Length, 1, 3);
        var losses = Limited(Memory.Stats(Device.Cpu).InUse + needed, out _, out var report);
        Assert.NotEmpty(losses);
        TestContext.Current.TestOutputHelper?.WriteLine($"{needed}: {report.Plan}");
        // It says about: four fifths of it are not enough.
        Assert.Throws<ConfigException>(() => Limited(Memory.Stats(Device.Cpu).InUse + (needed * 4 / 5), out _, out _));
    }

    [Fact]
    public void A_model_that_shows_no_layers_is_planned_by_its_peak()
    {
        using var model = new Opaque(SmallEncoder.Model());
        var config = SmallEncoder.Config;
        using var sum = new GradientSum(model, config, 1);
        var free = new MemoryPlanner(model, config, 1, sum, Path.GetTempPath()).Choose(SmallEncoder.Examples(64));
        Assert.Equal(config.MicroTokens, free.Plan.MicroTokens);
        Assert.Equal(["head and loss"], free.Timeline.Select(moment => moment.Module));
        try
        {
            Memory.Limit(free.Plan.PredictedPeak / 2);
            var tight = new MemoryPlanner(model, config, 1, sum, Path.GetTempPath()).Choose(SmallEncoder.Examples(64));
            Assert.InRange(tight.Plan.MicroTokens, 80, config.MicroTokens - 1);
            Assert.InRange(tight.Plan.PredictedPeak, 1, Memory.Stats(Device.Cpu).Limit);
        }
        finally
        {
            Memory.Limit(null);
        }
    }

    /// <summary>Passes on everything but what its layers compute.</summary>
    sealed class Opaque(TextModel inner) : TextModel(inner.Params, inner.Config)
    {
        public override int VocabularySize => inner.VocabularySize;
        public override int MaxLength => inner.MaxLength;
        protected internal override bool ReadsFirst => inner.ReadsFirst;
        protected override Tensor Encode(TokenBatch batch, Ragged ragged, Action<Tensor>? observe) => inner.Hidden(batch, null, out _, ragged.FirstOnly);
        protected internal override Tensor Head(Tensor hidden, Ragged ragged) => inner.Head(hidden, ragged);
    }

    [Fact]
    public void Neither_an_update_nor_its_prediction_holds_a_gradient_as_large_as_a_large_vocabulary()
    {
        using var model = SmallEncoder.Model(vocabulary: 100_000);
        var table = 4L * 100_000 * 48;
        var (examples, config) = (SmallEncoder.Examples(32), SmallEncoder.Config with { MicroTokens = 300 });
        long before, peak;
        using (var optimizer = new AdamW(model.Params.Items))
        {
            before = Memory.Stats(Device.Cpu, resetPeak: true).InUse;
            _ = new Learner(model, config, 1).Gradients(Batches.Micro(examples, 300), 0);
            optimizer.Step(1e-3, 1);
            peak = Memory.Stats(Device.Cpu).Peak;
            optimizer.ZeroGradients();
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{peak - before} bytes for an update, {table} for the table");
        Assert.InRange(peak - before, 1, table / 2);

        using var sum = new GradientSum(model, config, 1);
        var report = new MemoryPlanner(model, config, 1, sum, Path.GetTempPath()).Choose(examples);
        Assert.InRange(report.Plan.PredictedPeak, peak * 0.98, peak * 1.02);
        Assert.InRange(report.Gradients, 1, table / 2);
        var said = MemoryNeed.TooSmall(model, 80, 32, 1 << 20).Message.Split("their gradients ")[1].Split(" MB")[0];
        Assert.InRange(1e6 * double.Parse(said, System.Globalization.CultureInfo.InvariantCulture), 2560 * 48 * 4, table / 8);
        Assert.InRange(MemoryNeed.Smallest(model, 80, 32), table, table * 3 / 2);
    }

    [Fact]
    public void The_report_counts_weights_and_gradients_and_shows_every_module()
    {
        _ = Limited(null, out _, out var report);
        using var model = SmallEncoder.Model();
        var bytes = model.Params.Items.Sum(item => 4 * item.Value.Count);
        Assert.Equal((bytes, bytes, 2 * bytes), (report.Weights, report.Gradients, report.Optimizer));
        Assert.Equal(["embeddings", "layer 1", "layer 2", "layer 3", "head and loss", "layer 3", "layer 2", "layer 1", "embeddings"], report.Timeline.Select(moment => moment.Module));
        Assert.Equal(report.Plan.PredictedPeak - report.Weights, report.Timeline.Max(moment => moment.Peak), (double)report.Weights / 10);   // the best weights' copy is reserved
        Assert.True(report.ActivationsPerThousand > 0);
    }
}
