using System.Globalization;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Bench;

/// <summary>
/// Do the losses of 200 updates follow an fp32 reference within the spread of three seeds? A small BERT learns a real rule, the same rows under
/// each seed; a seed decides weights, order and dropout. Without dropout both sides have the same weights and batches, so that the curves
/// themselves can be compared.
/// </summary>
sealed record LossBench() : Measurement("losses", "losses of 200 updates beside an fp32 reference, against the spread of its three seeds", [.. all.Select(one => one.Name)])
{
    /// <summary>What is compared with what.</summary>
    /// <param name="Name">As on the command line.</param>
    /// <param name="Precision">Of the path under test.</param>
    /// <param name="Dropout">Of both sides.</param>
    /// <param name="PeerIsReference">Plain PyTorch in fp32; else ours in fp32.</param>
    public sealed record Case(string Name, Precision Precision, double Dropout, bool PeerIsReference);

    static readonly Case[] all =
    [
        new("fp32", Precision.Fp32, 0, true),
        new("bf16", Precision.Bf16, 0, true),
        new("fp32-dropout", Precision.Fp32, 0.1, true),
        new("bf16-dropout", Precision.Bf16, 0.1, true),
        new("bf16-dropout-same-masks", Precision.Bf16, 0.1, false),
    ];

    static readonly long[] seeds = [1, 2, 3];

    public override void Run(IReadOnlyList<string> cases, int? rounds, Format format)
    {
        if (rounds is not null) throw new ConfigException("--rounds", "losses has no rounds: every seed is trained once, and its losses do not depend on the machine's load");
        string? skipped = null;
        using var peer = Start(ref skipped);
        Dictionary<(double, Precision?, long), double[]> known = [];
        List<LossOutcome> outcomes = [];
        foreach (var one in cases.Select(name => all.First(one => one.Name == name)))
        {
            if (one.PeerIsReference && peer is null)
            {
                Console.Error.WriteLine($"{one.Name}: skipped: {skipped}");
                continue;
            }
            outcomes.Add(new(one.Name, one.PeerIsReference ? $"PyTorch {peer!.Torch} fp32" : "ours fp32", seeds,
                [.. seeds.Select(seed => Known(one.Precision, seed))], [.. seeds.Select(seed => Known(one.PeerIsReference ? null : Precision.Fp32, seed))]));
            if (format == Format.Json) Console.WriteLine(outcomes[^1].Json().ToJsonString());

            // A side that several cases share is trained once; null is the peer.
            double[] Known(Precision? precision, long seed)
            {
                if (known.TryGetValue((one.Dropout, precision, seed), out var losses)) return losses;
                Console.Error.WriteLine(FormattableString.Invariant($"{one.Name}: seed {seed}, {(precision is null ? "PyTorch" : $"ours in {precision}")}"));
                return known[(one.Dropout, precision, seed)] = precision is { } ours ? LossTask.Usual.Ours(seed, ours, one.Dropout) : LossTask.Usual.Theirs(peer!, seed, one.Dropout);
            }
        }
        if (format == Format.Json) return;
        LossOutcome.Print(outcomes, format);
        Grid.Notes([.. Machine.Notes(), .. peer is null ? (string[])[$"PyTorch skipped: {skipped}"] : [$"peer: plain PyTorch {peer.Torch}; {peer.Conditions}"]], format);
    }

    static Peer? Start(ref string? skipped)
    {
        try
        {
            return new("bert_losses.py", Engine.Threads.ToString(CultureInfo.InvariantCulture));
        }
        catch (PeerException e)
        {
            skipped = e.Message;
            return null;
        }
    }
}
