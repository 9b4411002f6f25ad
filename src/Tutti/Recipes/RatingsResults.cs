using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Recommend;
using Tutti.Runs;

namespace Tutti.Recipes;

/// <summary>What a run of task ratings makes of its finished cells: the blend, scores, predictions of held-out rows.</summary>
/// <param name="recipe">What to do.</param>
/// <param name="files">The run folder.</param>
/// <param name="data">The ratings.</param>
sealed class RatingsResults(RatingsRecipe recipe, RunFolder files, RatingsOpen data)
{
    static readonly JsonSerializerOptions indented = new() { WriteIndented = true };

    readonly double liked = RatingsScores.Liked(recipe, data.Seen);
    readonly float[] truth = [.. data.Parts.SelectMany(part => part.Held.Values)];

    /// <summary>A member with one seed: its cell and model of every part, and, unless it only ranks, what they say of all held-out rows, part by part.</summary>
    sealed record Entry(RatingsCell[] Cells, RatingModel[] Models, float[]? Held)
    {
        public bool Ranks => Held is null;
        public double[] Seconds => [.. Cells.Select(cell => cell.Metrics()["seconds"]!.GetValue<double>())];
    }

    /// <param name="cells">With their models.</param>
    public RatingsResult Finish(IEnumerable<(RatingsCell Cell, RatingModel Model)> cells, CancellationToken cancel)
    {
        Entry[] entries = [.. cells.GroupBy(pair => pair.Cell.Group).Select(group => Of([.. group]))];
        List<RatingsScores> rows = [.. entries.Select(entry => Scored(entry.Cells[0].Group, "member", entry.Models, entry.Held, entry.Seconds, cancel))];
        var rating = entries.Where(entry => !entry.Ranks).ToArray();
        if (rating.Length > 1) rows.Add(Blended(rating, rows, cancel));
        else WriteOne(entries, rows);
        if (recipe.Data.Columns.Rating is not null && entries.All(entry => entry.Models[0] is not Averages)) rows.Add(Baseline(cancel));
        RatingsScores[] sorted = [.. rows.OrderBy(row => row.Errors?.Rmse.Value ?? double.PositiveInfinity).ThenByDescending(row => row.Top?.Ndcg.Value ?? 0)];
        var own = rows.FirstOrDefault(row => row.Kind == "blend") ?? sorted.First(row => row.Kind == "member");
        var metrics = own.Json();
        (metrics["rows"], metrics["liked"]) = (truth.Length, liked);
        AtomicFile.Write(files.Metrics, metrics.ToJsonString(indented) + "\n");
        return new(sorted, truth.Length, CrossTable.Of(data.Seen, 1), data.UserTitles, data.Titles, liked, files.Report, files.OutOfFold, files.Leaderboard);
    }

    Entry Of((RatingsCell Cell, RatingModel Model)[] cells)
    {
        RatingModel[] models = [.. cells.Select(pair => pair.Model)];
        return new([.. cells.Select(pair => pair.Cell)], models, cells[0].Cell.Kind.Ranks ? null : Predictions(models));
    }

    float[] Predictions(RatingModel[] models) => [.. data.Parts.SelectMany((part, i) => ErrorScores.Predictions(models[i], part.Held))];

    /// <param name="models">One for every part.</param>
    /// <param name="held">What they say of all held-out rows; null where they only rank.</param>
    /// <param name="seconds">Of every part.</param>
    RatingsScores Scored(string name, string kind, RatingModel[] models, float[]? held, double[] seconds, CancellationToken cancel)
    {
        if (held is not null) held = recipe.Data.Within(held);
        var top = TopScores.Of([.. data.Parts.Select((part, i) => (models[i], part.Train, part.Held))], recipe.Top.K, liked, cancel: cancel);
        var scores = new RatingsScores(name, kind, held is null ? null : ErrorScores.Of(truth, held), top, seconds.Sum());
        if (data.Parts.Count == 1) return scores;
        var each = held is null ? null : Divided(held);
        return scores with { Folds = [.. data.Parts.Select((part, i) => new RatingsFold(part.Fold!, each is null ? null : ErrorScores.Of(part.Held.Values, each[i]), seconds[i]))] };
    }

    RatingsScores Baseline(CancellationToken cancel)
    {
        RatingModel[] models = [.. data.Parts.Select(part => Averages.Train(part.Train))];
        return Scored("averages", "baseline", models, Predictions(models), new double[models.Length], cancel);
    }

    /// <summary>Numbers of all held-out rows, part by part.</summary>
    float[][] Divided(float[] held)
    {
        var from = 0;
        return [.. data.Parts.Select(part => held[from..(from += part.Held.Count)])];
    }

    RatingsScores Blended(Entry[] entries, List<RatingsScores> rows, CancellationToken cancel)
    {
        int[]? folds = data.Parts.Count == 1 ? null : [.. data.Parts.SelectMany((part, i) => Enumerable.Repeat(i, part.Held.Count))];
        var blend = HeldOutBlend.Of(recipe.Blend, [.. entries.Select(entry => entry.Held!)], truth, folds);
        Write(blend.Method, [.. entries.Zip(blend.Weights)], blend.Constant, recipe.Data.Within(blend.Held));
        RatingModel[] models = [.. data.Parts.Select((_, i) => new BlendedModel([.. entries.Select(entry => entry.Models[i])], blend.Weights, blend.Constant))];
        double[] seconds = [.. data.Parts.Select((_, i) => rows.Sum(row => row.Folds.Count > 0 ? row.Folds[i].Seconds : row.Seconds))];
        return Scored($"blend ({RecipeJson.Name(blend.Method)})", "blend", models, blend.Held, seconds, cancel);
    }

    /// <summary>The only model of ratings, or of models that rank the best, is what the run answers with.</summary>
    void WriteOne(Entry[] entries, List<RatingsScores> rows)
    {
        var place = Array.FindIndex(entries, entry => !entry.Ranks);
        if (place < 0) place = rows.Index().MaxBy(pair => pair.Item.Top?.Ndcg.Value ?? 0).Index;
        Write(RatingBlendMethod.Mean, [(entries[place], 1)], 0, entries[place].Held is { } held ? recipe.Data.Within(held) : Predictions(entries[place].Models));
    }

    /// <summary>The models of all folds answer together, each with its part of the weight.</summary>
    void Write(RatingBlendMethod method, (Entry Entry, double Weight)[] entries, double constant, float[] held)
    {
        AtomicFile.Write(files.Blend, new JsonObject
        {
            ["method"] = RecipeJson.Name(method),
            ["constant"] = constant,
            ["cells"] = new JsonArray([.. entries.SelectMany(pair => pair.Entry.Cells.Select(cell => (JsonNode)new JsonObject { ["name"] = cell.Name, ["model"] = cell.Kind.Name, ["folder"] = Path.GetFileName(cell.Folder.Root), ["weight"] = pair.Weight / pair.Entry.Cells.Length }))]),
        }.ToJsonString(indented) + "\n");
        RatingsCell.Write(files.OutOfFold, data, [.. data.Parts.Zip(Divided(held))]);
    }
}
