using Tutti.Labels;
using Tutti.Predictions;
using Tutti.Tables;

namespace Tutti.Reports;

/// <summary>
/// The rows that a report embeds. All of a small run; of a large one, for each cell of the confusion matrix those that say most: wrong ones that the model was surest
/// of, right ones that it was least sure of. The highest losses and the first label issues are always among them. Of several targets each has highest losses and cells of its own.
/// </summary>
public sealed class ReportRows
{
    /// <summary>Rows that are embedded for the confusion matrix; of several targets all rows.</summary>
    public const int Most = 4000;

    /// <summary>Rows of the list of highest losses, and of label issues.</summary>
    public const int MostLosses = 100, MostIssues = 200;

    /// <summary>Of several targets, rows times targets.</summary>
    public const int MostSaid = 40_000;

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
        Confusion = ConfusionRows.Of(all, row => (truth[row], predicted[row]), row => predictions.Row(row)[predicted[row]], cells => predictions.Count <= Most ? predictions.Count : Math.Max(FewestPerCell, Most / cells));
        Sample = AtRandom(all, sample);
        foreach (var row in Confusion.SelectMany(cell => cell.Rows).Concat(TopLosses).Concat(Issues.Select(issue => issue.Row)).Concat(Sample)) places.TryAdd(row, places.Count);
    }

    /// <summary>Rows of several targets: those at random and the highest losses of the targets in turn, up to half of what a report holds; from all cells of their confusion matrices in turn; then the other highest losses.</summary>
    /// <param name="set">Rows of which some may lack true values.</param>
    /// <param name="sample">As above.</param>
    public ReportRows(AnswerSet set, int sample = 0)
    {
        var targets = ReportTarget.Of(set);
        var most = Math.Clamp(MostSaid / targets.Count, 1, Most);
        var half = (most + 1) / 2;
        (TopLosses, Issues, Confusion) = ([], [], []);
        Sample = AtRandom([.. Enumerable.Range(0, set.Count)], Math.Min(sample, half));
        TargetRows[] all = [.. targets.Select(target => new TargetRows(target, target.Worst(MostLosses), target.Cells(most)))];
        int[] worst = [.. InTurn([.. all.Select(target => target.TopLosses)])];
        Embed(Sample.Concat(worst), half);
        Embed(InTurn([[], .. all.SelectMany(target => target.Confusion).Select(cell => cell.Rows)]), most);
        Embed(worst, most);
        Targets = [.. all.Select(target => target with { TopLosses = Held(target.TopLosses), Confusion = [.. target.Confusion.Select(cell => cell with { Rows = Held(cell.Rows) })] })];

        void Embed(IEnumerable<int> rows, int upTo)
        {
            foreach (var row in rows)
                if (places.Count >= upTo) return;
                else places.TryAdd(row, places.Count);
        }

        IReadOnlyList<int> Held(IReadOnlyList<int> rows) => [.. rows.Where(places.ContainsKey)];
    }

    static int[] AtRandom(int[] all, int count)
    {
        new Shuffle(1).Order<int>(all);
        return [.. all.Take(count)];
    }

    /// <summary>Per cell of the confusion matrix that has rows, those that are embedded, in the order to show.</summary>
    public IReadOnlyList<ConfusionRows> Confusion { get; }

    /// <summary>Of a run of several targets what each lists.</summary>
    public IReadOnlyList<TargetRows> Targets { get; } = [];

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
    public IReadOnlyList<int> ToExplain(int count) => [.. InTurn([TopLosses, [.. Issues.Select(issue => issue.Row)], .. Targets.Select(target => target.TopLosses), Sample]).Take(count)];

    /// <summary>The first of every list, then the second of every list, and so on; each once.</summary>
    internal static IEnumerable<int> InTurn(IReadOnlyList<IReadOnlyList<int>> lists) =>
        Enumerable.Range(0, lists.Max(list => list.Count)).SelectMany(i => lists.Where(list => i < list.Count).Select(list => list[i])).Distinct();
}

/// <summary>The rows that are listed for one of several targets.</summary>
/// <param name="Target">What is said of them.</param>
/// <param name="TopLosses">Those with the highest loss first.</param>
/// <param name="Confusion">Those behind the cells of its confusion matrix; none where it has none.</param>
public sealed record TargetRows(ReportTarget Target, IReadOnlyList<int> TopLosses, IReadOnlyList<ConfusionRows> Confusion);
