using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tutti.Reports;

/// <summary>Numbers of a report's document: short, and null where JSON has no word for them.</summary>
static class ReportJson
{
    const int Digits = 6;

    /// <summary>A finite number of a JSON value; null for anything else, such as "NaN".</summary>
    public static double? Number(JsonNode? node) => node is JsonValue value && value.GetValueKind() == JsonValueKind.Number && value.GetValue<double>() is var number && double.IsFinite(number) ? number : null;

    /// <summary>With six significant digits, which is more than can be seen.</summary>
    public static JsonNode? Rounded(double? value)
    {
        if (value is not { } number || !double.IsFinite(number)) return null;
        if (number == Math.Truncate(number) && Math.Abs(number) < 1e15) return JsonValue.Create((long)number);
        var places = Digits - 1 - (int)Math.Floor(Math.Log10(Math.Abs(number)));
        return JsonValue.Create(places is >= 0 and <= 15 ? Math.Round(number, places) : number);
    }

    /// <summary>A value with its interval.</summary>
    public static JsonObject Score(JsonNode? score) => new() { ["value"] = Rounded(Number(score?["value"])), ["low"] = Rounded(Number(score?["low"])), ["high"] = Rounded(Number(score?["high"])) };

    /// <summary>A file of a run folder; null where it is missing.</summary>
    public static JsonNode? File(string path) => System.IO.File.Exists(path) ? JsonNode.Parse(System.IO.File.ReadAllText(path)) : null;

    public static JsonArray Numbers(IEnumerable<double> values) => [.. values.Select(value => Rounded(value))];
    public static JsonArray Whole(IEnumerable<int> values) => [.. values.Select(value => (JsonNode?)JsonValue.Create(value))];
    public static JsonArray Texts(IEnumerable<string> values) => [.. values.Select(value => (JsonNode?)JsonValue.Create(value))];
}
