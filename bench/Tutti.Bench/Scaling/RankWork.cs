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
        ["scaling", var name, var rounds, .. var bytes] => Scaling(ranks, TrainCase.Find(name), Number(rounds), [.. bytes.Select(Number)]),
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

    /// <summary>
    /// In turn, so that all see the same machine: updates that processes compute side by side and exchange nothing, sharing the machine's cores and memory only; sums alone; and updates that they train together.
    /// </summary>
    static IEnumerable<JsonObject> Scaling(Ranks? ranks, TrainCase one, int rounds, int[] sizes)
    {
        using PartClock whole = new(one), few = new(one with { Batch = Math.Max(1, one.Batch / Small) });
        var examples = Berts.Examples(one.Lengths(one.Batch * one.Updates), one.Size.Vocabulary, Seed);
        var config = new TrainConfig { Batch = one.Batch, Epochs = 1, LearningRate = 2e-5, Schedule = ScheduleKind.Constant, Warmup = 0, WeightDecay = 0, MaxGradientNorm = 1, Precision = one.Precision };
        using var model = Berts.New(one.Size, Seed);
        for (var round = 0; round <= rounds; round++)
        {
            foreach (var side in (PartClock[])[whole, few])
            {
                ranks?.Meet();
                if (side.Round() is var line && round > 0) yield return line;
            }
            foreach (var bytes in sizes)
                if (ranks is not null && Message(ranks, bytes) is var line && round > 0) yield return line;
            ranks?.Meet();
            var clock = new Steps();
            new Learner(model, config, Seed) { Ranks = ranks }.Fit(examples, examples[..1], new FitProgress(clock));
            if (round > 0) yield return new() { ["together"] = clock.Mean };
        }
    }

    /// <summary>A sum of so many bytes, a few times: the median.</summary>
    static JsonObject Message(Ranks ranks, int bytes)
    {
        using var scope = new Scope();
        var tensor = Tensor.Zeros([bytes / sizeof(float)]);
        var seconds = new double[Sums];
        for (var i = 0; i < Sums; i++)
        {
            ranks.Meet();
            seconds[i] = Seconds(null, () => ranks.Reduce(tensor));
        }
        return new() { ["bytes"] = bytes, ["seconds"] = Figures.Median(seconds) };
    }

    /// <summary>Where the time of an update goes in one process.</summary>
    sealed class PartClock(TrainCase one) : IDisposable
    {
        readonly TrainUpdates updates = new(one, one.Lengths(one.Batch * one.Updates));

        public JsonObject Round()
        {
            var parts = updates.Parts();
            return new() { ["examples"] = one.Batch, ["update"] = parts.Update / 1000, ["forward"] = parts.Forward / 1000, ["backward"] = parts.Backward / 1000, ["micro"] = updates.Pass.Average(update => update.Count) };
        }

        public void Dispose() => updates.Dispose();
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
