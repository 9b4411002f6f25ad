using System.Text.Json.Nodes;

namespace Tutti.Reports;

/// <summary>Several targets in the document of a report: each one's scores of classes, the rows that it lists, and what is said of a row.</summary>
static class ReportTargetsJson
{
    /// <summary>Labels of a row that are told; of more, how many there are.</summary>
    const int MostLabels = 20;

    /// <summary>Every target that rows are told of; where they are not known, those that metrics.json has classes of.</summary>
    public static JsonArray Of(JsonNode? metrics, ReportRows? rows)
    {
        var classified = (metrics?["answers"] as JsonArray ?? []).Where(answer => answer!["classification"] is JsonObject).ToDictionary(answer => answer!["name"]!.GetValue<string>(), answer => answer!, StringComparer.Ordinal);
        return rows is null ? [.. classified.Select(one => (JsonNode?)Target(one.Key, one.Value["kind"]!.GetValue<string>(), Names(one.Value["classification"]!), one.Value, 0, [], []))]
            : [.. rows.Targets.Select(one => (JsonNode?)Target(one.Target.Name, one.Target.Kind, one.Target.Classes, one.Target.Kind is "class" or "ordinal" ? classified.GetValueOrDefault(one.Target.Name) : null, one.Target.Known.Count,
                ReportJson.Whole(one.TopLosses.Select(rows.PlaceOf)), ReportRowsJson.Confusion(one.Confusion, rows)))];
    }

    static IReadOnlyList<string> Names(JsonNode classification) => [.. classification["classes"]!.AsArray().Select(line => line!["name"]!.GetValue<string>())];

    static JsonObject Target(string name, string kind, IReadOnlyList<string> classes, JsonNode? scored, int known, JsonArray topLosses, JsonArray confusionRows) => new()
    {
        ["name"] = name,
        ["kind"] = kind,
        ["classes"] = ReportJson.Texts(classes),
        ["known"] = known,
        ["confusion"] = scored?["classification"]?["confusion"]?.DeepClone() ?? new JsonArray(),
        ["perClass"] = ReportScores.PerClass(scored?["classification"]),
        ["topLosses"] = topLosses,
        ["confusionRows"] = confusionRows,
    };

    /// <summary>What one target says of a row, with its truth where that is known.</summary>
    public static JsonObject Said(ReportTarget target, int row) => target.Kind switch
    {
        "labels" => Labels(target, row),
        "number" => new() { ["label"] = ReportJson.Rounded(target.Truth(row)), ["predicted"] = ReportJson.Rounded(target.Number(row)), ["loss"] = ReportJson.Rounded(target.Losses[row]) },
        _ => new()
        {
            ["label"] = (int?)target.Truth(row),
            ["predicted"] = target.Predicted(row),
            ["p"] = ReportJson.Rounded(target.Probability(row)),
            ["q"] = target.Truth(row) is { } label ? ReportJson.Rounded(target.Probability(row, (int)label)) : null,
            ["loss"] = ReportJson.Rounded(target.Losses[row]),
        },
    };

    static JsonObject Labels(ReportTarget target, int row)
    {
        var labels = target.Labels(row);
        return new()
        {
            ["labels"] = new JsonArray([.. labels.Take(MostLabels).Select(one => (JsonNode?)new JsonArray(one.Label, ReportJson.Rounded(one.P), one.True))]),
            ["more"] = Math.Max(0, labels.Count - MostLabels),
            ["right"] = labels.All(one => one.True == one.P >= 0.5),
            ["loss"] = ReportJson.Rounded(target.Losses[row]),
        };
    }
}
