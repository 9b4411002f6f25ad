using Tutti.Models;
using Tutti.Nn;
using Tutti.Tests.Models;
using Tutti.Tests.Torch;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Training;

/// <summary>One update is one update, however it is cut: ragged lengths, class weights, label smoothing and dropout, in float64.</summary>
public sealed class AccumulationTests() : EngineTest(threads: 1)
{
    const double Relative = 1e-10;
    static readonly double[] classWeights = [0.3, 2, 1];
    static readonly TrainConfig config = new() { LabelSmoothing = 0.1 };

    readonly TextModel model = Tiny.Model(classes: 3, dropout: 0.1, dtype: DType.Float64);

    Learner Learner(TextModel? of = null, TrainConfig? other = null) => new(of ?? model, other ?? config, seed: 5, classWeights);

    (double Loss, Dictionary<string, double[]> Gradients) Run(IReadOnlyList<Example[]> parts, long update = 3, TextModel? of = null, TrainConfig? other = null, bool checkpointing = false)
    {
        var trained = of ?? model;
        foreach (var item in trained.Params.Items) item.Value.SetGrad(null);
        var loss = Learner(trained, other).Gradients(parts, update, checkpointing);
        return (loss, trained.Params.Items.ToDictionary(item => item.Name, item => Scope.Run(() => item.Value.Grad!.To(DType.Float64)).ToArray<double>()));
    }

    static IReadOnlyList<Example[]>[] Cuts(Example[] examples) =>
    [
        [.. examples.Select(example => (Example[])[example])],
        [.. examples.Chunk(7)],                                                    // 64 = 9 x 7 + 1
        Batches.Micro(examples, 40),
        Batches.Micro(examples, 11),
        [examples[..(examples.Length / 3)], examples[(examples.Length / 3)..]],
        [[.. examples.Reverse()]],
    ];

    // The largest difference over the largest gradient, of the weight where that is worst. Key biases have a true gradient of zero: there the
    // model's largest gradient is the measure.
    static double Worst(Dictionary<string, double[]> a, Dictionary<string, double[]> b)
    {
        var scale = a.Values.Max(values => values.Max(Math.Abs));
        return a.Max(pair => pair.Value.Zip(b[pair.Key]).Max(values => Math.Abs(values.First - values.Second))
            / (pair.Key.EndsWith("key.bias", StringComparison.Ordinal) ? scale : pair.Value.Max(Math.Abs)));
    }

    [Theory]
    [InlineData(64, DType.Float64, 1e-10, false)]
    [InlineData(5, DType.Float64, 1e-10, false)]                                   // a last, short update
    [InlineData(64, DType.Float64, 1e-10, true)]
    [InlineData(64, DType.Float32, 1e-5, false)]
    [InlineData(5, DType.Float32, 1e-5, false)]
    [InlineData(64, DType.Float32, 1e-5, true)]
    public void Gradients_do_not_depend_on_the_cut(int count, DType dtype, double relative, bool checkpointing)
    {
        using var owner = model;
        using var trained = Tiny.Model(classes: 3, dropout: 0.1, dtype: dtype);
        var examples = SomeExamples.Of(count, classes: 3);
        var whole = Run([examples], of: trained);
        foreach (var cut in (IReadOnlyList<Example[]>[])[[examples], .. Cuts(examples)])
        {
            var (loss, gradients) = Run(cut, of: trained, checkpointing: checkpointing);
            Assert.Equal(whole.Loss, loss, relative / 100 * Math.Max(1, whole.Loss) * (dtype == DType.Float32 ? 10 : 1));
            var worst = Worst(whole.Gradients, gradients);
            TestContext.Current.TestOutputHelper?.WriteLine($"{cut.Count} parts: worst relative difference {worst:0.0e0}");
            Assert.True(worst <= relative, $"{cut.Count} parts: gradients differ by {worst:0.0e0}, allowed {relative:0.0e0}");
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Ragged_bf16_micro_batches_with_and_without_checkpointing_agree_within_its_rounding(bool checkpointing)
    {
        using var owner = model;
        using var trained = Tiny.Model(classes: 3, dropout: 0.1);
        var (examples, bf16) = (SomeExamples.Of(64, classes: 3), config with { Precision = Precision.Bf16 });
        var exact = Run([examples], of: trained);
        foreach (var cut in Cuts(examples))
        {
            var (loss, gradients) = Run(cut, of: trained, other: bf16, checkpointing: checkpointing);
            Assert.Equal(exact.Loss, loss, 5e-3 * exact.Loss);
            // bfloat16 has 8 bits: single elements may be far off, the whole gradient points the same way.
            foreach (var (name, values) in exact.Gradients.Where(pair => !pair.Key.EndsWith("key.bias", StringComparison.Ordinal)))
            {
                var (a, b) = (values, gradients[name]);
                var cosine = a.Zip(b).Sum(pair => pair.First * pair.Second) / Math.Sqrt(a.Sum(x => x * x) * b.Sum(x => x * x));
                Assert.True(cosine > 0.99, $"{cut.Count} parts: {name} has the cosine {cosine:0.000}");
            }
        }
    }

    [Fact]
    public void A_divisor_per_micro_batch_would_be_noticed()
    {
        using var owner = model;
        var examples = SomeExamples.Of(64, classes: 3);
        var whole = Run([examples]).Gradients;
        var parts = Batches.Micro(examples, 40).Select(part => Run([part]).Gradients).ToArray();      // each divided by its own weight
        var wrong = whole.ToDictionary(pair => pair.Key, pair => Enumerable.Range(0, pair.Value.Length).Select(i => parts.Average(part => part[pair.Key][i])).ToArray());
        Assert.True(Worst(whole, wrong) > 1e-3);
        Assert.True(Worst(whole, Run([examples], update: 4).Gradients) > 1e-3, "dropout is not at work");
    }

    [Fact]
    public void The_loss_is_torchs_weighted_mean_by_hand()
    {
        using var plain = Tiny.Model(classes: 3, dtype: DType.Float64);
        using var owner = model;
        var examples = SomeExamples.Of(9, classes: 3);
        var learner = new Learner(plain, config, 5, classWeights);
        var loss = learner.Gradients(Batches.Micro(examples, 20), 0);

        var (p, total, divisor) = (SomeExamples.Predict(plain, examples), 0.0, 0.0);
        for (var i = 0; i < examples.Length; i++)
        {
            var (label, log) = (examples[i].Label, p.AsSpan(i * 3, 3).ToArray().Select(x => Math.Log(x)).ToArray());
            total += (-0.9 * classWeights[label] * log[label]) - (0.1 / 3 * Enumerable.Range(0, 3).Sum(c => classWeights[c] * log[c]));
            divisor += classWeights[label];
        }
        Assert.Equal(total / divisor, loss, 1e-12);
    }

    [Fact]
    public void The_last_short_update_is_divided_by_its_own_weight()
    {
        using var owner = model;
        using var plain = Tiny.Model(classes: 3, dtype: DType.Float64);
        var (train, steps) = (SomeExamples.Of(10, classes: 3), new SomeExamples.Kept<StepResult>());
        // The rate is so small that the weights stay what they are.
        var still = new TrainConfig { Batch = 4, Epochs = 1, LearningRate = 1e-30, WeightDecay = 0, MicroTokens = 12 };
        var before = SomeExamples.Predict(plain, train);
        new Learner(plain, still, 5, classWeights).FitInTest(train, train, new(steps));
        Assert.Equal([4, 4, 2], steps.Select(step => step.Examples));
        foreach (var (step, update) in steps.Zip(Batches.Epoch(train, 4, 5, 1)))
        {
            var weight = Losses.Weight([.. update.Select(example => example.Label)], classWeights);
            Assert.Equal(update.Sum(example => -classWeights[example.Label] * Math.Log(before[(example.Row * 3) + example.Label])) / weight, step.Loss, 1e-12);
            Assert.Equal(update.Sum(example => example.Ids.Length), step.Tokens);
        }
    }
}
