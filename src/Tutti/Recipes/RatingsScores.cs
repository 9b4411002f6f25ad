using System.Text.Json.Nodes;
using Tutti.Evaluation;
using Tutti.Recommend;

namespace Tutti.Recipes;

/// <summary>How well a model, or a blend, did on held-out rows.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">member, blend or baseline.</param>
/// <param name="Errors">Of its ratings, in all folds; null where it only ranks.</param>
/// <param name="Top">Of the first places of its rankings; null where nobody likes a held-out item.</param>
/// <param name="Seconds">Of training.</param>
public sealed record RatingsScores(string Name, string Kind, ErrorScores? Errors, TopScores? Top, double Seconds)
{
    /// <summary>Each fold alone; empty where there is only one.</summary>
    public IReadOnlyList<RatingsFold> Folds { get; init; } = [];

    /// <summary>The rating from which on a user likes an item: as the recipe says, or three quarters of the way from the lowest to the highest.</summary>
    public static double Liked(RatingsRecipe recipe, RatingRows train) => recipe.Top.Liked ?? (train.Values.Min() is var low ? low + (0.75 * (train.Values.Max() - low)) : 0);

    /// <summary>As leaderboard.json, metrics.json and <c>--json</c> have it.</summary>
    internal JsonObject Json()
    {
        var json = new JsonObject { ["name"] = Name, ["kind"] = Kind };
        if (Errors is not null) (json["rmse"], json["mae"]) = (Of(Errors.Rmse), Of(Errors.Mae));
        if (Top is not null)
        {
            json["k"] = Top.K;
            foreach (var ((_, score), key) in Top.Named.Zip(["precision", "recall", "ndcg", "map", "mrr"])) json[key] = Of(score);
            (json["coverage"], json["novelty"]) = (Top.Coverage, double.IsFinite(Top.Novelty) ? Top.Novelty : null);
        }
        json["cells"] = Kind == "baseline" ? 0 : Math.Max(1, Folds.Count);
        json["seconds"] = Seconds;
        if (Folds.Count > 0) json["folds"] = new JsonArray([.. Folds.Select(fold => (JsonNode)fold.Json())]);
        return json;
    }

    internal static JsonObject Of(Score score) => new() { ["value"] = score.Value, ["low"] = score.Low, ["high"] = score.High, ["n"] = score.N };
}

/// <summary>How well a model, or a blend, did on the rows that one fold held out.</summary>
/// <param name="Name">As the recipe has it.</param>
/// <param name="Errors">Of its ratings; null where it only ranks.</param>
/// <param name="Seconds">Of training.</param>
public sealed record RatingsFold(string Name, ErrorScores? Errors, double Seconds)
{
    internal JsonObject Json()
    {
        var json = new JsonObject { ["name"] = Name };
        if (Errors is not null) (json["rmse"], json["mae"]) = (RatingsScores.Of(Errors.Rmse), RatingsScores.Of(Errors.Mae));
        json["seconds"] = Seconds;
        return json;
    }
}

/// <summary>What a run of task ratings has come to.</summary>
/// <param name="Rows">Of the leaderboard, the best first.</param>
/// <param name="HeldRows">Rows that were held out.</param>
/// <param name="Table">What the busiest users say of the busiest items.</param>
/// <param name="UserTitles">What users are called, by number.</param>
/// <param name="Titles">What items are called, by number.</param>
/// <param name="Liked">Ratings from this on are hits.</param>
/// <param name="Report">The page.</param>
/// <param name="OutOfFold">Predictions of the held-out rows.</param>
public sealed record RatingsResult(IReadOnlyList<RatingsScores> Rows, int HeldRows, CrossTable Table, IReadOnlyList<string> UserTitles, IReadOnlyList<string> Titles, double Liked, string Report, string OutOfFold, string Leaderboard);
