using System.Text.Json.Nodes;
using Tutti.Distributed;

namespace Tutti.Bench.Scaling;

/// <summary>Gradients of a whole model summed over two processes: our buckets beside c10d's all-reduce of one flat buffer, and how much of it backward hides.</summary>
static class ReduceBench
{
    const int Processes = 2;

    static readonly Dictionary<string, BertSize> sizes = new(StringComparer.Ordinal)
    {
        ["bert-base"] = new(12, 768, 12, 3072),
        ["bert-4x256"] = new(4, 256, 4, 1024, 8000),
    };

    public static BertSize SizeOf(string name) => sizes[name];

    public static Benchmark All { get; } = new("reduce", "gradients of a model summed over two processes: buckets beside c10d's all-reduce of one flat buffer, and the share that backward hides", "GB/s", true, [.. sizes.Keys], Measure);

    static Outcome Measure(string name, int rounds)
    {
        if (!ProcessGroup.Has(GroupKind.Gloo)) throw new ConfigException("reduce", "this build of the engine has no Gloo; see tutti doctor");
        var watch = new Watch();
        watch.Begin(null);
        var measured = BenchRanks.Run(Processes, out var processors, "reduce", name, Figures.Exact(rounds))[1..];
        var bytes = (double)measured[0]["bytes"]!;
        var facts = new Dictionary<string, string>
        {
            ["gradients"] = FormattableString.Invariant($"{bytes / 1e6:0} MB in {(int)measured[0]["buckets"]!} buckets"),
            ["buckets, ms"] = Spread(measured, "ours"),
            ["flat, ms"] = Spread(measured, "plain"),
            ["backward alone, ms"] = Spread(measured, "alone"),
            ["backward with sums, ms"] = Spread(measured, "behind"),
            ["left behind it, ms"] = Spread(measured, "waited"),
            ["hidden"] = Figures.Percent(Figures.Median(measured.Select(Hidden))),
        };
        return new(name, [.. measured.Select(line => new Round(bytes / (double)line["ours"]! / 1e9))], [.. measured.Select(line => new Round(bytes / (double)line["plain"]! / 1e9))],
            "c10d's all-reduce of one flat buffer", BenchRanks.Conditions(Processes), null, watch.End(null, processors), Facts: facts);
    }

    /// <summary>The share of the sums' time, as long as it is alone, that an update does not wait for.</summary>
    static double Hidden(JsonObject line) => 1 - Math.Min(1, (double)line["waited"]! / (double)line["ours"]!);

    static string Spread(JsonObject[] lines, string key) => Figures.Spread([.. lines.Select(line => 1000 * (double)line[key]!)]);
}
