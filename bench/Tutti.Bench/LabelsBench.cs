using System.Diagnostics;
using System.Globalization;
using System.Text;
using Tutti.Labels;
using Tutti.Torch;

namespace Tutti.Bench;

/// <summary>Label issues of made probabilities (float32, a file), found by the usual filter; the file is read before the clock starts, on both sides.</summary>
static class LabelsBench
{
    const double Noise = 0.1;

    /// <param name="Searches">In a round, whose figure is their mean: one alone would be too short to time.</param>
    sealed record Case(string Name, int Rows, int K, int Searches);

    static readonly Case[] cases = [new("n50k-k20", 50_000, 20, 20), new("n200k-k100", 200_000, 100, 3)];

    public static Benchmark All { get; } = new("labels", "label issues (prune_by_noise_rate) of float32 probabilities; peer: cleanlab's find_label_issues with its usual workers", "s", false,
        [.. cases.Select(one => one.Name)], Run);

    static Outcome Run(string name, int rounds)
    {
        var one = Array.Find(cases, one => one.Name == name)!;
        using var folder = new TemporaryFolder("tutti-bench-");
        var (probabilities, labelFile) = (folder.File("probabilities.npy"), folder.File("labels.txt"));
        var labels = Make(one, probabilities);
        File.WriteAllLines(labelFile, labels.Select(label => label.ToString(CultureInfo.InvariantCulture)));
        var rows = NpyFile.Open(probabilities).Read<float>();
        var (ours, theirs, streamed, first) = (0, -1, 0.0, 0L);
        string? skipped = null;
        using var peer = Start(probabilities, labelFile, ref skipped);
        var (our, their, failed, surroundings) = Rounds.Alternate(rounds, Ours, peer, Theirs, name);
        var input = (double)one.Rows * one.K * sizeof(float);
        var facts = new Dictionary<string, string>
        {
            ["issues: ours, peer"] = string.Create(CultureInfo.InvariantCulture, $"{ours}, {(their.Count > 0 ? theirs.ToString(CultureInfo.InvariantCulture) : "-")}"),
            ["peak of our process with the first search / input"] = string.Create(CultureInfo.InvariantCulture, $"{first / input:0.00}"),
            ["streamed from the file (s)"] = string.Create(CultureInfo.InvariantCulture, $"{streamed:0.000}"),
        };
        return new(name, our, their, (string?)peer?.Ready["torch"] ?? "cleanlab", peer?.Conditions ?? "", skipped ?? failed, surroundings, Facts: facts);

        Round Ours()
        {
            if (first == 0)
            {
                LabelAudit.Of(rows, labels).Find();
                first = Peak();                               // later ones add what the collector has not yet taken back
            }
            var clock = Stopwatch.GetTimestamp();
            for (var search = 0; search < one.Searches; search++) ours = LabelAudit.Of(rows, labels).Find().Count(flagged => flagged);
            var seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds / one.Searches;
            clock = Stopwatch.GetTimestamp();
            var again = LabelAudit.Of(NpyFile.Open(probabilities).Stream<float>(), labels).Find().Count(flagged => flagged);
            streamed = Stopwatch.GetElapsedTime(clock).TotalSeconds;
            if (again != ours) throw new InvalidOperationException($"streamed {again} issues, in memory {ours}");
            return new(seconds, Resident: Peak());
        }

        Round Theirs(Peer peer)
        {
            var answer = peer.Ask(new() { ["searches"] = one.Searches });
            theirs = (int)answer["issues"]!;
            return new((double)answer["seconds"]!, (long)((double)answer["peak_rss_mb"]! * (1 << 20)));
        }
    }

    static Peer? Start(string probabilities, string labels, ref string? skipped)
    {
        try
        {
            return new Peer("labels.py", "--probs", probabilities, "--labels", labels);
        }
        catch (PeerException e)
        {
            skipped = e.Message;
            return null;
        }
    }

    // The program's largest resident size so far, with the runtime and the engine in it.
    static long Peak()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }

    // A model that is mostly right, and labels of which a tenth were drawn anew; written row by row, so that nothing large is left behind.
    static int[] Make(Case one, string path)
    {
        var random = RandomStream.Of(7, one.Name);
        var labels = new int[one.Rows];
        var head = $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({one.Rows}, {one.K}), }}".PadRight(117) + "\n";
        using var writer = new BinaryWriter(File.Create(path));
        writer.Write([0x93, .. "NUMPY"u8, 1, 0]);
        writer.Write((ushort)head.Length);
        writer.Write(Encoding.ASCII.GetBytes(head));
        var row = new double[one.K];
        for (var i = 0; i < one.Rows; i++)
        {
            var at = (long)i * (one.K + 3);                   // each row's own numbers of the stream
            var truth = random.Below(at, one.K);
            labels[i] = random.Uniform(at + 1) < Noise ? random.Below(at + 2, one.K) : truth;
            var sum = 0.0;
            for (var k = 0; k < one.K; k++) sum += row[k] = Math.Exp((k == truth ? 4 : 0) + (3 * random.Uniform(at + 3 + k)));
            foreach (var p in row) writer.Write((float)(p / sum));
        }
        return labels;
    }
}
