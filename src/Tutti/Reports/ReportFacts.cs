using System.Globalization;
using System.Text.Json.Nodes;
using Tutti.Tables;

namespace Tutti.Reports;

/// <summary>The data as a report shows them, and what a reader should not miss.</summary>
static class ReportFacts
{
    static readonly string[] encoded = ["member", "rows", "truncated", "lostTokens", "allTokens", "maxLength", "vocabulary"];

    public static JsonObject? Data(ReportSource source, ReportEvents events)
    {
        var truncation = new JsonArray([.. events.Encoded.Select(pair => (JsonNode?)new JsonObject([.. encoded
            .Select(key => KeyValuePair.Create(key, pair.Value[key]?.DeepClone()))]))]);
        if (source.Summary is not { } summary) return null;
        return new()
        {
            ["rows"] = summary.Rows,
            ["testRows"] = source.TestRows,
            ["classes"] = new JsonArray([.. summary.Classes.Select(one => (JsonNode?)new JsonObject { ["name"] = one.Name, ["rows"] = one.Rows })]),
            ["lengths"] = source.OfPictures ? null : new JsonObject
            {
                ["min"] = summary.Lengths.Min,
                ["median"] = ReportJson.Rounded(summary.Lengths.Median),
                ["mean"] = ReportJson.Rounded(summary.Lengths.Mean),
                ["p95"] = summary.Lengths.P95,
                ["max"] = summary.Lengths.Max,
            },
            ["empty"] = source.OfPictures ? null : summary.EmptyTexts,
            ["repeats"] = source.OfPictures ? new JsonArray() : new JsonArray([.. Repeats(summary).Select(one => (JsonNode?)new JsonObject { ["what"] = one.What, ["texts"] = one.Found.Texts, ["rows"] = one.Found.Rows })]),
            ["truncation"] = truncation,
        };
    }

    static IEnumerable<(string What, Repeats Found)> Repeats(DataSummary summary) =>
    [
        ("in more than one row", summary.WithinTrain), ("with different labels", summary.Contradicting), ("in more than one fold", summary.AcrossFolds), ("in the test rows too", summary.AcrossTest),
    ];

    /// <summary>What was cut, repeated, replayed, left out or noted, each as one sentence.</summary>
    public static JsonArray Surprises(ReportSource source, ReportEvents events) => [.. Found(source, events).DistinctBy(one => one.Text).Select(one => (JsonNode?)new JsonObject { ["kind"] = one.Kind, ["text"] = one.Text })];

    static IEnumerable<(string Kind, string Text)> Found(ReportSource source, ReportEvents events)
    {
        foreach (var gap in source.Gaps) yield return ("report", gap);
        foreach (var (member, fields) in events.Encoded)
            if (ReportJson.Number(fields["truncated"]) is > 0 and var cut)
                yield return ("truncated", Invariant($"{member}: {cut:0} of {ReportJson.Number(fields["rows"]):0} texts are longer than {ReportJson.Number(fields["maxLength"]):0} tokens and were cut; {ReportJson.Number(fields["lostTokens"]) / ReportJson.Number(fields["allTokens"]):0.0 %} of all tokens were not read"));
        if (source.Pictures is { } pictures && pictures.Jpegs.Count < pictures.Wanted)
            yield return ("report", Invariant($"{pictures.Jpegs.Count} of {pictures.Wanted} pictures that are listed are shown, up to {ReportPictures.Most} and {ReportPictures.MostBytes / 1024 / 1024} MB of them; the others by name"));
        if (source.Summary is { } summary && !source.OfPictures)
        {
            if (summary.EmptyTexts > 0) yield return ("data", Invariant($"{summary.EmptyTexts} texts are empty"));
            foreach (var (what, found) in Repeats(summary))
                if (found.Texts > 0) yield return ("repeated", Invariant($"{found.Texts} texts occur {what} ({found.Rows} rows)"));
        }
        if (source.Unlabelled > 0) yield return ("data", Invariant($"{source.Unlabelled} held-out rows have no label and are not scored"));
        foreach (var (name, _) in source.Cells)
            if (events.Cell(name).Replays is > 0 and var times)
                yield return ("replayed", Invariant($"{name}: memory ended inside an update {times} times; those micro-batches were computed again in pieces, with the same result"));
        foreach (var (name, folder) in source.Cells)
            if (ReportJson.File(folder.Metrics)?["stoppedEarly"] is JsonValue stopped && stopped.TryGetValue<bool>(out var early) && early) yield return ("stopped", $"{name} stopped early");
        foreach (var note in events.Notes) yield return ("note", note);
    }

    static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
