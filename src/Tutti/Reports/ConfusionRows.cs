namespace Tutti.Reports;

/// <summary>The rows behind a cell of a confusion matrix.</summary>
/// <param name="Truth">The true class.</param>
/// <param name="Predicted">The predicted one.</param>
/// <param name="Rows">In the order to show: wrong ones that the model was surest of first, right ones that it was least sure of.</param>
public readonly record struct ConfusionRows(int Truth, int Predicted, IReadOnlyList<int> Rows)
{
    /// <summary>The cells that have rows.</summary>
    /// <param name="rows">Those whose truth is known.</param>
    /// <param name="cellOf">The true and the predicted class of a row.</param>
    /// <param name="sureness">The probability of its predicted class.</param>
    /// <param name="most">Rows of a cell, of so many cells.</param>
    internal static IReadOnlyList<ConfusionRows> Of(IEnumerable<int> rows, Func<int, (int Truth, int Predicted)> cellOf, Func<int, double> sureness, Func<int, int> most)
    {
        var groups = rows.GroupBy(cellOf).OrderBy(group => group.Key).ToList();
        return [.. groups.Select(group => new ConfusionRows(group.Key.Truth, group.Key.Predicted, [.. (group.Key.Truth == group.Key.Predicted ? group.OrderBy(sureness) : group.OrderByDescending(sureness)).Take(most(groups.Count))]))];
    }
}
