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
    const int Seed = 1;

    /// <param name="ranks">The processes, or null for one.</param>
    /// <param name="args">The work and its arguments.</param>
    public static IEnumerable<JsonObject> Do(Ranks? ranks, string[] args) => args switch
    {
        ["reduce", var size, var rounds] => Reduce(ranks!, ReduceBench.SizeOf(size), Number(rounds)),
        ["messages", .. var bytes] => Messages(ranks!, [.. bytes.Select(Number)]),
        ["parts", var name, var rounds] => Parts(TrainCase.Find(name), Number(rounds)),
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

    /// <summary>A sum of so many bytes, a few times: the least time.</summary>
    static IEnumerable<JsonObject> Messages(Ranks ranks, int[] sizes)
    {
        foreach (var bytes in sizes)
        {
            using var scope = new Scope();
            var tensor = Tensor.Zeros([bytes / sizeof(float)]);
            double least = double.MaxValue;
            for (var i = 0; i < 8; i++)
            {
                ranks.Meet();
                least = Math.Min(least, Seconds(null, () => ranks.Reduce(tensor)));
            }
            yield return new() { ["bytes"] = bytes, ["seconds"] = least };
        }
    }

    /// <summary>Where the time of an update goes in one process.</summary>
    static IEnumerable<JsonObject> Parts(TrainCase one, int rounds)
    {
        using var updates = new TrainUpdates(one, one.Lengths(one.Batch * one.Updates));
        var micro = updates.Pass.Average(update => update.Count);
        for (var round = 0; round <= rounds; round++)
        {
            var parts = updates.Parts();
            yield return new() { ["update"] = parts.Update, ["forward"] = parts.Forward, ["backward"] = parts.Backward, ["optimizer"] = parts.Optimizer, ["preparation"] = parts.Preparation, ["micro"] = micro };
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
