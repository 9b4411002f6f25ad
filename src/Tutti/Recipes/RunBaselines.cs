using Tutti.Baselines;
using Tutti.Predictions;
using Tutti.Reports;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>What stands in every leaderboard beside the members, on the same held-out rows: what costs nothing and what costs seconds.</summary>
static class RunBaselines
{
    /// <param name="recipe">Pictures have no words.</param>
    /// <param name="data">The run's rows.</param>
    /// <param name="scored">Out-of-fold predictions of a member or the blend: which rows are scored, and in which fold each was held out.</param>
    public static IEnumerable<LeaderboardEntry> Entries(Recipe recipe, RunData data, PredictionSet scored)
    {
        var majority = Majority.OutOfFold(scored, fold => Shares(data, fold));
        yield return new($"always '{majority.Classes[majority.Predicted(0)]}'", majority, []);
        if (recipe.Task != RecipeTask.ImageClassification) yield return new("TF-IDF baseline", Words(data, scored), []);
    }

    static double[] Shares(RunData data, int fold)
    {
        var rows = data.Folds.Train(fold);
        return [.. Enumerable.Range(0, data.Labels.Count).Select(c => rows.Count(row => data.Truth[row] == c) / (double)rows.Length)];
    }

    static PredictionSet Words(RunData data, PredictionSet scored)
    {
        var texts = TextData.Texts(data.Train, data.Text);
        if (data.Pair is not null) texts = [.. texts.Zip(TextData.Texts(data.Train, data.Pair), (first, second) => $"{first} {second}")];
        var classes = data.Labels.Count;
        var all = TextBaseline.OutOfFold(texts, data.Truth, classes, [.. Enumerable.Range(0, data.Train.Count).Select(data.Folds.Of)]);
        var rowOf = data.TrainIds.Index().ToDictionary(pair => pair.Item, pair => pair.Index);
        var probabilities = new double[scored.Count * classes];
        for (var i = 0; i < scored.Count; i++) Array.Copy(all, rowOf[scored.Ids[i]] * classes, probabilities, i * classes, classes);
        return new(scored.Ids, data.Labels.Names, probabilities, [.. scored.Ids.Select(id => data.Truth[rowOf[id]])], scored.Folds);
    }
}
