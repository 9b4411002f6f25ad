using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Tutti.Tests.Models;
using Tutti.Tests.Torch;
using Tutti.Training;

namespace Tutti.Tests.Training;

/// <summary>
/// A fit that is cancelled anywhere goes on in a new model as if nothing had happened: the same bits of weights, losses, norms, rates,
/// evaluations and results as a fit that was left alone.
/// </summary>
public sealed class ResumedFitTests() : EngineTest(threads: 1)
{
    /// <summary>Everything that has a state: dropout, class weights, smoothing, a moving momentum, evaluations within epochs, a stop before the end.</summary>
    static readonly TrainConfig config = new()
    {
        Batch = 12,
        Epochs = 4,
        LearningRate = 0.03,
        MicroTokens = 70,
        Schedule = ScheduleKind.OneCycle,
        Warmup = 0.3,
        LabelSmoothing = 0.1,
        EvaluateEvery = 2,
        EarlyStopping = 2,
    };

    static readonly Example[] train = SomeExamples.Of(34);

    /// <summary>A third of the labels is wrong: the more certain the model grows, the worse they make it.</summary>
    static readonly Example[] valid = [.. SomeExamples.Of(15, seed: 2).Select(example => example.Row % 3 == 0 ? example with { Label = 1 - example.Label } : example)];

    [Theory, Trait("Category", "Slow"), InlineData(Precision.Bf16, false), InlineData(Precision.Fp32, true)]
    public void Cancelled_anywhere_with_the_other_plan_too(Precision precision, bool sparing) => Cancelled_at_any_micro_batch_or_piece_of_an_evaluation_it_comes_to_the_same_bits(precision, sparing);

    [Theory, InlineData(Precision.Fp32, false), InlineData(Precision.Bf16, true)]
    public void Cancelled_at_any_micro_batch_or_piece_of_an_evaluation_it_comes_to_the_same_bits(Precision precision, bool sparing)
    {
        using var temp = Shared.Temp();
        var whole = new Story(temp.File("whole"), precision, sparing).Run(stopAt: null);
        Assert.True(whole.Result is { StoppedEarly: true } result && result.Best.Update < result.Updates && result.Best.Update > config.EvaluateEvery, $"{whole.Result}");
        Assert.Contains(whole.Steps, step => step.Update % 3 == 0);           // an epoch has three updates
        var evaluating = whole.Forwards.Count(training => !training);
        Assert.True(evaluating >= 8 && whole.Forwards.Count - evaluating > 2 * whole.Steps.Count, $"{whole.Forwards.Count} passes, {evaluating} of them in evaluations, {whole.Steps.Count} updates");
        for (var at = 0; at <= whole.Forwards.Count; at++)
        {
            var parts = new Story(temp.File($"at {at}"), precision, sparing);
            // A cancellation in the last piece of the last evaluation is seen too late to end the fit.
            if (parts.Run(at).Result is null) parts.Run(stopAt: null);
            parts.IsAs(whole, $"cancelled in pass {at}");
        }
    }

    [Theory, InlineData(Precision.Fp32, false), InlineData(Precision.Bf16, true)]
    public void Cancelled_again_after_every_micro_batch_it_comes_to_the_same_bits(Precision precision, bool sparing)
    {
        using var temp = Shared.Temp();
        var whole = new Story(temp.File("whole"), precision, sparing).Run(stopAt: null);
        var parts = new Story(temp.File("parts"), precision, sparing);
        var processes = 0;
        do processes++;
        while (parts.Run(stopAt: 1, trainingOnly: true).Result is null);
        Assert.True(processes > 2 * whole.Steps.Count, $"{processes} processes for {whole.Steps.Count} updates");
        parts.IsAs(whole, "cancelled after every micro-batch");
    }

    [Fact]
    public void A_plan_that_spares_memory_comes_to_the_bits_of_one_that_does_not()
    {
        using var temp = Shared.Temp();
        new Story(temp.File("sparing"), Precision.Fp32, true).Run(stopAt: null).IsAs(new Story(temp.File("plain"), Precision.Fp32, false).Run(stopAt: null), "sparing", samePeak: false);
    }

    /// <summary>One fit in a folder of its own, by as many processes as it takes, each with a model of its own.</summary>
    sealed class Story
    {
        readonly string folder;
        readonly Precision precision;
        readonly List<string> weights = [];
        long processes;

        /// <param name="folder">Gets resume points and checkpoint.</param>
        /// <param name="sparing">Activations are computed again in backward, and the optimizer's state lies in a file.</param>
        public Story(string folder, Precision precision, bool sparing)
        {
            (this.folder, this.precision) = (folder, precision);
            if (!sparing) return;
            Run(stopAt: 0);
            Forge(Directory.GetFiles(Path.Combine(folder, "resume"), "point-*.json").Single());
            Plan = null;
        }

        public List<StepResult> Steps { get; } = [];
        public List<EvaluationResult> Evaluations { get; } = [];

        /// <summary>Of every forward pass after planning: whether it belonged to an update.</summary>
        public List<bool> Forwards { get; } = [];
        public List<string> Notes { get; } = [];
        public MemoryPlan? Plan { get; private set; }
        public FitResult? Result { get; private set; }

        /// <summary>One process.</summary>
        /// <param name="stopAt">Cancels in this forward pass of the process; 0: before the first, null: never.</param>
        /// <param name="trainingOnly">Counts only passes that belong to an update.</param>
        public Story Run(int? stopAt, bool trainingOnly = false)
        {
            using var source = new CancellationTokenSource();
            var passes = -1;                                  // probes come before the plan
            CountedModel? counted = null;
            // The first process makes the weights; the others, from another seed, must take them from the point.
            using var model = counted = new(Tiny.Model(dropout: 0.1, seed: ++processes), Pass);
            var store = new FitStore(new ResumeFolder(Path.Combine(folder, "resume")), TimeSpan.FromHours(1), new JsonObject { ["fit"] = "this one" });
            var learner = new Learner(model, config with { Precision = precision }, 5, [1, 2], checkpointFolder: Path.Combine(folder, "checkpoint"), store: store);
            FitProgress progress = new(new Sent<StepResult>(Steps.Add), new Sent<EvaluationResult>(Evaluations.Add), new Sent<MemoryReport>(Planned), Notes: new Sent<string>(Notes.Add));
            try
            {
                Result = learner.Fit(train, valid, progress, source.Token);
                foreach (var name in (string[])["model.safetensors", "last/model.safetensors"])
                    weights.Add(Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(Path.Combine(folder, "checkpoint", name)))));
                weights.Add(Convert.ToHexString(SHA256.HashData([.. model.Params.Items.SelectMany(item => item.Value.ToArray<float>()).SelectMany(BitConverter.GetBytes)])));
            }
            catch (OperationCanceledException)
            {
                Assert.All(model.Params.Items, item => Assert.Null(item.Value.Grad));
            }
            return this;

            void Planned(MemoryReport report)
            {
                Plan ??= report.Plan;
                Assert.Equal(Plan, report.Plan);
                passes = 0;
                if (stopAt == 0) source.Cancel();
            }

            void Pass()
            {
                if (passes < 0) return;
                var training = counted!.Params.Run.Training;
                Forwards.Add(training);
                if ((training || !trainingOnly) && ++passes == stopAt) source.Cancel();
            }
        }

        public void IsAs(Story whole, string which, bool samePeak = true)
        {
            Assert.True(Result is not null, which);
            Assert.Equal(whole.Steps.Select(Bits), Steps.Select(Bits));
            Assert.Equal(whole.Evaluations.Select(Bits), Evaluations.Select(Bits));
            Assert.Equal(Bits(whole.Result!.Best), Bits(Result.Best));
            Assert.Equal(whole.Result with { Best = Result.Best, Seconds = 0, DataSeconds = 0, PeakBytes = samePeak ? whole.Result.PeakBytes : Result.PeakBytes }, Result with { Seconds = 0, DataSeconds = 0 });
            // Times differ, but those of earlier processes count too.
            Assert.Equal((Steps.Sum(step => step.Seconds), Steps.Sum(step => step.DataSeconds)), (Result.Seconds, Result.DataSeconds), (one, other) => Math.Abs(one.Item1 - other.Item1) + Math.Abs(one.Item2 - other.Item2) < 1e-9);
            Assert.True(whole.weights.SequenceEqual(weights), $"{which}: other weights");
            Assert.True(processes == 1 || Notes.Count(note => note.StartsWith("goes on after update ", StringComparison.Ordinal)) >= processes - 1, $"{which}: {string.Join('\n', Notes)}");
        }

        static (long, long, int, int, double, double, double, int, int) Bits(StepResult s) => (s.Update, s.Updates, s.Epoch, s.Epochs, s.Loss, s.Rate, s.GradientNorm, s.Examples, s.Tokens);
        static (long, int, double, double, double, bool) Bits(EvaluationResult e) => (e.Update, e.Epoch, e.Loss, e.Accuracy, e.MacroF1, e.Best);

        /// <summary>Gives a point another plan, and its manifest the hash that belongs to it.</summary>
        static void Forge(string manifest)
        {
            var text = File.ReadAllText(manifest).Replace("\"Checkpointing\": false", "\"Checkpointing\": true", StringComparison.Ordinal).Replace("\"PagedOptimizer\": false", "\"PagedOptimizer\": true", StringComparison.Ordinal);
            File.WriteAllText(manifest, text[..^68] + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text[..^68]))) + text[^4..]);
        }
    }

    /// <summary>Hands progress on at once.</summary>
    sealed class Sent<T>(Action<T> to) : IProgress<T>
    {
        public void Report(T value) => to(value);
    }
}
