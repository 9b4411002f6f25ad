using Tutti.Predictions;

namespace Tutti.Baselines;

/// <summary>What every model has to beat: always the class shares of the training rows, and so always the most frequent class.</summary>
public static class Majority
{
    /// <summary>For every row the class shares of the rows that its fold trained on.</summary>
    /// <param name="scored">The rows to predict, with labels and, for each, the fold that held it out.</param>
    /// <param name="shares">The class shares of a fold's training rows.</param>
    public static PredictionSet OutOfFold(PredictionSet scored, Func<int, double[]> shares)
    {
        var cache = new Dictionary<int, double[]>();
        var probabilities = Enumerable.Range(0, scored.Count).SelectMany(row =>
        {
            var fold = scored.Folds?[row] ?? 0;
            return cache.TryGetValue(fold, out var known) ? known : cache[fold] = shares(fold);
        });
        return new(scored.Ids, scored.Classes, [.. probabilities], scored.Labels, scored.Folds);
    }
}
