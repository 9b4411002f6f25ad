using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Tutti.Bench.Fuzz;

namespace Tutti.Bench;

/// <summary>Changed files of every format that Tutti reads: none may crash it, hold it up, fill its memory or lead it out of the folder.</summary>
sealed record FuzzBench() : Measurement("fuzz", "changed files of every format: only documented errors, below 1 s, at most ten times the file in memory, nothing outside the folder", FuzzCase.Names)
{
    const int Trials = 100_000, ShownFaults = 20;
    const long Seed = 5;

    /// <summary>A trial that takes longer than this is a hang: the process says which and ends.</summary>
    static readonly TimeSpan hang = TimeSpan.FromSeconds(60);

    /// <exception cref="FuzzException">A trial did what must not happen.</exception>
    public override void Run(IReadOnlyList<string> cases, int? rounds, Format format)
    {
        var faults = 0;
        List<string[]> rows = [["case", "changed files", "refused", "read", "faults", "slowest, ms", "most memory / file", "s"]];
        foreach (var name in cases)
        {
            var (row, json, found) = One(name, rounds ?? Trials);
            faults += found;
            rows.Add(row);
            if (format == Format.Json) Console.WriteLine(json.ToJsonString());
        }
        if (format != Format.Json) Grid.Print([.. rows], format);
        if (faults > 0) throw new FuzzException(FormattableString.Invariant($"{faults} changed files did what must not happen"));
    }

    // Keeps the file of a trial to look at; returns where.
    static string Kept(string name, int trial, FuzzRun run)
    {
        var path = Path.Combine(Path.GetTempPath(), FormattableString.Invariant($"tutti-fuzz-{name}-{trial}-{run.Last.Name}"));
        File.WriteAllBytes(path, run.Last.Bytes);
        return path;
    }

    static (string[] Row, JsonObject Json, int Faults) One(string name, int trials)
    {
        using var run = new FuzzRun(FuzzCase.Of(name), Seed);
        if (!run.WatchesReads) Console.Error.WriteLine("this disk does not keep when a file was last read: reading outside the folder would not be noticed");
        var current = 0;
        using var watch = new Timer(_ =>
        {
            if (run.Running is not (> 0 and var since) || Stopwatch.GetElapsedTime(since) < hang) return;
            Console.Error.WriteLine(FormattableString.Invariant($"{name}: trial {current} does not end ({Kept(name, current, run)})"));
            Environment.Exit(1);
        }, null, hang, TimeSpan.FromSeconds(5));
        var (refused, faults, slowest, ratio) = (0, 0, 0.0, 0.0);
        var clock = Stopwatch.GetTimestamp();
        for (; current < trials; current++)
        {
            var outcome = run.Trial(current);
            if (outcome.Refused) refused++;
            slowest = Math.Max(slowest, outcome.Seconds);
            ratio = Math.Max(ratio, run.Ratio(outcome));
            if (outcome.Fault is null) continue;
            if (++faults <= ShownFaults) Console.Error.WriteLine(FormattableString.Invariant($"{name}: trial {current}: {outcome.Fault} ({Kept(name, current, run)})"));
        }
        var seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds;
        string Number(double value, string how) => value.ToString(how, CultureInfo.InvariantCulture);
        return (
            [name, Number(trials, "0"), Number(refused, "0"), Number(trials - refused - faults, "0"), Number(faults, "0"), Number(1000 * slowest, "0.0"), Number(ratio, "0.00"), Number(seconds, "0")],
            new JsonObject { ["bench"] = "fuzz", ["case"] = name, ["trials"] = trials, ["refused"] = refused, ["faults"] = faults, ["slowest_ms"] = Math.Round(1000 * slowest, 1), ["memory_ratio"] = Math.Round(ratio, 2), ["seconds"] = Math.Round(seconds, 1) },
            faults);
    }
}

/// <summary>What must not happen did.</summary>
sealed class FuzzException(string text) : Exception(text);
