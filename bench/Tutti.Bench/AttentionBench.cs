using System.Diagnostics;
using System.Globalization;
using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Bench;

/// <summary>Forward and backward of one layer's attention, 12 heads of 64, dropout 0.1: the kernel beside PyTorch's operators on a padded batch.</summary>
static class AttentionBench
{
    const int Heads = 12, Size = 64;

    sealed record Case(string Name, DType DType, int Passes, int[] Lengths)
    {
        // Six products of length x length x Size per head: two forward, four backward. Computing the scores again is not counted.
        public double Operations => Lengths.Sum(length => 6.0 * 2 * length * length * Size * Heads);
    }

    static readonly Case[] cases =
    [
        new("tweets-fp32", DType.Float32, 200, Lengths.Tweets(16)), new("tweets-bf16", DType.BFloat16, 200, Lengths.Tweets(16)),
        new("16x128-fp32", DType.Float32, 30, Lengths.Fixed(16, 128)), new("16x128-bf16", DType.BFloat16, 50, Lengths.Fixed(16, 128)),
        new("4x512-fp32", DType.Float32, 10, Lengths.Fixed(4, 512)), new("4x512-bf16", DType.BFloat16, 15, Lengths.Fixed(4, 512)),
    ];

    public static Benchmark All { get; } = new("attention", "forward and backward of attention, 12 heads of 64, dropout 0.1; peer: matmul, softmax, dropout, matmul on a padded batch", "ms/pass", false,
        [.. cases.Select(one => one.Name)], Run);

    static Outcome Run(string name, int rounds)
    {
        var one = Array.Find(cases, one => one.Name == name)!;
        Peer? peer = null;
        string? skipped = null;
        try
        {
            peer = new Peer("attention.py", [Text(Engine.Threads), one.DType == DType.BFloat16 ? "bf16" : "fp32", Text(Heads), Text(Heads * Size), .. one.Lengths.Select(Text)]);
        }
        catch (PeerException e)
        {
            skipped = e.Message;
        }
        using (peer)
        using (var ours = new Passes(one))
        {
            var (our, their, failed, surroundings) = Rounds.Alternate(rounds, ours.Round, peer, peer => new Round((double)peer.Ask(new() { ["passes"] = one.Passes })["ms"]!), name);
            var fastest = our.Min(round => round.Value);
            var facts = new Dictionary<string, string> { ["GFLOP/s, best"] = (one.Operations / fastest / 1e6).ToString("0", CultureInfo.InvariantCulture) };
            return new(name, our, their, $"plain PyTorch{(peer is null ? "" : " " + peer.Torch)}, padded", peer?.Conditions ?? "", skipped ?? failed, surroundings, Facts: facts);
        }
    }

    sealed class Passes : IDisposable
    {
        readonly Case one;
        readonly Scope scope = new();
        readonly Params p = new(1);
        readonly SelfAttention attention;
        readonly Ragged ragged;
        readonly Tensor[] inputs;

        public Passes(Case one)
        {
            this.one = one;
            p.Run.Training = true;
            attention = new(p, Heads, 0.1);
            ragged = new(one.Lengths, [.. one.Lengths.Select((_, i) => (long)i)], Device.Cpu, one.DType);
            var stream = RandomStream.Of(1, "attention");
            inputs = [.. Enumerable.Range(0, 3).Select(part => Tensor.From([.. Enumerable.Range(0, ragged.Tokens * Heads * Size).Select(i => (float)stream.Normal((3L * i) + part))], ragged.Tokens, Heads * Size).To(one.DType).RequireGrad())];
        }

        public Round Round()
        {
            var clock = Stopwatch.GetTimestamp();
            for (var i = 0; i < one.Passes; i++)
            {
                using var pass = new Scope();
                foreach (var x in inputs) x.SetGrad(null);
                attention.Forward(inputs[0], inputs[1], inputs[2], ragged).Sum().Backward();
            }
            return new(Stopwatch.GetElapsedTime(clock).TotalMilliseconds / one.Passes);
        }

        public void Dispose()
        {
            foreach (var x in inputs) x.SetGrad(null);
            scope.Dispose();
        }
    }

    static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
