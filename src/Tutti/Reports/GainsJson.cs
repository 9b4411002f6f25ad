using System.Text.Json.Nodes;
using Tutti.Evaluation;

namespace Tutti.Reports;

/// <summary>Differences on the same rows as JSON.</summary>
public static class GainsJson
{
    /// <summary>What blends and views brought: <c>of</c>, <c>over</c>, <c>differences</c>.</summary>
    public static JsonArray Of(IReadOnlyList<Gain> gains) => [.. gains.Select(gain => (JsonNode)new JsonObject { ["of"] = gain.Of, ["over"] = gain.Over, ["differences"] = Of(gain.Differences) })];

    /// <summary>Of each answer <c>name</c>, <c>measure</c>, and with intervals and their P <c>difference</c> and <c>loss</c>; of classes <c>mcNemar</c>.</summary>
    public static JsonArray Of(IReadOnlyList<AnswerDifference> differences) => [.. differences.Select(one => (JsonNode)new JsonObject
    {
        ["name"] = one.Name,
        ["measure"] = one.Measure,
        ["difference"] = AnswersJson.Of(one.Value.Difference),
        ["p"] = one.Value.P,
        ["loss"] = AnswersJson.Of(one.Loss.Difference),
        ["lossP"] = one.Loss.P,
        ["mcNemar"] = one.McNemar,
    })];
}
