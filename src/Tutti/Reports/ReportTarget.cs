using Tutti.Evaluation;
using Tutti.Predictions;

namespace Tutti.Reports;

/// <summary>One of the things that a report tells of every row: an answer; or all labels that all rows have, which are right or wrong together. A row whose truth is not known is neither right nor wrong.</summary>
public sealed class ReportTarget
{
    readonly AnswerSet set;
    readonly double[][] truth;

    // What equal losses are ordered by.
    readonly double[] finer;

    ReportTarget(AnswerSet set, IReadOnlyList<int> answers, string? together = null)
    {
        (this.set, Answers) = (set, answers);
        var first = set.Answers[answers[0]];
        (Name, Kind, Classes) = together is null ? (first.Name, Named(first.Kind), first.Kind == AnswerKind.Flag ? ["no", "yes"] : first.Classes) : (together, "labels", [.. answers.Select(answer => set.Answers[answer].Name)]);
        truth = [.. answers.Select(set.TruthOf)];
        Known = together is null ? set.KnownRows(answers[0]) : [.. Enumerable.Range(0, set.Count)];
        (Losses, finer) = (Filled(), Filled());
        foreach (var answer in answers)
            foreach (var (row, loss) in Known.Zip(Known.Count == 0 ? [] : AnswerScores.LossesOf(set.Known(answer), answer, flags: 1))) finer[row] = (double.IsNaN(finer[row]) ? 0 : finer[row]) + loss;
        foreach (var row in Known) Losses[row] = first.Kind switch
        {
            AnswerKind.Number => Math.Sqrt(finer[row]),
            AnswerKind.Ordinal => Math.Abs(truth[0][row] - PredictionSet.ArgMax(set.Row(row, answers[0]))),
            _ => finer[row],
        };
    }

    /// <summary>All that is told of a set's rows, labels first.</summary>
    /// <exception cref="InvalidOperationException">The true values are not known.</exception>
    public static IReadOnlyList<ReportTarget> Of(AnswerSet set)
    {
        int[] together = AnswerScores.Together(set) is { Length: > 1 } labels ? labels : [];
        return [.. together.Length == 0 ? (IEnumerable<ReportTarget>)[] : [new(set, together, "labels")], .. Enumerable.Range(0, set.Answers.Count).Except(together).Select(answer => new ReportTarget(set, [answer]))];
    }

    /// <summary>The answer's, or <c>labels</c>.</summary>
    public string Name { get; }

    /// <summary><c>class</c>, <c>ordinal</c>, <c>flag</c>, <c>number</c>, or <c>labels</c>.</summary>
    public string Kind { get; }

    /// <summary>Names of classes and levels; of a flag no and yes; of labels theirs; none of a number.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>The answers of the set, of labels several.</summary>
    public IReadOnlyList<int> Answers { get; }

    /// <summary>The rows whose truth is known.</summary>
    public IReadOnlyList<int> Known { get; }

    /// <summary>
    /// How wrong each row is; NaN where the truth is not known. Classes and flags: -log of the probability of what is true. Labels: the sum of that. Numbers: the distance in standard
    /// deviations of the true numbers. Levels: how many they are off.
    /// </summary>
    public double[] Losses { get; }

    /// <summary>The rows with the highest loss first; of levels that are equally far off those whose level had the lowest probability.</summary>
    internal IReadOnlyList<int> Worst(int most) => [.. Known.OrderByDescending(row => Losses[row]).ThenByDescending(row => finer[row]).Take(most)];

    /// <summary>The rows in the order that the confusion matrix opens them; none where there is none.</summary>
    internal IReadOnlyList<ConfusionRows> Cells(int most) => Kind is "class" or "ordinal" ? ConfusionRows.Of(Known, row => ((int)Truth(row)!, Predicted(row)), Probability, _ => most) : [];

    /// <summary>The true class, number, or 1 or 0 of a flag; null where it is not known.</summary>
    internal double? Truth(int row) => double.IsNaN(truth[0][row]) ? null : truth[0][row];

    /// <summary>The place of the predicted class.</summary>
    internal int Predicted(int row) => Kind == "flag" ? Number(row) >= 0.5 ? 1 : 0 : PredictionSet.ArgMax(set.Row(row, Answers[0]));

    /// <summary>Of the predicted class.</summary>
    internal double Probability(int row) => Probability(row, Predicted(row));

    /// <summary>Of a class.</summary>
    internal double Probability(int row, int of) => Kind == "flag" ? of == 1 ? Number(row) : 1 - Number(row) : set.Row(row, Answers[0])[of];

    /// <summary>What is predicted where that is one number.</summary>
    internal double Number(int row) => set.Row(row, Answers[0])[0];

    /// <summary>The labels that are predicted or true, the most probable first.</summary>
    internal IReadOnlyList<(int Label, double P, bool True)> Labels(int row) =>
        [.. Answers.Select((answer, label) => (Label: label, P: set.Row(row, answer)[0], True: truth[label][row] > 0)).Where(label => label.P >= 0.5 || label.True).OrderByDescending(label => label.P)];

    double[] Filled() => [.. Enumerable.Repeat(double.NaN, set.Count)];

    static string Named(AnswerKind kind) => kind.ToString().ToLowerInvariant();
}
