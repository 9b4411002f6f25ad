using Tutti.Models;
using Tutti.Tests.Models.Vision;
using Tutti.Tests.Torch;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Training;

/// <summary>Networks of pictures in the same learner as texts: cuts, replays, interruptions, frozen bodies.</summary>
public sealed class PictureFitTests() : EngineTest(threads: 1)
{
    static readonly TrainConfig config = new() { Batch = 12, Epochs = 2, LearningRate = 3e-3, Warmup = 0.1, Schedule = ScheduleKind.Constant };

    static float[] Weights(VisionModel model) => [.. model.Params.Items.SelectMany(item => item.Value.ToArray<float>())];

    [Theory, InlineData("small-cnn"), InlineData("small-mlp"), InlineData("convnext")]
    public void A_simple_task_is_learnt(string kind)
    {
        using var model = TinyPictures.Model(kind);
        var train = TinyPictures.Pictures(60);
        var fit = new Learner(model, config with { Epochs = 8, LearningRate = 2e-2 }, 1).FitInTest(train, TinyPictures.Pictures(30, seed: 2));
        Assert.True(fit.Best.Accuracy > 0.9, $"{fit.Best}");
        Assert.Equal(8 * 5, fit.Updates);
    }

    [Theory, MemberData(nameof(TinyPictures.Kinds), MemberType = typeof(TinyPictures))]
    public void The_gradient_does_not_depend_on_how_an_update_is_cut(string kind)
    {
        var pictures = TinyPictures.Pictures(6);
        double[][] Gradients(params int[] parts)
        {
            using var model = TinyPictures.Model(kind, dtype: DType.Float64);
            var learner = new Learner(model, config, 1);
            model.Params.Run.RunningStatistics = true;        // batch norms of parts would go by other means
            var at = 0;
            _ = learner.Gradients([.. parts.Select(count => pictures[at..(at += count)])], 3);
            return [.. model.Params.Trained.Select(item => item.Stored.Grad!.ToArray<double>())];
        }
        foreach (var (whole, cut) in Gradients(6).Zip(Gradients(1, 3, 2)))
            Assert.All(whole.Zip(cut), pair => Assert.Equal(pair.First, pair.Second, 1e-9));
    }

    [Fact]
    public void A_cut_update_has_the_statistics_of_its_parts_and_running_ones_do_not_move_when_asked()
    {
        var pictures = TinyPictures.Pictures(12);
        (double[] Mean, float[] Bits) Train(BatchNormKind kind)
        {
            using var model = TinyPictures.Model("small-cnn");
            new Learner(model, config with { Epochs = 1, BatchNorm = kind }, 1).FitInTest(pictures, pictures[..2]);
            return (model.Params.Items.Single(item => item.Name == "steps.0.norm.running_mean").Value.To(DType.Float64).ToArray<double>(), Weights(model));
        }
        Assert.All(Train(BatchNormKind.Running).Mean, mean => Assert.Equal(0, mean));
        Assert.Contains(Train(BatchNormKind.Batch).Mean, mean => Math.Abs(mean) > 1e-4);
        Assert.Equal(Train(BatchNormKind.Batch).Bits, Train(BatchNormKind.Batch).Bits);
    }

    // The limit leaves room for a few pictures at a time: micro-batches shrink, and every example counts once.
    [Fact]
    public void Under_a_memory_limit_pictures_are_learnt_in_parts()
    {
        var pictures = TinyPictures.Pictures(64);
        (double Loss, float[] Bits, long Peak) Train(long limit)
        {
            using var model = TinyPictures.Model("convnext");
            var before = Memory.Stats(Device.Cpu).InUse;
            var plans = new SomeExamples.Kept<MemoryReport>();
            var steps = new SomeExamples.Kept<StepResult>();
            if (limit > 0) Memory.Limit(before + limit);
            FitResult fit;
            try
            {
                fit = new Learner(model, config with { Batch = 64, Epochs = 2 }, 1).FitInTest(pictures, pictures[..6], new(steps, Plans: plans));
            }
            finally
            {
                Memory.Limit(null);
            }
            Assert.Equal(limit > 0, plans[0].Plan.MicroTokens < 64 * pictures[0].Length);
            return (steps[^1].Loss, Weights(model), fit.PeakBytes - before);
        }
        var free = Train(0);
        var tight = Train(free.Peak / 2);
        Assert.Equal(free.Loss, tight.Loss, 1e-5);
        for (var i = 0; i < free.Bits.Length; i++) Assert.Equal(free.Bits[i], tight.Bits[i], 2e-3);
    }

    [Theory, InlineData("small-cnn"), InlineData("convnext")]
    public void Cancelled_in_any_reading_of_a_picture_it_comes_to_the_same_bits(string kind)
    {
        float[] Train(int cancelAt)
        {
            using var temp = Shared.Temp();
            var read = 0;
            using var stop = new CancellationTokenSource();
            Example[] Watched() => [.. TinyPictures.Pictures(24).Select(example => example with
            {
                Picture = example.Picture! with
                {
                    Read = epoch =>
                    {
                        if (Interlocked.Increment(ref read) == cancelAt) stop.Cancel();
                        return example.Picture.Read(epoch);
                    },
                },
            })];
            // Two parts of six for each update, so that an update can be left in its middle.
            var sparing = config with { MicroTokens = 6 * TinyPictures.Pictures(1)[0].Length };
            FitResult? Run(CancellationToken cancel)
            {
                using var model = TinyPictures.Model(kind);
                try
                {
                    var fit = new Learner(model, sparing, 1, store: new FitStore(new ResumeFolder(temp.File("resume")), TimeSpan.MaxValue, [])).Fit(Watched(), TinyPictures.Pictures(3), null, cancel);
                    bits = Weights(model);
                    return fit;
                }
                catch (OperationCanceledException)
                {
                    return null;
                }
            }
            if (Run(stop.Token) is null) _ = Run(TestContext.Current.CancellationToken);
            return bits;
        }
        var whole = Train(0);
        foreach (var at in new[] { 1, 20, 30, 45, 60 }) Assert.Equal(whole, Train(at));
    }

    float[] bits = [];

    [Fact]
    public void A_frozen_body_stays_and_its_norms_go_by_their_running_statistics()
    {
        using var model = TinyPictures.Model("small-cnn");
        var before = model.Params.Items.ToDictionary(item => item.Name, item => item.Value.ToArray<float>());
        new Learner(model, config with { Epochs = 1, Freeze = ["steps.*"] }, 1).FitInTest(TinyPictures.Pictures(24), TinyPictures.Pictures(6));
        foreach (var item in model.Params.Items) Assert.Equal(item.Name.StartsWith("steps.", StringComparison.Ordinal), before[item.Name].AsSpan().SequenceEqual(item.Value.ToArray<float>()));
    }

    [Theory, InlineData("resnet"), InlineData("vit"), InlineData("swinv2"), InlineData("efficientnet")]
    public void Stages_learn_by_their_own_rates_and_one_after_the_other(string kind)
    {
        using var model = TinyPictures.Model(kind);
        var groups = model.Groups!;
        var before = model.Params.Trained.ToDictionary(item => item.Name, item => item.Value.ToArray<float>());
        var one = config with { Batch = 12, Epochs = groups.Count, LearningRate = 1e-3, WeightDecay = 0, LayerDecay = 0.5, Unfreeze = UnfreezeKind.Gradual, Schedule = ScheduleKind.Constant, Warmup = 0 };
        var stem = 0f;
        new Learner(model, one, 1).FitInTest(TinyPictures.Pictures(12), TinyPictures.Pictures(3), new(new Seen(step =>
        {
            stem = model.Params.Trained.Where(item => groups.Of(item.Name) == 0).Max(item => item.Value.ToArray<float>().Zip(before[item.Name], (a, b) => Math.Abs(a - b)).Max());
            foreach (var group in model.Params.Trained.GroupBy(item => groups.Of(item.Name)))
                Assert.Equal(step.Epoch > groups.Count - 1 - group.Key, group.Any(item => !item.Value.ToArray<float>().AsSpan().SequenceEqual(before[item.Name])));
        })));
        Assert.InRange(stem, 1e-9, 1.2 * 1e-3 * Math.Pow(0.5, groups.Count - 1));
    }

    sealed class Seen(Action<StepResult> see) : IProgress<StepResult>
    {
        public void Report(StepResult value) => see(value);
    }

    [Fact]
    public void Pictures_of_other_sizes_or_with_other_numbers_are_refused_by_row()
    {
        using var model = TinyPictures.Model("small-cnn");
        var pictures = TinyPictures.Pictures(4);
        Assert.Contains("example 2 ", Assert.Throws<ArgumentException>(() => Predictor.Probabilities(model, [.. pictures.Select(example => example.Row == 2 ? example with { Picture = example.Picture! with { Height = 16 } } : example)], cancel: TestContext.Current.CancellationToken)).Message);
        Assert.Contains("example 3 ", Assert.Throws<ArgumentException>(() => Predictor.Probabilities(model, [.. pictures.Select(example => example.Row == 3 ? example with { Picture = example.Picture! with { Read = _ => [] } } : example)], cancel: TestContext.Current.CancellationToken)).Message);
    }

    [Fact]
    public void Predictions_do_not_depend_on_the_pieces()
    {
        using var model = TinyPictures.Model("resnet");
        var pictures = TinyPictures.Pictures(11);
        var whole = Predictor.Probabilities(model, pictures, cancel: TestContext.Current.CancellationToken);
        var pieces = Predictor.Probabilities(model, pictures, tokens: 8, cancel: TestContext.Current.CancellationToken);
        for (var i = 0; i < whole.Length; i++) Assert.Equal(whole[i], pieces[i], 1e-6);
        Assert.Equal(11 * model.FeatureCount, Predictor.Embeddings(model, pictures, Precision.Fp32, cancel: TestContext.Current.CancellationToken).Length);
    }
}
