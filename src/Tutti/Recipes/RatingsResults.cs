using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Recommend;
using Tutti.Runs;
using Tutti.Tables;

namespace Tutti.Recipes;

/// <summary>What a run of task ratings makes of its finished cells: the blend, scores, predictions of held-out rows.</summary>
/// <param name="recipe">What to do.</param>
/// <param name="files">The run folder.</param>
/// <param name="data">The ratings.</param>
sealed class RatingsResults(RatingsRecipe recipe, RunFolder files, RatingsOpen data)
{
    static readonly JsonSerializerOptions indented = new() { WriteIndented = true };

    readonly double liked = RatingsScores.Liked(recipe, data.Train);

    /// <param name="cells">With their models.</param>
    public RatingsResult Finish((RatingsCell Cell, RatingModel Model)[] cells, CancellationToken cancel)
    {
        List<RatingsScores> rows = [];
        foreach (var (cell, model) in cells)
            rows.Add(Scored(cell.Name, "member", model, cell.Kind.Ranks ? null : ErrorScores.Predictions(model, data.Held), cell.Metrics()["seconds"]!.GetValue<double>(), cancel));
        var rating = cells.Where(pair => !pair.Cell.Kind.Ranks).ToArray();
        if (rating.Length > 1) rows.Add(Blended(rating, rows, cancel));
        else WriteOne(cells, rows);
        if (recipe.Data.Columns.Rating is not null && cells.All(pair => pair.Model is not Averages))
        {
            var baseline = Averages.Train(data.Train);
            rows.Add(Scored("averages", "baseline", baseline, ErrorScores.Predictions(baseline, data.Held), 0, cancel));
        }
        RatingsScores[] sorted = [.. rows.OrderBy(row => row.Errors?.Rmse.Value ?? double.PositiveInfinity).ThenByDescending(row => row.Top?.Ndcg.Value ?? 0)];
        var own = rows.FirstOrDefault(row => row.Kind == "blend") ?? sorted.First(row => row.Kind == "member");
        var metrics = own.Json();
        (metrics["rows"], metrics["liked"]) = (data.Held.Count, liked);
        AtomicFile.Write(files.Metrics, metrics.ToJsonString(indented) + "\n");
        return new(sorted, data.Held.Count, CrossTable.Of(data.Train, 1), data.UserTitles, data.Titles, liked, files.Report, files.OutOfFold, files.Leaderboard);
    }

    RatingsScores Scored(string name, string kind, RatingModel model, float[]? held, double seconds, CancellationToken cancel) =>
        new(name, kind, held is null ? null : ErrorScores.Of(data.Held.Values, held), TopScores.Of(model, data.Train, data.Held, recipe.Top.K, liked, cancel: cancel), seconds);

    RatingsScores Blended((RatingsCell Cell, RatingModel Model)[] cells, List<RatingsScores> rows, CancellationToken cancel)
    {
        var blend = HeldOutBlend.Of(recipe.Blend, [.. cells.Select(pair => ErrorScores.Predictions(pair.Model, data.Held))], data.Held.Values);
        Write(blend.Method, [.. cells.Select((pair, i) => (pair.Cell, blend.Weights[i]))], blend.Constant, blend.Held);
        var model = new BlendedModel([.. cells.Select(pair => pair.Model)], blend.Weights, blend.Constant);
        return Scored($"blend ({RecipeJson.Name(blend.Method)})", "blend", model, blend.Held, rows.Sum(row => row.Seconds), cancel);
    }

    /// <summary>The only model of ratings, or of models that rank the best, is what the run answers with.</summary>
    void WriteOne((RatingsCell Cell, RatingModel Model)[] cells, List<RatingsScores> rows)
    {
        var place = Array.FindIndex(cells, pair => !pair.Cell.Kind.Ranks);
        if (place < 0) place = rows.Index().MaxBy(pair => pair.Item.Top?.Ndcg.Value ?? 0).Index;
        Write(RatingBlendMethod.Mean, [(cells[place].Cell, 1)], 0, ErrorScores.Predictions(cells[place].Model, data.Held));
    }

    void Write(RatingBlendMethod method, (RatingsCell Cell, double Weight)[] cells, double constant, float[] held)
    {
        AtomicFile.Write(files.Blend, new JsonObject
        {
            ["method"] = RecipeJson.Name(method),
            ["constant"] = constant,
            ["cells"] = new JsonArray([.. cells.Select(pair => (JsonNode)new JsonObject { ["name"] = pair.Cell.Name, ["model"] = pair.Cell.Kind.Name, ["folder"] = Path.GetFileName(pair.Cell.Folder.Root), ["weight"] = pair.Weight })]),
        }.ToJsonString(indented) + "\n");
        TableWriter.Write(files.OutOfFold, ["line", "user", "item", "rating", "prediction"], writer => RatingsCell.Rows(writer, data, held));
    }
}
