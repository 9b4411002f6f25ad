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
        document["rows"] = source.Predictions is { } set && rows is not null ? new JsonArray([.. rows.Embedded.Select(row => (JsonNode?)Row(set, row, Cut(source.Texts?[row]), source.Pictures))]) : new JsonArray();
        document["confusionRows"] = new JsonArray([.. (rows?.Confusion ?? []).Select(cell => (JsonNode?)new JsonObject
        {
            ["truth"] = cell.Truth,
            ["predicted"] = cell.Predicted,
            ["rows"] = ReportJson.Whole(cell.Rows.Select(rows!.PlaceOf)),
        })]);
        document["topLosses"] = ReportJson.Whole((rows?.TopLosses ?? []).Select(row => rows!.PlaceOf(row)));
        document["explanations"] = new JsonArray([.. source.Explanations.Select(one => (JsonNode?)Explanation(one, rows!))]);
        document["labelIssues"] = source.Issues is { } issues && rows is not null ? Issues(issues, rows) : null;
        document["similar"] = source.Similar is { } similar ? SimilarRowsJson.OfReport(similar, Cut, source.Pictures) : null;
        if (source.Pictures is { } pictures && rows is not null) ReportPicturesJson.AddTo(document, pictures, source.Looks, rows);
        document["limits"] = new JsonObject
        {
            ["rows"] = source.Predictions?.Count ?? 0,
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

    static JsonObject Row(PredictionSet set, int row, string? text, ReportPictures? pictures)
    {
        var values = set.Row(row);
        var (label, predicted) = (set.Labels![row], set.Predicted(row));
        var json = new JsonObject
        {
            ["id"] = set.Ids[row],
            ["text"] = text,
            ["label"] = label,
            ["predicted"] = predicted,
            ["p"] = ReportJson.Rounded(values[predicted]),
            ["q"] = ReportJson.Rounded(values[label]),
            ["fold"] = set.Folds is { } folds && folds[row] >= 0 ? folds[row] : null,
        };
        if (pictures is not null) json["picture"] = pictures.Of(false, set.Ids[row]);
        return json;
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
