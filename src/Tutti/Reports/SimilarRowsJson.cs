using System.Text.Json.Nodes;
using Tutti.Labels;

namespace Tutti.Reports;

/// <summary>Outliers and near duplicates for machines: what <c>tutti labels --outliers --duplicates --json</c> prints, and the report's part of it.</summary>
public static class SimilarRowsJson
{
    /// <summary>What a report holds of each.</summary>
    internal const int MostShown = 100, MostOfGroup = 10;

    /// <param name="similar">What was found.</param>
    /// <param name="top">At most so many of them; all are counted.</param>
    public static JsonObject Outliers(SimilarRows similar, int top = int.MaxValue) => Outliers(similar, top, row => Row(row, text => text, null));

    /// <inheritdoc cref="Outliers(SimilarRows, int)"/>
    public static JsonObject Duplicates(SimilarRows similar, int top = int.MaxValue) => Duplicates(similar, top, int.MaxValue, row => Row(row, text => text, null));

    /// <summary>Both, with as many rows as a report shows, texts as short as it takes, and where there are pictures theirs.</summary>
    internal static JsonObject OfReport(SimilarRows similar, Func<string, string?> cut, ReportPictures? pictures) => new()
    {
        ["by"] = similar.By,
        ["outliers"] = Outliers(similar, MostShown, row => Row(row, cut, pictures)),
        ["duplicates"] = Duplicates(similar, MostShown, MostOfGroup, row => Row(row, cut, pictures)),
    };

    /// <summary>The rows that a report shows.</summary>
    internal static IEnumerable<ComparedRow> Shown(SimilarRows similar) =>
        similar.Groups.Take(MostShown).SelectMany(group => Telling(group, MostOfGroup)).Concat(similar.Outliers.Take(MostShown).Select(one => one.Row));

    static JsonObject Outliers(SimilarRows similar, int top, Func<ComparedRow, JsonObject> write) => new()
    {
        ["by"] = similar.By,
        ["rows"] = similar.Scored,
        ["outliers"] = similar.Beyond,
        ["queue"] = new JsonArray([.. similar.Outliers.Take(top).Select(one =>
        {
            var json = write(one.Row);
            json["score"] = ReportJson.Rounded(one.Score);
            json["outlier"] = one.Beyond;
            return (JsonNode?)json;
        })]),
    };

    static JsonObject Duplicates(SimilarRows similar, int top, int rows, Func<ComparedRow, JsonObject> write) => new()
    {
        ["by"] = similar.By,
        ["groups"] = similar.Groups.Count,
        ["rows"] = similar.Groups.Sum(group => group.Rows.Count),
        ["differentLabels"] = similar.Groups.Count(group => group.DifferentLabels),
        ["acrossTest"] = similar.Groups.Count(group => group.AcrossTest),
        ["acrossFolds"] = similar.Groups.Count(group => group.AcrossFolds),
        ["list"] = new JsonArray([.. similar.Groups.Take(top).Select(group =>
        {
            var json = new JsonObject
            {
                ["distance"] = ReportJson.Rounded(group.Distance),
                ["differentLabels"] = group.DifferentLabels,
                ["acrossTest"] = group.AcrossTest,
                ["acrossFolds"] = group.AcrossFolds,
                ["count"] = group.Rows.Count,
                ["rows"] = new JsonArray([.. Telling(group, rows).Select(row => (JsonNode?)write(row))]),
            };
            if (group.Rows[0].Content is not null) json["sameFile"] = group.SameFile;
            return (JsonNode?)json;
        })]),
    };

    // Of a large group first one of each label and set, which say what is wrong with it.
    static IEnumerable<ComparedRow> Telling(DuplicateGroup group, int rows) =>
        group.Rows.Count <= rows ? group.Rows : group.Rows.DistinctBy(row => (row.IsTest, row.Given)).Concat(group.Rows).Distinct().Take(rows);

    static JsonObject Row(ComparedRow row, Func<string, string?> cut, ReportPictures? pictures)
    {
        var json = new JsonObject { ["set"] = row.Set, ["id"] = row.Id, ["fold"] = row.Fold, ["given"] = row.Given, ["text"] = cut(row.Text) };
        if (pictures is not null) json["picture"] = pictures.Of(row.IsTest, row.Id);
        return json;
    }
}
