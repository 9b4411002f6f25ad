using Tutti.Predictions;

namespace Tutti.Evaluation;

/// <summary>How one model differs from another in one answer, on the same rows: first minus second.</summary>
/// <param name="Name">The answer's, or <c>labels</c>, as <see cref="AnswerScores.Of"/> calls it; empty where a run has but one class per row.</param>
/// <param name="Measure"><c>accuracy</c> of classes and labels (the share of a row's labels that is right), <c>levels off</c> of ordered levels, <c>MAE</c> of numbers: each a mean over rows.</param>
/// <param name="Value">Of that measure.</param>
/// <param name="Loss">Of the mean loss: log-loss; of numbers squared errors over the variance of the true ones.</param>
/// <param name="McNemar">Of classes, McNemar's test of the accuracies; else null.</param>
public sealed record AnswerDifference(string Name, string Measure, PairedResult Value, PairedResult Loss, double? McNemar)
{
    const string Accuracy = "accuracy";

    /// <summary>More of the measure is better.</summary>
    public bool Higher => Measure == Accuracy;

    /// <summary>Of one class per row.</summary>
    public static AnswerDifference OfClasses(PairedResult accuracy, PairedResult logLoss, double? mcNemar) => new("", Accuracy, accuracy, logLoss, mcNemar);

    /// <summary>Of every answer, on the rows that have it; labels that all rows have are taken together.</summary>
    /// <param name="first">With true values.</param>
    /// <param name="second">Of the same rows in the same order.</param>
    /// <exception cref="ArgumentException">Rows or answers differ.</exception>
    public static IReadOnlyList<AnswerDifference> Of(AnswerSet first, AnswerSet second)
    {
        if (!first.Ids.SequenceEqual(second.Ids) || !first.Answers.Select(answer => answer.Name).SequenceEqual(second.Answers.Select(answer => answer.Name)))
            throw new ArgumentException("the two sets are of different rows or answers", nameof(second));
        var flags = AnswerScores.Together(first);
        return [.. flags.Length == 0 ? (IEnumerable<AnswerDifference>)[] : [Of("labels", first, second, flags)],
            .. Enumerable.Range(0, first.Answers.Count).Where(answer => !flags.Contains(answer) && first.KnownRows(answer).Count > 0).Select(answer => Of(first.Answers[answer].Name, first.Known(answer), second.Known(answer), [answer]))];
    }

    static AnswerDifference Of(string name, AnswerSet first, AnswerSet second, int[] answers)
    {
        var (measure, ours) = Values(first, answers);
        var (_, theirs) = Values(second, answers);
        var paired = first.Answers[answers[0]].Kind == AnswerKind.Class ? PairedTest.McNemar([.. ours.Select(value => value > 0)], [.. theirs.Select(value => value > 0)]) : (double?)null;
        return new(name, measure, PairedTest.Bootstrap(ours, theirs), PairedTest.Bootstrap(Losses(first, answers), Losses(second, answers)), paired);
    }

    static double[] Losses(AnswerSet set, int[] answers) => Mean(set, answers, answer => AnswerScores.LossesOf(set, answer, 1));

    /// <summary>The measure of each row.</summary>
    static (string Measure, double[] Values) Values(AnswerSet set, int[] answers) => set.Answers[answers[0]].Kind switch
    {
        AnswerKind.Class => (Accuracy, Rows(set, answers[0], (predicted, truth) => predicted == truth ? 1 : 0)),
        AnswerKind.Ordinal => ("levels off", Rows(set, answers[0], (predicted, truth) => Math.Abs(predicted - truth))),
        AnswerKind.Flag => (Accuracy, Mean(set, answers, answer => [.. set.Column(answer).Zip(set.TruthOf(answer), (p, truth) => p >= 0.5 == truth > 0 ? 1.0 : 0)])),
        _ => ("MAE", [.. set.Column(answers[0]).Zip(set.TruthOf(answers[0]), (value, truth) => Math.Abs(value - truth))]),
    };

    static double[] Rows(AnswerSet set, int answer, Func<double, double, double> value)
    {
        var (own, truth) = (set.Classes(answer), set.TruthOf(answer));
        return [.. truth.Select((label, row) => value(PredictionSet.ArgMax(own.Row(row)), label))];
    }

    static double[] Mean(AnswerSet set, int[] answers, Func<int, double[]> of)
    {
        var sum = new double[set.Count];
        foreach (var answer in answers)
            foreach (var (row, value) in of(answer).Index()) sum[row] += value / answers.Length;
        return sum;
    }
}
