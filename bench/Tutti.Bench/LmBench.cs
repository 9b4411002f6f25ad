using System.Globalization;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Bench;

/// <summary>Updates of an AWD-LSTM language model beside a plain PyTorch twin: the same sizes, batch, length of back-propagation, dropouts and optimizer.</summary>
static class LmBench
{
    public static Benchmark All { get; } = new("lm", "updates of an AWD-LSTM language model (forward, backward, AdamW); peer: a plain PyTorch twin of fastai's", "updates/s", true, [.. LmCase.All.Select(one => one.Name)], Run);

    static Outcome Run(string name, int rounds)
    {
        var one = LmCase.Find(name);
        Memory.Trim();
        Memory.Stats(Device.Cpu, resetPeak: true);
        Machine.ForgetResidentPeak();
        using var ours = new LmUpdates(one);
        string? skipped = null;
        using var peer = Start(one, ref skipped);
        var (our, their, failed, surroundings) = Rounds.Alternate(rounds, ours.Round, peer, peer => Theirs(peer, one), name);
        var facts = new Dictionary<string, string>
        {
            ["precision"] = ours.Computes,
            ["peer's precision"] = Text(one.PeerPrecision),
            ["tokens/s"] = string.Create(CultureInfo.InvariantCulture, $"{Figures.Median(our.Select(round => round.Value)) * one.Batch * one.Length:0}"),
        };
        return new(name, our, their, $"plain PyTorch{(peer is null ? "" : " " + peer.Torch)}", peer?.Conditions ?? "", skipped ?? failed, surroundings, ours.Parts(), facts);
    }

    static Peer? Start(LmCase one, ref string? skipped)
    {
        try
        {
            return new("awd_lstm.py",
                [.. one.Size.Arguments(), "--batch", Figures.Exact(one.Batch), "--length", Figures.Exact(one.Length), "--precision", Text(one.PeerPrecision), "--threads", Figures.Exact(Engine.Threads)]);
        }
        catch (PeerException e)
        {
            skipped = e.Message;
            return null;
        }
    }

    static Round Theirs(Peer peer, LmCase one)
    {
        var answer = peer.Ask(new() { ["steps"] = one.Updates });
        return new(one.Updates / (double)answer["seconds"]!, (long)answer["peak_rss_mb"]! << 20, new(Part("forward"), Part("backward"), Part("optimizer")));

        double Part(string key) => 1000 * (double)answer[key]! / one.Updates;
    }

    static string Text(Precision precision) => precision == Precision.Bf16 ? "bf16" : "fp32";
}
