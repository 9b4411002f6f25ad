using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Nn;
using Tutti.Tests.Models;
using Tutti.Tests.Torch;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Training;

/// <summary>Sweeps of the learning rate: what they leave behind, what they find where it is known, what they refuse.</summary>
public sealed class RateSweepTests() : EngineTest(threads: 1)
{
    static readonly TrainConfig config = new() { Batch = 8, LearningRate = 1e-3, MicroTokens = 60 };

    static SweepResult Sweep(TextModel model, IReadOnlyList<Example> train, TrainConfig settings, RateRange? range = null, bool head = false, Objective? objective = null) =>
        new RateSweep(model, settings, 1, objective ?? new SingleLabel()) { HeadOnly = head }.Run(train, range ?? new(), cancel: TestContext.Current.CancellationToken);

    [Theory, MemberData(nameof(Tiny.Kinds), MemberType = typeof(Tiny))]
    public void The_model_is_as_it_was_bit_for_bit(string kind)
    {
        using var model = Tiny.Model(kind, dropout: 0.1);
        var settings = config with { Freeze = [Tiny.HasAttention(kind) ? "embeddings.*" : "*encoder.weight"], LayerDecay = 0.5, Unfreeze = UnfreezeKind.Gradual, Epochs = 2 };
        LayerGroups.Freeze(model, settings.Freeze);
        var before = model.Params.Items.Select(item => (item.Value.ToArray<float>(), item.Stored.RequiresGrad)).ToArray();
        var (tensors, bytes) = (Live.Count, Memory.Stats(Device.Cpu).InUse);
        foreach (var head in new[] { false, true })
        {
            var found = Sweep(model, SomeExamples.Of(20), settings, new(1e-4, 10, 20), head);
            Assert.True(found.Rates.Count >= 10);
            Assert.All(model.Params.Items.Zip(before), pair =>
            {
                Assert.True(pair.First.Value.ToArray<float>().AsSpan().SequenceEqual(pair.Second.Item1), pair.First.Name);
                Assert.Equal(pair.Second.RequiresGrad, pair.First.Stored.RequiresGrad);
                Assert.Null(pair.First.Stored.StoredGrad);
                Assert.Null(pair.First.CatchUp);
            });
        }
        Assert.Equal(tensors, Live.Count);
        Assert.InRange(Memory.Stats(Device.Cpu).InUse, 0, bytes + 4096);
    }

    [Fact]
    public void A_cancelled_sweep_puts_the_weights_back_too()
    {
        using var model = Tiny.Model();
        var before = model.Params.Items.Select(item => item.Value.ToArray<float>()).ToArray();
        using var source = new CancellationTokenSource();
        var stop = new Stop(source, 7);
        Assert.Throws<OperationCanceledException>(() => new RateSweep(model, config, 1, new SingleLabel()).Run(SomeExamples.Of(20), new(1e-2, 1, 20), stop, source.Token));
        Assert.All(model.Params.Items.Zip(before), pair => Assert.Equal(pair.Second, pair.First.Value.ToArray<float>()));
    }

    [Fact]
    public void Losses_are_smoothed_from_the_first_on_without_a_bias()
    {
        using var model = Tiny.Model();
        var found = Sweep(model, SomeExamples.Of(20), config, new(1e-5, 1e-2, 30));
        Assert.Equal((30, false), (found.Rates.Count, found.Diverged));
        Assert.Equal(found.Losses[0], found.Smoothed[0], 1e-9);
        // Weights 0.98^age, whose sum is the divisor.
        for (var at = 0; at < 30; at++)
        {
            var weights = Enumerable.Range(0, at + 1).Select(i => Math.Pow(0.98, at - i)).ToArray();
            Assert.Equal(weights.Zip(found.Losses, (w, loss) => w * loss).Sum() / weights.Sum(), found.Smoothed[at], 1e-9);
        }
    }

    [Fact]
    public void A_bowl_is_steepest_where_the_rates_add_up_to_its_middle_and_diverges_at_the_same_multiple_of_the_distance()
    {
        // Adam's steps are as long as the rate whatever the curvature is, and rates that rise by 10^0.05 add up to 9.2 times the last one: the middle is reached at 1 / 9.2 of
        // the distance, where the loss is farthest below its running mean.
        var found = (from distance in new[] { 1, 0.01, 100 }
                     from curvature in new[] { 1.0, 50 }
                     select Bowl.Sweep(distance, curvature)).ToArray();
        Assert.All(found, one =>
        {
            Assert.True(one.Diverged);
            Assert.InRange(one.Steepest, 1 / 9.2 / 1.3, 1.3 / 9.2);
            Assert.InRange(one.Last, 1, 100);
            Assert.Equal(found[0].Last, one.Last, found[0].Last * 1e-6);
            Assert.Equal(found[0].Steepest, one.Steepest, found[0].Steepest * 1e-6);
        });
    }

    [Fact]
    public void With_what_is_suggested_training_works_and_with_the_ends_of_the_range_it_does_not()
    {
        var rows = SomeExamples.Of(64);
        using var model = Tiny.Model();
        var found = Sweep(model, rows, config).Suggestions!;
        TestContext.Current.TestOutputHelper?.WriteLine($"{found}");
        var reached = new[] { found.Valley, found.MinimumTenth, 1e-7, 10 }.Select(rate =>
        {
            using var fresh = Tiny.Model();
            return new Learner(fresh, config with { LearningRate = rate, Epochs = 12 }, 1).FitInTest(rows, rows).Best.Loss;
        }).ToArray();
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(' ', reached));
        Assert.True(Math.Min(reached[0], reached[1]) < 0.5 * Math.Min(reached[2], reached[3]), string.Join(' ', reached));
    }

    [Theory]
    [InlineData(0, 1, 100, "--first: got 0")]
    [InlineData(-1, 1, 100, "--first: got -1")]
    [InlineData(double.NaN, 1, 100, "--first: got NaN")]
    [InlineData(1, 0.1, 100, "--last: got 0.1, expected a learning rate above --first, which is 1")]
    [InlineData(1, 1, 100, "--last: got 1")]
    [InlineData(1e-7, double.PositiveInfinity, 100, "--last: got")]
    [InlineData(1e-7, 10, 0, "--updates: got 0, expected 10 to 10000")]
    [InlineData(1e-7, 10, 1_000_000, "--updates: got 1000000")]
    public void Ranges_that_are_none_are_refused(double first, double last, int updates, string message) =>
        Assert.StartsWith(message, Assert.Throws<ConfigException>(() => new RateRange(first, last, updates).Check()).Message, StringComparison.Ordinal);

    /// <summary>One weight; every text's number is the root of the curvature times it.</summary>
    sealed class Bowl : TextModel
    {
        readonly double curvature;
        readonly Tensor weight;

        public Bowl(double at, double curvature) : this(new Params(1, name => Tensor.From([(float)at])), curvature) { }

        Bowl(Params p, double curvature) : base(p, new JsonObject()) => (this.curvature, weight) = (curvature, p.Get("weight", Init.Zeros, false, 1));

        /// <summary>Sweeps from a distance; rates in parts of it.</summary>
        public static (bool Diverged, double Last, double Steepest) Sweep(double distance, double curvature)
        {
            using var model = new Bowl(distance, curvature);
            var rows = Enumerable.Range(0, 8).Select(row => new Example([1, 2, 3], null, 0, row) { Targets = [0] }).ToArray();
            var found = RateSweepTests.Sweep(model, rows, config with { WeightDecay = 0, MaxGradientNorm = 0, Epsilon = 1e-12, Precision = Precision.Fp32 }, new(1e-7 * distance, 1e3 * distance, 200), objective: new Numbers());
            return (found.Diverged, found.Rates[^1] / distance, found.Suggestions!.Steepest / distance);
        }

        public override int VocabularySize => 10;
        public override int MaxLength => 10;

        protected override Tensor Encode(TokenBatch batch, Ragged ragged, Action<Tensor>? observe) => Tensor.Zeros([batch.Count, 1]) + weight.View(1, 1);
        protected internal override Tensor Head(Tensor hidden, Ragged ragged) => hidden * Math.Sqrt(curvature);
    }

    sealed class Stop(CancellationTokenSource source, int update) : IProgress<(int Update, double Rate, double Loss)>
    {
        public void Report((int Update, double Rate, double Loss) value)
        {
            if (value.Update == update) source.Cancel();
        }
    }
}
