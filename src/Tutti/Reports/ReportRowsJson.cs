using System.Text.Json.Nodes;
using Tutti.Labels;
using Tutti.Predictions;

namespace Tutti.Reports;

/// <summary>The embedded rows of a report, and the lists that refer to them.</summary>
static class ReportRowsJson
{
    public static void AddTo(JsonObject document, ReportSource source, ReportRows? rows, int textCharacters)
    {
        var shortened = 0;
        document["rows"] = new JsonArray([.. (rows?.Embedded ?? []).Select(row => (JsonNode?)Row(source, rows!, row, Cut(source.Texts?[row])))]);
        document["confusionRows"] = rows is null ? new JsonArray() : Confusion(rows.Confusion, rows);
        document["sample"] = ReportJson.Whole((rows?.Sample ?? []).Select(row => rows!.PlaceOf(row)));
        document["topLosses"] = ReportJson.Whole((rows?.TopLosses ?? []).Select(row => rows!.PlaceOf(row)));
        document["explanations"] = new JsonArray([.. source.Explanations.Select(one => (JsonNode?)Explanation(one, rows!))]);
        document["labelIssues"] = source.Issues is { } issues && rows is not null ? Issues(issues, rows) : null;
        document["similar"] = source.Similar is { } similar ? SimilarRowsJson.OfReport(similar, Cut, source.Pictures) : null;
        if (source.Pictures is { } pictures && rows is not null) ReportPicturesJson.AddTo(document, pictures, source.Looks, rows);
        document["limits"] = new JsonObject
        {
            ["rows"] = source.Predictions?.Count ?? source.Answers?.Count ?? 0,
            ["embedded"] = rows?.Embedded.Count() ?? 0,
            ["textCharacters"] = textCharacters,
            ["shortenedTexts"] = shortened,
        };

        string? Cut(string? text)
        {
            if (text is null || text.Length <= textCharacters) return text;
            shortened++;
            // A pair of surrogates is one character.
            return text[..(char.IsHighSurrogate(text[textCharacters - 1]) ? textCharacters - 1 : textCharacters)] + "\u2026";
        }
    }

    /// <summary>Per cell of a confusion matrix that has rows, those that are embedded.</summary>
    internal static JsonArray Confusion(IEnumerable<ConfusionRows> cells, ReportRows rows) => [.. cells.Select(cell => (JsonNode?)new JsonObject
    {
        ["truth"] = cell.Truth,
        ["predicted"] = cell.Predicted,
        ["rows"] = ReportJson.Whole(cell.Rows.Select(rows.PlaceOf)),
    })];

    static JsonObject Row(ReportSource source, ReportRows rows, int row, string? text)
    {
        var json = source.Answers is null ? Said(source.Predictions!, row) : new() { ["says"] = new JsonArray([.. rows.Targets.Select(one => (JsonNode?)ReportTargetsJson.Said(one.Target, row))]) };
        var (id, folds) = source.Answers is { } answers ? (answers.Ids[row], answers.Folds) : (source.Predictions!.Ids[row], source.Predictions.Folds);
        json["id"] = id;
        json["text"] = text;
        json["fold"] = folds is not null && folds[row] >= 0 ? folds[row] : null;
        if (source.Pictures is { } pictures) json["picture"] = pictures.Of(false, id);
        return json;
    }

    static JsonObject Said(PredictionSet set, int row)
    {
        var values = set.Row(row);
        var (label, predicted) = (set.Labels![row], set.Predicted(row));
        return new() { ["label"] = label, ["predicted"] = predicted, ["p"] = ReportJson.Rounded(values[predicted]), ["q"] = ReportJson.Rounded(values[label]) };
    }

    static JsonObject Explanation(RowExplanation one, ReportRows rows) => new()
    {
        ["row"] = rows.PlaceOf(one.Row),
        ["cell"] = one.Cell,
        ["predicted"] = one.Predicted,
        ["against"] = one.Against,
        ["probability"] = ReportJson.Rounded(one.Probability),
        ["tokens"] = ReportJson.Texts(one.Tokens),
        ["gradient"] = ReportJson.Numbers(one.Gradient),
        ["occlusion"] = one.Occlusion is null ? null : ReportJson.Numbers(one.Occlusion),
    };

    static JsonObject Issues(LabelQueue queue, ReportRows rows)
    {
        var node = LabelQueueJson.Of(queue, 0);
        foreach (var key in new[] { "classes", "overlaps" }) node.Remove(key);
        node["queue"] = new JsonArray([.. rows.Issues.Select(issue => (JsonNode?)new JsonObject
        {
            ["row"] = rows.PlaceOf(issue.Row),
            ["suggested"] = issue.Suggested,
            ["quality"] = ReportJson.Rounded(issue.Quality),
            ["votes"] = issue.Votes is null ? null : ReportJson.Whole(issue.Votes),
        })]);
        return node;
    }
}
