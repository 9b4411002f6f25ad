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
public sealed record AnswerSummary(string Name, AnswerKind Kind, IReadOnlyList<NamedScore> Scores, EvaluationSummary? Classes, IReadOnlyList<LabelLine> Labels)
{
    /// <summary>Of labels: each one's scores with intervals; empty unless all scores were asked for.</summary>
    public IReadOnlyList<ClassScores> LabelScores { get; init; } = [];
}

/// <summary>
/// Scores of answers, with intervals from resampled rows: of classes those of <see cref="EvaluationSummary"/>; of labels micro and macro F1 (zero_division 0), exact match, Hamming loss,
/// log-loss, mean ROC-AUC and label ranking average precision; of numbers root mean squared and mean absolute error, R2, Spearman's correlation; of ordered levels those of classes, and how many levels they are off.
/// </summary>
public static class AnswerScores
{
    const double Clip = 1e-15;

    /// <summary>Every answer's scores, of the rows that have it; those of the labels come first. A label that some rows lack stands by itself, since it cannot be right or wrong together with the others; what no row has is left out.</summary>
    /// <param name="metrics">Which scores.</param>
    /// <exception cref="InvalidOperationException">The truth is not known.</exception>
    public static IReadOnlyList<AnswerSummary> Of(AnswerSet set, ulong seed = 0, int resamples = 1000, MetricChoice metrics = MetricChoice.Usual)
    {
        if (set.Truth is null) throw new InvalidOperationException("the true values are not known, so there is nothing to score");
        var flags = Together(set);
        return [.. flags.Length == 0 ? (IEnumerable<AnswerSummary>)[] : [LabelsOf("labels", set, flags, seed, resamples, metrics)],
            .. Enumerable.Range(0, set.Answers.Count).Where(answer => !flags.Contains(answer) && set.KnownRows(answer).Count > 0).Select(answer => OneOf(set.Known(answer), answer, seed, resamples, metrics))];
    }

    /// <summary>The labels that all rows have, which are scored together.</summary>
    internal static int[] Together(AnswerSet set) => [.. Enumerable.Range(0, set.Answers.Count).Where(answer => set.Answers[answer].Kind == AnswerKind.Flag && set.KnownRows(answer).Count == set.Count)];

    /// <summary>The scores of an answer whose true values are all known.</summary>
    static AnswerSummary OneOf(AnswerSet set, int answer, ulong seed, int resamples, MetricChoice metrics) => set.Answers[answer] switch
    {
        { Kind: AnswerKind.Class } what => Classes(what, EvaluationSummary.Of(set.Classes(answer), seed, resamples, metrics)),
        { Kind: AnswerKind.Ordinal } what => Levels(what, EvaluationSummary.Of(set.Classes(answer), seed, resamples, metrics), LevelsOff(set, answer, seed, resamples)),
        { Kind: AnswerKind.Flag } what => LabelsOf(what.Name, set, [answer], seed, resamples, metrics),
        var what => Numbers(what, NumbersOf(set.TruthOf(answer), set.Column(answer), seed, resamples, metrics), metrics),
    };

    /// <summary>
    /// The loss of each row, by which members can be compared: the weighted sum over the answers of -log of the class's probability, of -log of the probability given to what is true of
    /// a label (over their number), and of squared errors over the variance of the true numbers. An answer that some rows lack counts for more in the others, so that the mean over all rows is the sum of
    /// the answers' means over the rows that have them.
    /// </summary>
    public static double[] Losses(AnswerSet set)
    {
        var losses = new double[set.Count];
        double flags = set.Answers.Count(answer => answer.Kind == AnswerKind.Flag);
        for (var answer = 0; answer < set.Answers.Count; answer++)
        {
            var what = set.Answers[answer];
            if (set.Known(answer) is var known && known.Count < set.Count)
            {
                var scale = known.Count == 0 ? 0 : what.Weight * set.Count / known.Count;
                foreach (var (row, loss) in set.KnownRows(answer).Zip(LossesOf(known, answer, flags))) losses[row] += scale * loss;
                continue;
            }
            var of = LossesOf(set, answer, flags);
            for (var row = 0; row < losses.Length; row++) losses[row] += what.Weight * of[row];
        }
        return losses;
    }

    /// <summary>The loss of each row in one answer whose true values are all known.</summary>
    /// <param name="flags">What a label's loss is divided by.</param>
    internal static double[] LossesOf(AnswerSet set, int answer, double flags)
    {
        var (truth, what) = (set.TruthOf(answer), set.Answers[answer]);
        return what.Kind switch
        {
            AnswerKind.Class or AnswerKind.Ordinal => ClassLosses(set.Classes(answer), truth),
            AnswerKind.Flag => [.. set.Column(answer).Zip(truth, (p, t) => -Math.Log(Math.Max(t > 0 ? p : 1 - p, Clip)) / flags)],
            _ => SquaredErrors(set.Column(answer), truth),
        };
    }

    static double[] ClassLosses(PredictionSet set, double[] truth) => [.. truth.Select((label, row) => -Math.Log(Math.Max(set.Row(row)[(int)label], Clip)))];

    static double[] SquaredErrors(double[] values, double[] truth)
    {
        var mean = truth.Average();
        var variance = truth.Sum(t => (t - mean) * (t - mean)) / truth.Length;
        return [.. values.Zip(truth, (v, t) => (v - t) * (v - t) / (variance > 0 ? variance : 1))];
    }

    internal static AnswerSummary Classes(Answer answer, EvaluationSummary summary) => new(answer.Name, answer.Kind, summary.Scores, summary, []);

    /// <summary>Of ordered levels how far off they are comes first: the mean distance of the most probable level from the true one, in levels.</summary>
    internal static AnswerSummary Levels(Answer answer, EvaluationSummary summary, Score off) => Classes(answer, summary) with { Scores = [new("levels off", off), .. summary.Scores] };

    static Score LevelsOff(AnswerSet set, int answer, ulong seed, int resamples)
    {
        var (own, truth) = (set.Classes(answer), set.TruthOf(answer));
        double[] off = [.. truth.Select((level, row) => Math.Abs(level - PredictionSet.ArgMax(own.Row(row))))];
        return Bootstrap.Intervals(set.Count, rows =>
        {
            var sum = 0.0;
            foreach (var row in rows) sum += off[row];
            return [sum / rows.Length];
        }, seed, resamples)[0];
    }

    /// <summary>Gives the values of <see cref="NumberSums.Values"/> their names.</summary>
    internal static AnswerSummary Numbers(Answer answer, Score[] scores, MetricChoice metrics) => new(answer.Name, AnswerKind.Number, [.. NumberSums.Names(metrics).Zip(scores, (score, value) => new NamedScore(score, value))], null, []);

    /// <summary>Gives the values of <see cref="LabelSums.Values"/> their names.</summary>
    /// <param name="scores">With those of each label, whatever was asked for.</param>
    /// <param name="labels">The labels' names.</param>
    /// <param name="support">Rows that have each.</param>
    /// <param name="together">What they are called together.</param>
    internal static AnswerSummary Labels(string together, Score[] scores, IReadOnlyList<string> labels, IReadOnlyList<int> support, MetricChoice metrics)
    {
        var (all, own) = (LabelSums.Names(MetricChoice.All), new List<ClassScores>());
        foreach (var (name, values) in labels.Zip(scores[all.Count..].Chunk(MoreScores.PerClass))) own.Add(new(name, values[0], values[1], values[2], values[3], values[4]));
        return new(together, AnswerKind.Flag, [.. LabelSums.Names(metrics).Zip(scores, (name, value) => new NamedScore(name, value))], null,
            [.. own.Zip(support, (one, rows) => new LabelLine(one.Name, one.Precision.Value, one.Recall.Value, one.F1.Value, rows, rows / (double)scores[0].N, one.RocAuc.Value))])
        {
            LabelScores = metrics == MetricChoice.All ? own : [],
        };
    }

    static Score[] NumbersOf(double[] truth, double[] values, ulong seed, int resamples, MetricChoice metrics) => Bootstrap.Intervals(truth.Length, rows =>
    {
        var (t, v) = (Pick(truth, rows), Pick(values, rows));
        double[] usual = [Regression.RootMeanSquaredError(t, v), Regression.MeanAbsoluteError(t, v), Regression.R2(t, v), Regression.Spearman(t, v)];
        return metrics == MetricChoice.All ? [.. usual, Regression.MeanSquaredError(t, v), Regression.ExplainedVariance(t, v), Regression.Pearson(t, v)] : usual;
    }, seed, resamples);

    static AnswerSummary LabelsOf(string together, AnswerSet set, int[] flags, ulong seed, int resamples, MetricChoice metrics)
    {
        double[][] scores = [.. flags.Select(set.Column)];
        bool[][] truth = [.. flags.Select(flag => Array.ConvertAll(set.TruthOf(flag), value => value > 0))];
        // The table of the labels needs their own values anyway.
        return Labels(together, Bootstrap.Intervals(set.Count, new LabelRows(scores, truth).Of, seed, resamples), [.. flags.Select(flag => set.Answers[flag].Name)], [.. truth.Select(column => column.Count(has => has))], metrics);
    }

    static double[] Pick(double[] values, ReadOnlySpan<int> rows)
    {
        var picked = new double[rows.Length];
        for (var i = 0; i < rows.Length; i++) picked[i] = values[rows[i]];
        return picked;
    }
}
