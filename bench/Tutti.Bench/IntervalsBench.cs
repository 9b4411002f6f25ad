using System.Globalization;
using System.Text.Json.Nodes;

namespace Tutti.Bench;

/// <summary>Do intervals hold what they promise? Simulated evaluations whose truth is known.</summary>
sealed record IntervalsBench() : Measurement("intervals", "how often 95 % intervals hold the truth, and paired tests claim a difference that is not there, on simulated data", [.. IntervalTask.Cases.Keys])
{
    const int Repetitions = 2000;

    public override void Run(IReadOnlyList<string> cases, int? rounds, Format format)
    {
        List<string[]> rows = [["case", "repetitions", "interval holds the truth (93 to 97 %)", "false alarms of the interval (4 to 6 %)", "P below 0.05 (4 to 6 %; McNemar's exact test: at most 5 %)"]];
        var repetitions = rounds ?? Repetitions;
        foreach (var name in cases)
        {
            var found = IntervalTask.Cases[name](repetitions);
            rows.Add([name, repetitions.ToString(CultureInfo.InvariantCulture), Percent(found.Covered), Percent(found.Alarms), Percent(found.SmallP)]);
            if (format == Format.Json) Console.WriteLine(new JsonObject { ["bench"] = Name, ["case"] = name, ["repetitions"] = repetitions, ["covered"] = Number(found.Covered), ["false_alarms"] = Number(found.Alarms), ["p_below_0.05"] = Number(found.SmallP) }.ToJsonString());
        }
        if (format != Format.Json) Grid.Print([.. rows], format);
    }

    static string Percent(double share) => double.IsNaN(share) ? "" : string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0} %");

    static JsonNode? Number(double share) => double.IsNaN(share) ? null : share;
}
