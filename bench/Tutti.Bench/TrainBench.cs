using System.Globalization;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Bench;

/// <summary>The sizes of a BERT; vocabulary, positions and dropout are the published ones.</summary>
sealed record BertSize(int Layers, int Hidden, int Heads, int Intermediate);

/// <summary>One row of the table: a round is one pass over <paramref name="Updates"/> batches, of the same lengths in every round and on both sides.</summary>
/// <param name="Name">As on the command line.</param>
/// <param name="Size">The model.</param>
/// <param name="Precision">Of the forward and backward pass.</param>
/// <param name="Batch">Examples per update.</param>
/// <param name="Updates">Of a round.</param>
/// <param name="Lengths">Tokens of so many examples.</param>
sealed record TrainCase(string Name, BertSize Size, Precision Precision, int Batch, int Updates, Func<int, int[]> Lengths);

/// <summary>Fine-tuning updates of BERT: Learner against a plain PyTorch loop.</summary>
static class TrainBench
{
    static readonly BertSize bertBase = new(12, 768, 12, 3072), tiny = new(2, 128, 2, 512);

    static readonly TrainCase[] cases =
    [
        new("bert-tiny-fp32", tiny, Precision.Fp32, 16, 60, count => Lengths.Fixed(count, 32)),
        new("bert-tiny-bf16", tiny, Precision.Bf16, 16, 60, count => Lengths.Fixed(count, 32)),
        new("bert-tiny-tweets-fp32", tiny, Precision.Fp32, 16, 60, Lengths.Tweets),
        new("bert-tiny-tweets-bf16", tiny, Precision.Bf16, 16, 60, Lengths.Tweets),
        new("bert-base-tweets-fp32", bertBase, Precision.Fp32, 16, 8, Lengths.Tweets),
        new("bert-base-tweets-bf16", bertBase, Precision.Bf16, 16, 8, Lengths.Tweets),
        new("bert-base-128-fp32", bertBase, Precision.Fp32, 16, 3, count => Lengths.Fixed(count, 128)),
        new("bert-base-128-bf16", bertBase, Precision.Bf16, 16, 3, count => Lengths.Fixed(count, 128)),
        new("bert-base-512-bf16", bertBase, Precision.Bf16, 4, 3, count => Lengths.Fixed(count, 512)),
    ];

    public static Benchmark All { get; } = new("train", "fine-tuning updates of BERT (forward, backward, clipping, AdamW); peer: a plain PyTorch loop", "examples/s", true, [.. cases.Select(one => one.Name)], Run);

    static Outcome Run(string name, int rounds)
    {
        var one = Array.Find(cases, one => one.Name == name)!;
        var lengths = one.Lengths(one.Batch * one.Updates);
        using var ours = new TrainUpdates(one, lengths);
        string? skipped = null;
        using var peer = Start(one, lengths, ref skipped);
        var (our, their, failed, surroundings) = Rounds.Alternate(rounds, ours.Round, peer, peer => Theirs(peer, one), name);
        return new(name, our, their, PeerName(peer), peer?.Conditions ?? "", skipped ?? failed, surroundings, ours.Parts());
    }

    static string PeerName(Peer? peer) => $"plain PyTorch{(peer is null ? "" : " " + peer.Torch)}, padded random batches";

    static Peer? Start(TrainCase one, int[] lengths, ref string? skipped)
    {
        var file = Path.GetTempFileName();
        try
        {
            Lengths.Write(file, lengths);
            return new Peer("bert_train.py",
            [
                "--layers", Text(one.Size.Layers), "--hidden", Text(one.Size.Hidden), "--heads", Text(one.Size.Heads), "--intermediate", Text(one.Size.Intermediate),
                "--batch", Text(one.Batch), "--precision", one.Precision == Precision.Bf16 ? "bf16" : "fp32", "--lengths", file, "--threads", Text(Engine.Threads),
            ]);
        }
        catch (PeerException e)
        {
            skipped = e.Message;
            return null;
        }
        finally
        {
            File.Delete(file);                                // a peer that is ready has read it
        }
    }

    static Round Theirs(Peer peer, TrainCase one)
    {
        var answer = peer.Ask(new() { ["steps"] = one.Updates });
        return new((double)answer["examples"]! / (double)answer["seconds"]!, (long)answer["peak_rss_mb"]! << 20, new(Part("forward"), Part("backward"), Part("optimizer")));

        double Part(string key) => 1000 * (double)answer[key]! / one.Updates;
    }

    static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
