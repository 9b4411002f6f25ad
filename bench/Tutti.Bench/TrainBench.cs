using System.Globalization;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Bench;

/// <summary>Fine-tuning updates of BERT: Learner against a plain PyTorch loop.</summary>
static class TrainBench
{
    public static Benchmark All { get; } = new("train", "fine-tuning updates of BERT (forward, backward, clipping, AdamW); peer: a plain PyTorch loop", "examples/s", true, [.. TrainCase.All.Select(one => one.Name)], Run);

    static Outcome Run(string name, int rounds)
    {
        var one = TrainCase.Find(name);
        var lengths = one.Lengths(one.Batch * one.Updates);
        Memory.Trim();
        Machine.ForgetResidentPeak();
        using var ours = new TrainUpdates(one, lengths);
        string? skipped = null;
        using var peer = BertPeer.Start("bert_train.py", one.Size, Text(one.Theirs), lengths, ref skipped, ["--batch", one.Batch.ToString(CultureInfo.InvariantCulture), .. one.PeerGroups ? (string[])["--group-by-length"] : []]);
        var (our, their, failed, surroundings) = Rounds.Alternate(rounds, ours.Round, peer, peer => Theirs(peer, one), name);
        var facts = new Dictionary<string, string> { ["precision"] = Text(one.Precision), ["peer's precision and batches"] = $"{Text(one.Theirs)}, {(one.PeerGroups ? "by length" : "random")}" };
        return new(name, our, their, $"plain PyTorch{(peer is null ? "" : " " + peer.Torch)}", peer?.Conditions ?? "", skipped ?? failed, surroundings, ours.Parts().AsPeers(), facts);
    }

    static Round Theirs(Peer peer, TrainCase one)
    {
        var answer = peer.Ask(new() { ["steps"] = one.Updates });
        return new((double)answer["examples"]! / (double)answer["seconds"]!, (long)answer["peak_rss_mb"]! << 20, new(Part("forward"), Part("backward"), Part("optimizer")));

        double Part(string key) => 1000 * (double)answer[key]! / one.Updates;
    }

    static string Text(Precision precision) => precision switch { Precision.Bf16 => "bf16", Precision.Fp32 => "fp32", _ => "auto" };
}
