using System.Diagnostics;
using Tutti.Models;
using Tutti.Recipes;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Bench;

/// <summary>
/// Class probabilities of tweets from their token ids, as <c>tutti predict</c> computes them once rows are tokenised: window after window, each sorted
/// by length. Reading and tokenising texts is timed on neither side.
/// </summary>
static class PredictBench
{
    const int Seed = 1;

    sealed record Case(string Name, BertSize Size, Precision Precision, int Rows);

    static readonly BertSize bertBase = new(12, 768, 12, 3072), tiny = new(2, 128, 2, 512);

    static readonly Case[] cases =
    [
        new("bert-tiny-fp32", tiny, Precision.Fp32, 100_000),
        new("bert-tiny-bf16", tiny, Precision.Bf16, 100_000),
        // A fiftieth of the rows: a pass over all would take more than an hour, and their lengths are drawn alike.
        new("bert-base-fp32", bertBase, Precision.Fp32, 2_000),
        new("bert-base-bf16", bertBase, Precision.Bf16, 2_000),
    ];

    public static Benchmark All { get; } = new("predict", "class probabilities of tweets from token ids; peer: a plain PyTorch loop over padded batches of 32 sorted by length", "examples/s", true,
        [.. cases.Select(one => one.Name)], Run);

    static Outcome Run(string name, int rounds)
    {
        var one = Array.Find(cases, one => one.Name == name)!;
        var lengths = Lengths.Tweets(one.Rows);
        using var model = Berts.New(one.Size, Seed);
        var examples = Berts.Examples(lengths, one.Size.Vocabulary, Seed);
        string? skipped = null;
        using var peer = BertPeer.Start("bert_predict.py", one.Size, one.Precision == Precision.Bf16 ? "bf16" : "fp32", lengths, ref skipped);
        var (our, their, failed, surroundings) = Rounds.Alternate(rounds, () => Ours(model, examples, one.Precision), peer, Theirs, name);
        return new(name, our, their, $"plain PyTorch{(peer is null ? "" : " " + peer.Torch)}, padded batches of 32 sorted by length, inference mode", peer?.Conditions ?? "", skipped ?? failed, surroundings);
    }

    static Round Ours(TextModel model, Example[] examples, Precision precision)
    {
        Memory.Trim();
        _ = Memory.Stats(Device.Cpu, resetPeak: true);
        var clock = Stopwatch.GetTimestamp();
        var values = 0;
        foreach (var window in examples.Chunk(TrainedRun.WindowRows)) values += Predictor.Probabilities(model, window, precision).Length;
        var seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds;
        if (values != 2 * examples.Length) throw new InvalidOperationException($"{values} probabilities of {examples.Length} examples");
        return new(examples.Length / seconds, Memory.Stats(Device.Cpu).Peak);
    }

    static Round Theirs(Peer peer)
    {
        var answer = peer.Ask([]);
        return new((double)answer["examples"]! / (double)answer["seconds"]!, (long)answer["peak_rss_mb"]! << 20);
    }
}
