using System.Text.Json.Nodes;

namespace Tutti.Recipes;

/// <summary>Scores of ratings as <c>tutti evaluate --json</c> prints them.</summary>
public static class RatingsJson
{
    public static JsonObject Of(RatingsEvaluation found)
    {
        var node = found.Scores?.Json() ?? [];
        foreach (var key in new[] { "name", "kind", "cells", "seconds" }) node.Remove(key);
        (node["rows"], node["seenInTraining"], node["strangers"]) = (found.Rows, found.Seen, found.Strangers);
        return node;
    }
}
