using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Tutti.Distributed;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Bench.Scaling;

/// <summary>What processes measure together, one line of JSON a round.</summary>
static class RankWork
{
    const int Seed = 1, Sums = 16;

    /// <summary>Updates of so many times fewer examples say what an update costs that holds little.</summary>
    public const int Small = 4;

    /// <param name="ranks">The processes, or null for one.</param>
    /// <param name="args">The work and its arguments.</param>
    public static IEnumerable<JsonObject> Do(Ranks? ranks, string[] args) => args switch
    {
        ["reduce", var size, var rounds] => Reduce(ranks!, ReduceBench.SizeOf(size), Number(rounds)),
        ["parts", var name, var rounds, .. var bytes] => [.. Parts(ranks, TrainCase.Find(name), 1, Number(rounds)), .. Parts(ranks, TrainCase.Find(name), Small, Number(rounds)), .. ranks is null ? [] : Messages(ranks, [.. bytes.Select(Number)])],
        ["updates", var name, var rounds] => Updates(ranks, TrainCase.Find(name), Number(rounds)),
        _ => throw new ArgumentException($"no such work: {string.Join(' ', args)}"),
    };

    static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

    /// <summary>All gradients of a model: through our buckets, in one flat buffer, and behind a backward pass; in turn.</summary>
    static IEnumerable<JsonObject> Reduce(Ranks ranks, BertSize size, int rounds)
    {
        using var model = Berts.New(size, Seed);
        Tensor[] weights = [.. model.Params.Items.Reverse().Select(item => item.Stored)];
        var config = new TrainConfig { Batch = 8 };
        using var gradients = new GradientSum(model, config, Seed);
        var share = Berts.Examples(Lengths.Tweets(4), size.Vocabulary, Seed + ranks.Rank);
        using var buckets = new Buckets(ranks, weights, Device.Cpu);
        using var scope = new Scope();
        var flat = Tensor.Zeros([weights.Sum(weight => weight.Count)]);
        for (var round = 0; round <= rounds; round++)
        {
            ranks.Meet();
            buckets.Begin();
            var alone = Seconds(() => gradients.Update(round), () => gradients.Add(share, share.Length));
            // All gradients are there: nothing hides their reduction.
            ranks.Meet();
            var ours = Seconds(null, buckets.Finish);
            ranks.Meet();
            var plain = Seconds(null, () => ranks.Reduce(flat));
            foreach (var weight in weights) weight.SetGrad(null);
            ranks.Meet();
            buckets.Begin();
            buckets.Arm(true);
            var behind = Seconds(() => gradients.Update(round), () => gradients.Add(share, share.Length));
            var waited = Seconds(null, buckets.Finish);
            foreach (var weight in weights) weight.SetGrad(null);
            yield return new() { ["bytes"] = flat.Count * sizeof(float), ["buckets"] = buckets.Count, ["ours"] = ours, ["plain"] = plain, ["alone"] = alone, ["behind"] = behind, ["waited"] = waited };
        }
    }

    /// <summary>A sum of so many bytes, a few times: the median.</summary>
    static IEnumerable<JsonObject> Messages(Ranks ranks, int[] sizes)
    {
        foreach (var bytes in sizes)
        {
            using var scope = new Scope();
            var tensor = Tensor.Zeros([bytes / sizeof(float)]);
            List<double> seconds = [];
            for (var i = 0; i < Sums; i++)
            {
                ranks.Meet();
                seconds.Add(Seconds(null, () => ranks.Reduce(tensor)));
            }
            yield return new() { ["bytes"] = bytes, ["seconds"] = Figures.Median(seconds) };
        }
    }

    /// <summary>Where the time of an update goes in one process. Several of them compute side by side and exchange nothing: what they share are the machine's cores and memory.</summary>
    /// <param name="fewer">So many times fewer examples in an update.</param>
    static IEnumerable<JsonObject> Parts(Ranks? ranks, TrainCase whole, int fewer, int rounds)
    {
        var one = whole with { Batch = Math.Max(1, whole.Batch / fewer) };
        using var updates = new TrainUpdates(one, one.Lengths(one.Batch * one.Updates));
        var micro = updates.Pass.Average(update => update.Count);
        for (var round = 0; round <= rounds; round++)
        {
            ranks?.Meet();
            var parts = updates.Parts();
            yield return new() { ["examples"] = one.Batch, ["warm"] = round > 0, ["update"] = parts.Update, ["forward"] = parts.Forward, ["backward"] = parts.Backward, ["optimizer"] = parts.Optimizer, ["micro"] = micro };
        }
    }

    /// <summary>Seconds of an update by Learner, in the middle of an epoch.</summary>
    static IEnumerable<JsonObject> Updates(Ranks? ranks, TrainCase one, int rounds)
    {
        var config = new TrainConfig { Batch = one.Batch, Epochs = 1, LearningRate = 2e-5, Schedule = ScheduleKind.Constant, Warmup = 0, WeightDecay = 0, MaxGradientNorm = 1, Precision = one.Precision };
        var examples = Berts.Examples(one.Lengths(one.Batch * one.Updates), one.Size.Vocabulary, Seed);
        using var model = Berts.New(one.Size, Seed);
        for (var round = 0; round <= rounds; round++)
        {
            var clock = new Steps();
            new Learner(model, config, Seed) { Ranks = ranks }.Fit(examples, examples[..1], new FitProgress(clock));
            yield return new() { ["seconds"] = clock.Mean };
        }
    }

    static double Seconds(Func<IDisposable>? around, Action body)
    {
        using var open = around?.Invoke();
        var begun = Stopwatch.GetTimestamp();
        body();
        return Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    /// <summary>From the end of the first update to that of the last.</summary>
    sealed class Steps : IProgress<StepResult>
    {
        long first, last;
        int count;

        public double Mean => Stopwatch.GetElapsedTime(first, last).TotalSeconds / Math.Max(1, count - 1);

        public void Report(StepResult value)
        {
            last = Stopwatch.GetTimestamp();
            if (count++ == 0) first = last;
        }
    }
}
