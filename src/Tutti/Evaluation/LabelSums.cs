namespace Tutti.Evaluation;

/// <summary>What the scores of labels, of which a row may have several, are made of: of all rows or of a resample.</summary>
/// <param name="Rows">Their number.</param>
/// <param name="Both">Per label, rows that have it and are predicted to.</param>
/// <param name="Predicted">Per label, rows predicted to have it.</param>
/// <param name="Truth">Per label, rows that have it.</param>
/// <param name="Exact">Rows with all labels right.</param>
/// <param name="Row">Sums of what a row has of its own.</param>
/// <param name="Ranks">Of each label: the rows that have it against the others.</param>
sealed record LabelSums(double Rows, double[] Both, double[] Predicted, double[] Truth, double Exact, LabelRow Row, OneRank[] Ranks)
{
    static readonly string[] usual = ["F1 macro", "F1 micro", "exact match", "Hamming loss", "log-loss", "ROC-AUC", "ranking precision"];
    static readonly string[] more = ["precision macro", "recall macro", "precision micro", "recall micro", "precision weighted", "recall weighted", "F1 weighted", "F1 samples", "Jaccard samples", "average precision macro"];

    /// <summary>Names of the scores in the order of <see cref="Values"/>.</summary>
    public static IReadOnlyList<string> Names(MetricChoice metrics) => metrics == MetricChoice.All ? [.. usual, .. more] : usual;

    /// <summary>All scores, then precision, recall, F1, area under the ROC curve and average precision of each label.</summary>
    public double[] Values()
    {
        var f = new FScores(Both, Predicted, Truth, 1, 0);
        var wrong = Predicted.Sum() + Truth.Sum() - (2 * Both.Sum());
        double[] scores = [f.Macro.F, f.Micro.F, Exact / Rows, wrong / (Rows * Truth.Length), Row.Loss / Rows, Mean(Ranks.Select(one => one.Area)), Row.RankingPrecision / Rows];
        return [.. scores, f.Macro.Precision, f.Macro.Recall, f.Micro.Precision, f.Micro.Recall, f.Weighted.Precision, f.Weighted.Recall, f.Weighted.F, Row.F1 / Rows, Row.Jaccard / Rows,
            Mean(Ranks.Select(one => one.Average)), .. f.PerClass.Zip(Ranks, (one, rank) => (double[])[one.Precision, one.Recall, one.F, rank.Area, rank.Average]).SelectMany(values => values)];
    }

    // Labels that all rows have, or none, have no area.
    static double Mean(IEnumerable<double> values) => values.Where(value => !double.IsNaN(value)).DefaultIfEmpty(double.NaN).Average();
}

/// <summary>What can be known of a row alone: mean log-loss of its labels, label ranking average precision, F1 and Jaccard index of its labels.</summary>
readonly record struct LabelRow(double Loss, double RankingPrecision, double F1, double Jaccard)
{
    const double Clip = 1e-15;

    public static LabelRow Of(ReadOnlySpan<double> scores, ReadOnlySpan<bool> truth, ReadOnlySpan<bool> predicted) => new(MultiLabel.LogLoss(scores, truth, Clip),
        MultiLabel.RankingAveragePrecision(scores, truth, truth.Length), MultiLabel.F1OfSamples(truth, predicted, truth.Length), MultiLabel.JaccardOfSamples(truth, predicted, truth.Length));

    public static LabelRow operator +(LabelRow a, LabelRow b) => new(a.Loss + b.Loss, a.RankingPrecision + b.RankingPrecision, a.F1 + b.F1, a.Jaccard + b.Jaccard);
}
