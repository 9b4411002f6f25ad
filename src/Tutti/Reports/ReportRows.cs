using Tutti.Labels;
using Tutti.Predictions;
using Tutti.Tables;

namespace Tutti.Reports;

/// <summary>
/// The rows that a report embeds. All of a small run; of a large one, for each cell of the confusion matrix those that say most: wrong ones that the model was surest
/// of, right ones that it was least sure of. The highest losses and the first label issues are always among them.
/// </summary>
public sealed class ReportRows
{
    /// <summary>Rows that are embedded for the confusion matrix.</summary>
    public const int Most = 4000;

    /// <summary>Rows of the list of highest losses, and of label issues.</summary>
    public const int MostLosses = 100, MostIssues = 200;

    const int FewestPerCell = 3;

    readonly Dictionary<int, int> places = [];

    /// <param name="predictions">Rows with known labels.</param>
    /// <param name="issues">Label issues of the same rows, or null.</param>
    /// <param name="sample">So many are taken at random, to be looked at; always the same ones.</param>
    public ReportRows(PredictionSet predictions, LabelQueue? issues, int sample = 0)
    {
        var (truth, predicted) = (predictions.Labels!, predictions.Predicted());
        int[] all = [.. Enumerable.Range(0, predictions.Count)];
        TopLosses = [.. all.OrderBy(row => predictions.Row(row)[truth[row]]).Take(MostLosses)];
        Issues = [.. (issues?.Issues ?? []).Take(MostIssues)];
        var groups = all.GroupBy(row => (Truth: truth[row], Predicted: predicted[row])).OrderBy(group => group.Key).ToList();
        var each = predictions.Count <= Most ? predictions.Count : Math.Max(FewestPerCell, Most / groups.Count);
        Confusion = [.. groups.Select(group => (group.Key.Truth, group.Key.Predicted, (IReadOnlyList<int>)
            [.. (group.Key.Truth == group.Key.Predicted ? group.OrderBy(row => Sureness(row)) : group.OrderByDescending(row => Sureness(row))).Take(each)]))];
        new Shuffle(1).Order<int>(all);
        Sample = [.. all.Take(sample)];
        foreach (var row in Confusion.SelectMany(cell => cell.Rows).Concat(TopLosses).Concat(Issues.Select(issue => issue.Row)).Concat(Sample)) places.TryAdd(row, places.Count);

        double Sureness(int row) => predictions.Row(row)[predicted[row]];
    }

    /// <summary>Per cell of the confusion matrix that has rows, those that are embedded, in the order to show.</summary>
    public IReadOnlyList<(int Truth, int Predicted, IReadOnlyList<int> Rows)> Confusion { get; }

    /// <summary>The rows whose label had the lowest probability first.</summary>
    public IReadOnlyList<int> TopLosses { get; }

    public IReadOnlyList<LabelIssue> Issues { get; }

    /// <summary>Rows taken at random, where they were asked for.</summary>
    public IReadOnlyList<int> Sample { get; }

    /// <summary>All embedded rows, in the order in which the report lists them.</summary>
    public IEnumerable<int> Embedded => places.OrderBy(place => place.Value).Select(place => place.Key);

    /// <summary>Where the report lists an embedded row.</summary>
    public int PlaceOf(int row) => places[row];

    /// <summary>Rows worth explaining, the most telling first: highest losses and label issues in turn, and those taken at random where there are some.</summary>
    public IReadOnlyList<int> ToExplain(int count) => [.. InTurn([TopLosses, [.. Issues.Select(issue => issue.Row)], Sample]).Take(count)];

    /// <summary>The first of every list, then the second of every list, and so on; each once.</summary>
    internal static IEnumerable<int> InTurn(IReadOnlyList<IReadOnlyList<int>> lists) =>
        Enumerable.Range(0, lists.Max(list => list.Count)).SelectMany(i => lists.Where(list => i < list.Count).Select(list => list[i])).Distinct();
}
