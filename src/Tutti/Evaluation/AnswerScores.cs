using Tutti.Predictions;

namespace Tutti.Evaluation;

/// <summary>A label's line in the table of labels, at a threshold of 0.5.</summary>
/// <param name="Share">The part of the rows that have it.</param>
/// <param name="RocAuc">Area under its ROC curve; NaN where all rows have it, or none.</param>
public sealed record LabelLine(string Name, double Precision, double Recall, double F1, int Support, double Share, double RocAuc);

/// <summary>How good one answer is; all labels of which a row may have several are one.</summary>
/// <param name="Name">The answer's, or <c>labels</c>.</param>
/// <param name="Scores">With intervals, in the order to show.</param>
/// <param name="Classes">Of an answer with classes: all there is to say of it.</param>
/// <param name="Labels">Of labels: a line each.</param>
public sealed record AnswerSummary(string Name, AnswerKind Kind, IReadOnlyList<NamedScore> Scores, EvaluationSummary? Classes, IReadOnlyList<LabelLine> Labels);

/// <summary>
/// Scores of answers, with intervals from resampled rows: of classes those of <see cref="EvaluationSummary"/>; of labels micro and macro F1 (zero_division 0), exact match, Hamming loss,
/// log-loss, mean ROC-AUC and label ranking average precision; of numbers root mean squared and mean absolute error, R2, Spearman's correlation.
/// </summary>
public static class AnswerScores
{
    const double Clip = 1e-15;

    static readonly string[] labelNames = ["F1 macro", "F1 micro", "exact match", "Hamming loss", "log-loss", "ROC-AUC", "ranking precision"];
    static readonly string[] numberNames = ["RMSE", "MAE", "R2", "Spearman"];

    /// <summary>Every answer's scores; those of the labels come first.</summary>
    /// <exception cref="InvalidOperationException">The truth is not known.</exception>
    public static IReadOnlyList<AnswerSummary> Of(AnswerSet set, ulong seed = 0, int resamples = 1000)
    {
        if (set.Truth is null) throw new InvalidOperationException("the true values are not known, so there is nothing to score");
        int[] flags = [.. Enumerable.Range(0, set.Answers.Count).Where(answer => set.Answers[answer].Kind == AnswerKind.Flag)];
        return [.. flags.Length == 0 ? (IEnumerable<AnswerSummary>)[] : [Labels(set, flags, seed, resamples)],
            .. Enumerable.Range(0, set.Answers.Count).Where(answer => set.Answers[answer].Kind != AnswerKind.Flag).Select(answer => set.Answers[answer].Kind == AnswerKind.Class
                ? Classes(set.Answers[answer].Name, EvaluationSummary.Of(set.Classes(answer), seed, resamples))
                : Numbers(set.Answers[answer].Name, set.TruthOf(answer), set.Column(answer), seed, resamples))];
    }

    /// <summary>
    /// The loss of each row, by which members can be compared: the weighted sum over the answers of -log of the class's probability, of -log of the probability given to what is true of
    /// a label (over their number), and of squared errors over the variance of the true numbers.
    /// </summary>
    public static double[] Losses(AnswerSet set)
    {
        var losses = new double[set.Count];
        double flags = set.Answers.Count(answer => answer.Kind == AnswerKind.Flag);
        for (var answer = 0; answer < set.Answers.Count; answer++)
        {
            var (truth, what) = (set.TruthOf(answer), set.Answers[answer]);
            var of = what.Kind switch
            {
                AnswerKind.Class => ClassLosses(set.Classes(answer), truth),
                AnswerKind.Flag => [.. set.Column(answer).Zip(truth, (p, t) => -Math.Log(Math.Max(t > 0 ? p : 1 - p, Clip)) / flags)],
                _ => SquaredErrors(set.Column(answer), truth),
            };
            for (var row = 0; row < losses.Length; row++) losses[row] += what.Weight * of[row];
        }
        return losses;
    }

    static double[] ClassLosses(PredictionSet set, double[] truth) => [.. truth.Select((label, row) => -Math.Log(Math.Max(set.Row(row)[(int)label], Clip)))];

    static double[] SquaredErrors(double[] values, double[] truth)
    {
        var mean = truth.Average();
        var variance = truth.Sum(t => (t - mean) * (t - mean)) / truth.Length;
        return [.. values.Zip(truth, (v, t) => (v - t) * (v - t) / (variance > 0 ? variance : 1))];
    }

    static AnswerSummary Classes(string name, EvaluationSummary summary) => new(name, AnswerKind.Class, summary.Scores, summary, []);

    static AnswerSummary Numbers(string name, double[] truth, double[] values, ulong seed, int resamples)
    {
        var scores = Bootstrap.Intervals(truth.Length, rows =>
        {
            var (t, v) = (Pick(truth, rows), Pick(values, rows));
            return [Regression.RootMeanSquaredError(t, v), Regression.MeanAbsoluteError(t, v), Regression.R2(t, v), Regression.Spearman(t, v)];
        }, seed, resamples);
        return new(name, AnswerKind.Number, [.. numberNames.Zip(scores, (score, value) => new NamedScore(score, value))], null, []);
    }

    static AnswerSummary Labels(AnswerSet set, int[] flags, ulong seed, int resamples)
    {
        var (n, k) = (set.Count, flags.Length);
        var (scores, truth) = (new double[n * k], new bool[n * k]);
        for (var j = 0; j < k; j++)
        {
            var (column, true01) = (set.Column(flags[j]), set.TruthOf(flags[j]));
            for (var row = 0; row < n; row++) (scores[(row * k) + j], truth[(row * k) + j]) = (column[row], true01[row] > 0);
        }
        var ranked = Enumerable.Range(0, k).Select(j => new RankedRows(set.Column(flags[j]), [.. set.TruthOf(flags[j]).Select(t => t > 0)])).ToArray();
        var intervals = Bootstrap.Intervals(n, rows =>
        {
            var (s, t) = (Pick(scores, rows, k), Pick(truth, rows, k));
            var predicted = MultiLabel.Threshold(s);
            var f = MultiLabel.PerLabel(t, predicted, k);
            var times = RankedRows.Times(rows, n);
            return [f.Macro.F, f.Micro.F, MultiLabel.ExactMatch(t, predicted, k), MultiLabel.HammingLoss(t, predicted), MultiLabel.LogLoss(s, t, Clip),
                Mean(ranked.Select(one => one.RocAuc(times))), MultiLabel.RankingAveragePrecision(s, t, k)];
        }, seed, resamples);
        var all = Enumerable.Repeat(1, n).ToArray();
        var perLabel = MultiLabel.PerLabel(truth, MultiLabel.Threshold(scores), k);
        return new("labels", AnswerKind.Flag, [.. labelNames.Zip(intervals, (name, value) => new NamedScore(name, value))], null, [.. flags.Select((answer, j) =>
        {
            var support = Enumerable.Range(0, n).Count(row => truth[(row * k) + j]);
            return new LabelLine(set.Answers[answer].Name, perLabel.PerClass[j].Precision, perLabel.PerClass[j].Recall, perLabel.PerClass[j].F, support, support / (double)n, ranked[j].RocAuc(all));
        })]);
    }

    // Labels that all rows have, or none, have no area.
    static double Mean(IEnumerable<double> values) => values.Where(value => !double.IsNaN(value)).DefaultIfEmpty(double.NaN).Average();

    static T[] Pick<T>(T[] values, ReadOnlySpan<int> rows, int width = 1)
    {
        var picked = new T[rows.Length * width];
        for (var i = 0; i < rows.Length; i++) values.AsSpan(rows[i] * width, width).CopyTo(picked.AsSpan(i * width));
        return picked;
    }
}
