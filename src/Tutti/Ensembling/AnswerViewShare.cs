using Tutti.Evaluation;
using Tutti.Predictions;

namespace Tutti.Ensembling;

/// <summary>What <see cref="ViewShare"/> is for one class per row, for labels, numbers or several targets: one share of the views for all answers of a member, that of the least weighted sum of the answers' mean losses.</summary>
/// <param name="Weight">Fitted to all rows: for rows to come.</param>
/// <param name="ByFold">The share that each fold's rows are scored with, fitted to the others; with a single fold, to the same rows.</param>
/// <param name="Predictions">The plain answers with their share of the views'.</param>
/// <param name="Differences">Of these from the plain ones, for each answer.</param>
public sealed record AnswerViewShare(double Weight, IReadOnlyDictionary<int, double> ByFold, AnswerSet Predictions, IReadOnlyList<AnswerDifference> Differences)
{
    /// <param name="plain">Out-of-fold answers of rows with true values and folds.</param>
    /// <param name="views">The means over views of the same rows, in the same order.</param>
    public static AnswerViewShare Fit(AnswerSet plain, AnswerSet views)
    {
        if (!plain.Ids.SequenceEqual(views.Ids)) throw new ArgumentException("plain answers and those over views are of other rows", nameof(views));
        var (folds, slopes) = (plain.Folds ?? new int[plain.Count], Enumerable.Range(0, plain.Answers.Count).SelectMany(answer => Slopes(plain, views, answer)).ToArray());
        double Share(Func<int, bool> of)
        {
            var some = slopes.Where(one => of(one.Row)).ToArray();
            return ViewShare.Best(share => some.Sum(one => one.At(share)));
        }
        var (all, byFold) = ViewShare.ByFolds(folds, Share);
        var mixed = Mixed(plain, views, row => byFold[folds[row]]);
        return AnswerScores.Losses(mixed).Average() < AnswerScores.Losses(plain).Average() ? new(all, byFold, mixed, AnswerDifference.Of(mixed, plain)) : new(0, ViewShare.None(byFold), plain, AnswerDifference.Of(plain, plain));
    }

    /// <summary>The plain answers with a share of the views'.</summary>
    public static AnswerSet Mixed(AnswerSet plain, AnswerSet views, Func<int, double> share)
    {
        var values = new double[plain.Values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            var weight = share(i / plain.Width);
            values[i] = weight == 0 ? plain.Values[i] : ((1 - weight) * plain.Values[i]) + (weight * views.Values[i]);
        }
        return new(plain.Ids, plain.Answers, values, plain.Truth, plain.Folds);
    }

    /// <summary>How fast the loss of each row that has an answer grows with the share: the losses of <see cref="AnswerScores.Losses"/>, each of them convex in it.</summary>
    static IEnumerable<(int Row, Func<double, double> At)> Slopes(AnswerSet plain, AnswerSet views, int answer)
    {
        var (rows, truth, what) = (plain.KnownRows(answer), plain.TruthOf(answer), plain.Answers[answer]);
        if (rows.Count == 0) return [];
        var (at, weight) = (Answer.Places(plain.Answers)[answer], what.Weight / rows.Count);
        (int, Func<double, double>) Slope(int row, int place, Func<double, double, double, double> of)
        {
            var (one, other) = (plain.Row(row)[at + place], views.Row(row)[at + place]);
            return (row, share => weight * of(one, other, share));
        }
        switch (what.Kind)
        {
            case AnswerKind.Number:
                var mean = rows.Average(row => truth[row]);
                var variance = rows.Average(row => (truth[row] - mean) * (truth[row] - mean)) is > 0 and var some ? some : 1;
                return rows.Select(row => Slope(row, 0, (one, other, share) => 2 * (other - one) * (((1 - share) * one) + (share * other) - truth[row]) / variance));
            case AnswerKind.Flag:
                weight /= plain.Answers.Count(other => other.Kind == AnswerKind.Flag);
                return rows.Select(row => Slope(row, 0, (one, other, share) => truth[row] > 0 ? ViewShare.Slope(one, other, share) : ViewShare.Slope(1 - one, 1 - other, share)));
            default:
                return rows.Select(row => Slope(row, (int)truth[row], ViewShare.Slope));
        }
    }
}
