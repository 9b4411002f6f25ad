using System.Text.Json.Nodes;
using Tutti.Evaluation;

namespace Tutti.Recipes;

/// <summary>Scores of language models as JSON.</summary>
public static class LanguageJson
{
    public static JsonObject Of(string name, LanguageScores scores) => new() { ["name"] = name, ["perplexity"] = Of(scores.Perplexity), ["accuracy"] = Of(scores.Accuracy), ["tokens"] = scores.Tokens };

    internal static JsonObject Of(Score score) => new() { ["value"] = score.Value, ["low"] = score.Low, ["high"] = score.High, ["n"] = score.N };
}
