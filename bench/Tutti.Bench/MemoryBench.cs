using System.Globalization;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Bench;

/// <summary>
/// The same fit without a limit of memory and under shares of the peak that it had then: is the limit kept, was the peak predicted, are
/// the updates the same, and what time does it cost. The peer of each limited fit is the one without a limit.
/// </summary>
static class MemoryBench
{
    const int Seed = 1;
    static readonly int[] shares = [75, 50, 35];

    /// <param name="Rows">Examples of the only epoch.</param>
    sealed record Model(string Name, BertSize Size, Precision Precision, int Batch, int Rows, Func<int, int[]> Lengths);

    static readonly Model[] models =
    [
        new("bert-4x256-tweets-fp32", new(4, 256, 4, 1024, 8000), Precision.Fp32, 64, 512, Bench.Lengths.Tweets),
        new("bert-4x256-tweets-bf16", new(4, 256, 4, 1024, 8000), Precision.Bf16, 64, 512, Bench.Lengths.Tweets),
        new("bert-base-tweets-fp32", new(12, 768, 12, 3072), Precision.Fp32, 64, 128, Bench.Lengths.Tweets),
    ];

    public static Benchmark All { get; } = new("memory", "one fit under limits of memory, beside the same fit without one", "s per update", false,
        [.. from model in models from share in shares select string.Create(CultureInfo.InvariantCulture, $"{model.Name}-{share}")], Run);

    static Outcome Run(string name, int rounds)
    {
        var model = Array.Find(models, model => name.StartsWith(model.Name + "-", StringComparison.Ordinal))!;
        var share = int.Parse(name.AsSpan(model.Name.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture);
        var lengths = model.Lengths(model.Rows);
        List<Fit> free = [], limited = [];
        var watch = new Watch();
        for (var round = 0; round <= rounds; round++)
        {
            Console.Error.WriteLine(round == 0 ? $"{name}: warming up" : FormattableString.Invariant($"{name}: round {round} of {rounds}"));
            if (round == 1) watch.Begin(null);
            _ = watch.Ours(null, () => Kept(free, Fit.Of(model, lengths, null)));
            _ = watch.Ours(null, () => Kept(limited, Fit.Of(model, lengths, free[0].Peak / 100 * share)));
        }
        var (natural, worst) = (free[0], limited.MaxBy(fit => fit.Held)!);
        var deviation = limited.Max(fit => fit.Losses.Zip(natural.Losses).Max(pair => Math.Abs(pair.First - pair.Second) / Math.Abs(pair.Second)));
        var facts = new Dictionary<string, string>
        {
            ["limit"] = MemoryStats.Text(worst.Limit),
            ["predicted"] = MemoryStats.Text(worst.Plan.PredictedPeak),
            ["measured"] = FormattableString.Invariant($"{MemoryStats.Text(worst.Peak)} ({Percent(worst):+0.0;-0.0;0.0} %)"),
            ["most held"] = FormattableString.Invariant($"{100.0 * worst.Held / worst.Limit:0} %"),
            ["without"] = FormattableString.Invariant($"{MemoryStats.Text(natural.Peak)} ({Percent(natural):+0.0;-0.0;0.0} %)"),
            ["loss differs"] = deviation.ToString("0.0e0", CultureInfo.InvariantCulture),
            ["replays"] = limited.Sum(fit => fit.Replays).ToString(CultureInfo.InvariantCulture),
            ["plan"] = worst.Plan.ToString(),
        };
        return new(name, [.. limited.Skip(1).Select(Round)], [.. free.Skip(1).Select(Round)], "the same fit without a limit", "same process, in turn", null, watch.End(null), Facts: facts);

        static Round Kept(List<Fit> fits, Fit fit)
        {
            fits.Add(fit);
            return Round(fit);
        }
    }

    static Round Round(Fit fit) => new(fit.Seconds);

    static double Percent(Fit fit) => Math.Round(100.0 * (fit.Plan.PredictedPeak - fit.Peak) / fit.Peak, 1);

    /// <param name="Held">Most bytes in use and cached, seen after updates.</param>
    sealed record Fit(MemoryPlan Plan, long Limit, long Peak, long Held, double Seconds, double[] Losses, int Replays)
    {
        public static Fit Of(Model one, int[] lengths, long? limit)
        {
            Memory.Trim();
            Memory.Limit(limit);
            try
            {
                var examples = Berts.Examples(lengths, one.Size.Vocabulary, Seed);
                using var model = Berts.New(one.Size, Seed);
                using var folder = new Temporary();
                var seen = new Seen();
                var config = new TrainConfig { Batch = one.Batch, Epochs = 1, Precision = one.Precision };
                var fit = new Learner(model, config, Seed, store: new FitStore(new ResumeFolder(folder.Path), TimeSpan.MaxValue, [])).Fit(examples, examples[..1], new(seen, Plans: seen, Replays: seen));
                return new(seen.Plan!, limit ?? -1, fit.PeakBytes, seen.Held, fit.Seconds / fit.Updates, [.. seen.Losses], seen.Replays);
            }
            finally
            {
                Memory.Limit(null);
            }
        }
    }

    sealed class Seen : IProgress<StepResult>, IProgress<MemoryReport>, IProgress<ReplayResult>
    {
        public List<double> Losses { get; } = [];
        public MemoryPlan? Plan { get; private set; }
        public long Held { get; private set; }
        public int Replays { get; private set; }

        public void Report(StepResult value)
        {
            Losses.Add(value.Loss);
            Held = Math.Max(Held, Math.Max(value.Memory.Peak, value.Memory.InUse + value.Memory.Cached));
        }

        public void Report(MemoryReport value) => Plan = value.Plan;
        public void Report(ReplayResult value) => Replays++;
    }

    sealed class Temporary : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("tutti-bench-").FullName;
        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
