using System.Text.Json.Nodes;
using Tutti.Labels;

namespace Tutti.Reports;

/// <summary>Label issues for machines: what <c>tutti labels --json</c> prints.</summary>
public static class LabelQueueJson
{
    /// <param name="queue">The issues.</param>
    /// <param name="top">At most so many of them; all are counted.</param>
    public static JsonObject Of(LabelQueue queue, int top = int.MaxValue) => new()
    {
        ["rows"] = queue.Rows,
        ["classes"] = new JsonArray([.. queue.Classes.Select(name => JsonValue.Create(name))]),
        ["filter"] = LabelNames.Filters.First(pair => pair.Value == queue.Filter).Key,
        ["score"] = LabelNames.Scores.First(pair => pair.Value == queue.Score).Key,
        ["issues"] = queue.Issues.Count,
        ["health"] = queue.Health.Score,
        ["perClass"] = new JsonArray([.. queue.Health.Classes.Select(one => new JsonObject
        {
            ["class"] = queue.Classes[one.Class],
            ["quality"] = one.Quality,
            ["issues"] = one.Issues,
            ["inverseIssues"] = one.InverseIssues,
        })]),
        ["overlaps"] = new JsonArray([.. queue.Health.Overlaps.Where(pair => pair.Rows > 0).Select(pair => new JsonObject
        {
            ["classes"] = new JsonArray(queue.Classes[pair.A], queue.Classes[pair.B]),
            ["rows"] = pair.Rows,
            ["share"] = pair.Share,
        })]),
        ["queue"] = new JsonArray([.. queue.Issues.Take(top).Select(issue => Issue(queue, issue))]),
    };

    static JsonObject Issue(LabelQueue queue, LabelIssue issue)
    {
        var node = new JsonObject
        {
            ["id"] = issue.Id,
            ["row"] = issue.Row,
            ["given"] = queue.Classes[issue.Given],
            ["suggested"] = queue.Classes[issue.Suggested],
            ["quality"] = issue.Quality,
        };
        if (issue.Votes is { } votes) node["votes"] = new JsonArray([.. votes.Select(count => JsonValue.Create(count))]);
        if (issue.Opinions is { } opinions)
            node["members"] = new JsonArray([.. opinions.Select(one => new JsonObject
            {
                ["cell"] = one.Cell,
                ["prediction"] = queue.Classes[one.Predicted],
                ["probabilities"] = new JsonArray([.. one.Probabilities.Select(p => JsonValue.Create(p))]),
            })]);
        if (issue.Text is { } text) node["text"] = text;
        return node;
    }
}
