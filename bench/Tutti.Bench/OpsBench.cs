using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Tutti.Torch;

namespace Tutti.Bench;

/// <summary>What a call of a small operator costs from C#: the same loop in Python is the peer. The tensors are so small that the call is the work.</summary>
static class OpsBench
{
    const int Calls = 100_000, Scoped = 100;

    // One call each; the tensors are (4,8) and weights of their size, as in bench/peers/ops.py.
    static readonly Dictionary<string, (bool Grad, Func<Tensor[], Tensor> Call)> cases = new()
    {
        ["add"] = (false, x => x[0] + x[1]),
        ["add-recorded"] = (true, x => x[0] + x[1]),
        ["view"] = (false, x => x[0].View(8, 4)),
        ["layer-norm"] = (false, x => x[0].LayerNorm(x[3], x[4], 1e-5)),
        ["linear"] = (false, x => x[0].Linear(x[2], x[4])),
        ["linear-recorded"] = (true, x => x[0].Linear(x[2], x[4])),
    };

    public static Benchmark All { get; } = new("ops", "the cost of calling small operators, with and without recording for backward; peer: the same loop in Python", "us/call", false, [.. cases.Keys], Run);

    static Outcome Run(string name, int rounds)
    {
        Peer? peer = null;
        string? skipped = null;
        try
        {
            peer = new Peer("ops.py", Engine.Threads.ToString(CultureInfo.InvariantCulture));
        }
        catch (PeerException e)
        {
            skipped = e.Message;
        }
        using (peer)
        using (new Scope())
        {
            var (our, their, failed, surroundings) = Rounds.Alternate(rounds, () => Ours(name), peer, peer => Theirs(peer, name), name);
            return new(name, our, their, $"Python, PyTorch{(peer is null ? "" : " " + peer.Torch)}", peer?.Conditions ?? "", skipped ?? failed, surroundings);
        }
    }

    static Round Ours(string name)
    {
        using var scope = new Scope();
        var (grad, call) = cases[name];
        Tensor[] x = [Ones(4, 8), Ones(4, 8), Ones(8, 8), Ones(8), Ones(8)];
        if (grad) foreach (var tensor in x) tensor.RequireGrad();
        using var mode = grad ? null : Modes.NoGrad();
        var clock = Stopwatch.GetTimestamp();
        for (var i = 0; i < Calls / Scoped; i++)
        {
            using var freed = new Scope();
            for (var k = 0; k < Scoped; k++) call(x);
        }
        return new(Stopwatch.GetElapsedTime(clock).TotalMicroseconds / Calls);
    }

    static Round Theirs(Peer peer, string name) => new((double)peer.Ask(new JsonObject { ["case"] = name, ["calls"] = Calls })["us"]!);

    static Tensor Ones(params long[] shape)
    {
        var tensor = Tensor.Empty(shape);
        tensor.Fill(1);
        return tensor;
    }
}
