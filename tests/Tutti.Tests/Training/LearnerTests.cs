using Tutti.Evaluation;
using Tutti.Models;
using Tutti.Tests.Models;
using Tutti.Tests.Torch;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Training;

public sealed class LearnerTests() : EngineTest(threads: 1)
{
    static readonly TrainConfig config = new() { Batch = 16, Epochs = 2, LearningRate = 3e-3, MicroTokens = 100, Warmup = 0.1 };

    static float[] Weights(TextModel model) => [.. model.Params.Items.SelectMany(item => item.Value.ToArray<float>())];

    [Fact]
    public void A_tiny_task_is_learnt()
    {
        using var model = Tiny.Model(dropout: 0.1);
        var train = SomeExamples.Of(256);
        new Learner(model, config with { Epochs = 8, LearningRate = 5e-3, MicroTokens = 500 }, 1).FitInTest(train, train);
        var p = SomeExamples.Predict(model, train);
        var right = train.Count(example => p[(example.Row * 2) + example.Label] > 0.5);
        Assert.True(right > 0.95 * train.Length, $"{right} of {train.Length} are right");
    }

    [Theory, InlineData(Precision.Fp32, 1), InlineData(Precision.Bf16, 1), InlineData(Precision.Fp32, 2), InlineData(Precision.Bf16, 2)]
    public void The_same_seed_gives_the_same_bits(Precision precision, int threads)
    {
        Engine.Threads = threads;
        float[] Train(long seed)
        {
            using var model = Tiny.Model(dropout: 0.1);
            new Learner(model, config with { Precision = precision, Epochs = 1 }, seed, [1, 2]).FitInTest(SomeExamples.Of(64), SomeExamples.Of(20, seed: 2));
            return Weights(model);
        }
        var first = Train(1);
        Assert.Equal(first, Train(1));
        Assert.NotEqual(first, Train(2));
    }

    // Casts of weights made while evaluating must not reach training: they carry no way back to the weight.
    [Theory, InlineData(Precision.Fp32), InlineData(Precision.Bf16)]
    public void Evaluating_more_often_does_not_change_training(Precision precision)
    {
        (double, double)[] Steps(int every)
        {
            using var model = Tiny.Model(dropout: 0.1);
            var steps = new SomeExamples.Kept<StepResult>();
            new Learner(model, config with { Precision = precision, EvaluateEvery = every }, 1).FitInTest(SomeExamples.Of(64), SomeExamples.Of(20, seed: 2), new(steps));
            return [.. steps.Select(step => (step.Loss, step.GradientNorm))];
        }
        Assert.Equal(Steps(0), Steps(1));
    }

    [Theory, InlineData(Precision.Fp32, true), InlineData(Precision.Bf16, true), InlineData(Precision.Fp32, false), InlineData(Precision.Bf16, false)]
    public void The_restored_model_is_the_one_that_was_best(Precision precision, bool inMemory)
    {
        using var temp = Shared.Temp();
        using var model = Tiny.Model();
        var (valid, evaluations) = (SomeExamples.Of(40, seed: 2), new SomeExamples.Kept<EvaluationResult>());
        // A rate that overshoots: the last evaluation is not the best.
        var result = new Learner(model, config with { Precision = precision, Epochs = 4, LearningRate = 0.05, EvaluateEvery = 1, Schedule = ScheduleKind.Constant }, 1,
            checkpointFolder: inMemory ? null : temp.Path).FitInTest(SomeExamples.Of(64), valid, new(null, evaluations));
        Assert.Equal(evaluations.Min(evaluation => evaluation.Loss), result.Best.Loss);
        Assert.NotEqual(evaluations[^1].Loss, result.Best.Loss);
        var again = Metrics.LogLoss(SomeExamples.Predict(model, valid, precision, config.MicroTokens), [.. valid.Select(example => example.Label)]);
        Assert.Equal(result.Best.Loss, again);
    }

    /// <summary>Ten rows cannot say which epoch was best; the end of a schedule is then the better guess.</summary>
    [Fact]
    public void Asked_for_the_last_weights_nothing_is_chosen()
    {
        using var model = Tiny.Model();
        var evaluations = new SomeExamples.Kept<EvaluationResult>();
        var last = config with { Epochs = 4, LearningRate = 0.05, EvaluateEvery = 1, Schedule = ScheduleKind.Constant, BestBy = BestBy.Last };
        var result = new Learner(model, last, 1).FitInTest(SomeExamples.Of(64), SomeExamples.Of(40, seed: 2), new(null, evaluations));
        Assert.True(evaluations[^1].Loss > evaluations.Min(evaluation => evaluation.Loss));
        Assert.Equal((result.Updates, evaluations[^1].Loss), (result.Best.Update, result.Best.Loss));
        Assert.Contains((last with { EarlyStopping = 2 }).Validate(), fault => fault.Path == "early-stopping");
    }

    [Fact]
    public void Evaluations_come_every_so_many_updates_and_at_the_end()
    {
        long[] At(int every)
        {
            using var model = Tiny.Model();
            var evaluations = new SomeExamples.Kept<EvaluationResult>();
            new Learner(model, config with { EvaluateEvery = every }, 1).FitInTest(SomeExamples.Of(56), SomeExamples.Of(10), new(null, evaluations));
            return [.. evaluations.Select(evaluation => evaluation.Update)];
        }
        Assert.Equal([4, 8], At(0));
        Assert.Equal([3, 6, 8], At(3));
    }

    [Fact]
    public void The_time_that_updates_wait_for_data_is_a_part_of_theirs_and_added_up()
    {
        using var model = Tiny.Model();
        var steps = new SomeExamples.Kept<StepResult>();
        var result = new Learner(model, config, 1).FitInTest(SomeExamples.Of(64), SomeExamples.Of(20, seed: 2), new(steps));
        Assert.All(steps, step => Assert.InRange(step.DataSeconds, 1e-9, step.Seconds));
        Assert.Equal(steps.Sum(step => step.DataSeconds), result.DataSeconds, 1e-9);
        Assert.Equal(steps.Sum(step => step.Seconds), result.Seconds, 1e-9);
    }

    [Fact]
    public void Training_stops_when_nothing_improves_any_more()
    {
        using var model = Tiny.Model();
        // Evaluated on wrong labels, every update makes it worse.
        Example[] wrong = [.. SomeExamples.Of(64).Select(example => example with { Label = 1 - example.Label })];
        var evaluations = new SomeExamples.Kept<EvaluationResult>();
        var result = new Learner(model, config with { Epochs = 30, EarlyStopping = 2, LearningRate = 5e-3 }, 1).FitInTest(SomeExamples.Of(64), wrong, new(null, evaluations));
        Assert.True(result.StoppedEarly);
        Assert.Equal(2, evaluations.Count - 1 - evaluations.FindIndex(evaluation => evaluation.Update == result.Best.Update));
        Assert.True(result.Updates < 30 * 4);
    }

    [Fact]
    public void A_row_that_breaks_the_loss_is_named_and_the_files_stay()
    {
        using var temp = Shared.Temp();
        using var model = Tiny.Model(dropout: 0.1);
        var train = SomeExamples.Of(64).Select(example => example.Row == 37 ? example with { Ids = [2, 12, 3] } : example).ToArray();
        var learner = new Learner(model, config, 1, checkpointFolder: temp.Path, nameOf: row => $"id r{row}");
        learner.FitInTest(train, train);
        var (files, weights) = (Hashes(temp), model.Params.Items.Single(item => item.Name == "bert.embeddings.word_embeddings.weight").Value);
        using (Modes.NoGrad()) weights.Narrow(0, 12, 1).Fill(double.NaN);

        var error = Assert.Throws<TrainingException>(() => learner.FitInTest(train, train));
        var update = Batches.Epoch(train, config.Batch, 1, 1).ToList().FindIndex(rows => rows.Any(example => example.Row == 37)) + 1;
        Assert.StartsWith($"update {update}: the loss is NaN; the loss of these rows is not finite: id r37. ", error.Message, StringComparison.Ordinal);
        Assert.Equal(files, Hashes(temp));
        Assert.All(model.Params.Items, item => Assert.Null(item.Value.Grad));
        Assert.False(model.Params.Run.Training);
    }

    [Fact]
    public void A_rate_that_is_far_too_high_is_said()
    {
        using var model = Tiny.Model();
        var error = Assert.Throws<TrainingException>(() => new Learner(model, config with { LearningRate = 1e38, Warmup = 0, MaxGradientNorm = 0 }, 1).FitInTest(SomeExamples.Of(64), SomeExamples.Of(10)));
        Assert.StartsWith("update 2: ", error.Message, StringComparison.Ordinal);
        Assert.Contains("Lower learning-rate", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cancelling_stops_between_updates_and_leaves_nothing_in_memory()
    {
        using var model = Tiny.Model();
        using var source = new CancellationTokenSource();
        var live = Live.Count;
        var steps = new SomeExamples.Kept<StepResult>();
        var cancelling = new Cancelling(source, steps);
        Assert.Throws<OperationCanceledException>(() => new Learner(model, config, 1).Fit(SomeExamples.Of(64), SomeExamples.Of(10), new(cancelling), source.Token));
        Assert.Equal(2, steps.Count);
        Assert.Equal(live, Live.Count);
        Assert.All(model.Params.Items, item => Assert.Null(item.Value.Grad));
    }

    [Fact]
    public void The_folder_holds_the_best_and_the_last_weights()
    {
        using var temp = Shared.Temp();
        using var model = Tiny.Model();
        Example[] wrong = [.. SomeExamples.Of(40).Select(example => example with { Label = 1 - example.Label })];
        var result = new Learner(model, config with { Epochs = 4 }, 1, checkpointFolder: temp.Path).FitInTest(SomeExamples.Of(64), wrong);
        Assert.True(result.Best.Update < result.Updates);
        using var best = ModelFolder.Load(temp.Path, null, 0, out _);
        using var last = ModelFolder.Load(temp.File("last"), null, 0, out _);
        Assert.Equal(Weights(model), Weights(best));
        Assert.NotEqual(Weights(best), Weights(last));
        Assert.Equal(SomeExamples.Predict(model, wrong), SomeExamples.Predict(best, wrong));
    }

    [Theory, InlineData(Precision.Fp32, true), InlineData(Precision.Bf16, true), InlineData(Precision.Bf16, false)]
    public void Memory_and_tensors_are_given_back(Precision precision, bool inMemory)
    {
        using var temp = Shared.Temp();
        var (live, before) = (Live.Count, Memory.Stats(Device.Cpu).InUse);
        using (var model = Tiny.Model(dropout: 0.1))
        {
            var weights = Live.Count;
            new Learner(model, config with { Precision = precision }, 1, [1, 2], checkpointFolder: inMemory ? null : temp.Path).FitInTest(SomeExamples.Of(64), SomeExamples.Of(10));
            SomeExamples.Predict(model, SomeExamples.Of(10), precision);
            Assert.Equal(weights, Live.Count);
        }
        Assert.Equal(live, Live.Count);
        Assert.InRange(Memory.Stats(Device.Cpu).InUse - before, 0, 1 << 20);
    }

    [Fact]
    public void A_fit_that_runs_out_of_memory_leaves_the_engine_usable()
    {
        using var model = Tiny.Model();
        var live = Live.Count;
        try
        {
            Memory.Limit(Memory.Stats(Device.Cpu).InUse + (64 << 10));
            Assert.Throws<ConfigException>(() => new Learner(model, config with { MicroTokens = 10_000, Batch = 64 }, 1).FitInTest(SomeExamples.Of(64), SomeExamples.Of(10)));
        }
        finally
        {
            Memory.Limit(null);
        }
        Assert.Equal(live, Live.Count);
        Assert.False(model.Params.Run.Training);
        new Learner(model, config, 1).FitInTest(SomeExamples.Of(64), SomeExamples.Of(10));
    }

    [Fact]
    public void Predictions_do_not_depend_on_the_cut_or_the_order()
    {
        using var model = Tiny.Model();
        var examples = SomeExamples.Of(50);
        var (whole, pieces) = (SomeExamples.Predict(model, examples), SomeExamples.Predict(model, examples, tokens: 20));
        Assert.Equal(100, whole.Length);
        Assert.All(whole.Zip(pieces), pair => Assert.Equal(pair.First, pair.Second, 1e-6));
        var turned = SomeExamples.Predict(model, [.. examples.Reverse()]);
        for (var i = 0; i < 50; i++) Assert.Equal(whole[i * 2], turned[(49 - i) * 2], 1e-6);
        Assert.Empty(SomeExamples.Predict(model, []));
    }

    [Fact]
    public void Nothing_to_train_on_is_refused()
    {
        using var model = Tiny.Model();
        Assert.Throws<ArgumentException>(() => new Learner(model, config, 1).FitInTest([], SomeExamples.Of(1)));
        Assert.Throws<ArgumentException>(() => new Learner(model, config, 1).FitInTest(SomeExamples.Of(1), []));
    }

    static string[] Hashes(TempFolder temp) => [.. Directory.GetFiles(temp.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        .Select(file => file + Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(file))))];

    sealed class Cancelling(CancellationTokenSource source, IProgress<StepResult> next) : IProgress<StepResult>
    {
        public void Report(StepResult value)
        {
            next.Report(value);
            if (value.Update == 2) source.Cancel();
        }
    }
}
