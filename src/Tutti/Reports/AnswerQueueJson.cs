using System.Text.Json.Nodes;
using Tutti.Labels;

namespace Tutti.Reports;

/// <summary>Label issues of labels, numbers and several targets for machines: what <c>tutti labels --json</c> prints of such a run.</summary>
public static class AnswerQueueJson
{
    /// <param name="queue">The issues.</param>
    /// <param name="top">At most so many of each target; all are counted.</param>
    public static JsonObject Of(AnswerQueue queue, int top = int.MaxValue) => new()
    {
        ["rows"] = queue.Rows,
        ["filter"] = LabelNames.Filters.First(pair => pair.Value == queue.Filter).Key,
        ["score"] = LabelNames.Scores.First(pair => pair.Value == queue.Score).Key,
        ["targets"] = new JsonArray([.. queue.Targets.Select(target => (JsonNode?)Of(target, top))]),
    };

    static JsonObject Of(TargetIssues target, int top)
    {
        var json = new JsonObject
        {
            ["name"] = target.Name,
            ["kind"] = target.Kind.ToString().ToLowerInvariant(),
            ["issues"] = target.Issues.Count,
            ["health"] = target.Health,
            ["queue"] = new JsonArray([.. target.Issues.Take(top).Select(issue => (JsonNode?)new JsonObject
            {
                ["id"] = issue.Id,
                ["row"] = issue.Row,
                ["given"] = issue.Given,
                ["suggested"] = issue.Suggested,
                ["quality"] = issue.Quality,
            })]),
        };
        if (target.Flags.Count > 0)
            json["perLabel"] = new JsonArray([.. target.Flags.Select(one => (JsonNode?)new JsonObject
            {
                ["label"] = one.Label,
                ["rows"] = one.Rows,
                ["issues"] = one.WronglyGiven,
                ["inverseIssues"] = one.WronglyWithheld,
            })]);
        if (target.Classes is { } classes)
            foreach (var key in (string[])["perClass", "overlaps"]) json[key] = LabelQueueJson.Of(classes, 0)[key]!.DeepClone();
        return json;
    }
}
