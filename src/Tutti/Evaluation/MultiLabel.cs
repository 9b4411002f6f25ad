namespace Tutti.Evaluation;

/// <summary>
/// Scores of rows that each may have several of K labels, as in scikit-learn 1.2.1 with zero_division 0. <c>truth</c> and
/// <c>predicted</c> are n*K flags row by row.
/// </summary>
public static class MultiLabel
{
    /// <summary>Flags from scores: at least the threshold.</summary>
    public static bool[] Threshold(ReadOnlySpan<double> scores, double threshold = 0.5)
    {
        var flags = new bool[scores.Length];
        for (var i = 0; i < flags.Length; i++) flags[i] = scores[i] >= threshold;
        return flags;
    }

    /// <summary>The share of rows with all K labels right.</summary>
    public static double ExactMatch(ReadOnlySpan<bool> truth, ReadOnlySpan<bool> predicted, int labels)
    {
        var rows = Rows(truth.Length, predicted.Length, labels);
        var right = 0;
        for (var i = 0; i < rows; i++)
            if (truth.Slice(i * labels, labels).SequenceEqual(predicted.Slice(i * labels, labels))) right++;
        return (double)right / rows;
    }

    /// <summary>The share of single labels that are wrong.</summary>
    public static double HammingLoss(ReadOnlySpan<bool> truth, ReadOnlySpan<bool> predicted)
    {
        Rows(truth.Length, predicted.Length, 1);
        var wrong = 0;
        for (var i = 0; i < truth.Length; i++)
            if (truth[i] != predicted[i]) wrong++;
        return (double)wrong / truth.Length;
    }

    /// <summary>Precision, recall and F of each label, and their micro, macro and weighted means.</summary>
    public static FScores PerLabel(ReadOnlySpan<bool> truth, ReadOnlySpan<bool> predicted, int labels, double beta = 1, double zeroDivision = 0)
    {
        Rows(truth.Length, predicted.Length, labels);
        var (both, guessed, there) = (new double[labels], new double[labels], new double[labels]);
        for (var i = 0; i < truth.Length; i++)
        {
            if (truth[i] && predicted[i]) both[i % labels]++;
            if (predicted[i]) guessed[i % labels]++;
            if (truth[i]) there[i % labels]++;
        }
        return new(both, guessed, there, beta, zeroDivision);
    }

    /// <summary>The mean over rows of the F1 of the row's labels; 0 for a row without any.</summary>
    public static double F1OfSamples(ReadOnlySpan<bool> truth, ReadOnlySpan<bool> predicted, int labels) =>
        MeanOverRows(truth, predicted, labels, (both, guessed, there) => FScores.Of(both, guessed, there, 1, 0).F);

    /// <summary>The mean over rows of shared labels by labels in either; 0 for a row without any.</summary>
    public static double JaccardOfSamples(ReadOnlySpan<bool> truth, ReadOnlySpan<bool> predicted, int labels) =>
        MeanOverRows(truth, predicted, labels, (both, guessed, there) => guessed + there == 0 ? 0 : both / (guessed + there - both));

    /// <summary>A ranking score of each label's column.</summary>
    public static double[] PerColumn(ReadOnlySpan<double> scores, ReadOnlySpan<bool> truth, int labels, RankingScore score)
    {
        var rows = Rows(truth.Length, scores.Length, labels);
        var values = new double[labels];
        var (column, flags) = (new double[rows], new bool[rows]);
        for (var k = 0; k < labels; k++)
        {
            for (var i = 0; i < rows; i++) (column[i], flags[i]) = (scores[i * labels + k], truth[i * labels + k]);
            values[k] = score(column, flags);
        }
        return values;
    }

    /// <summary>
    /// Label ranking average precision: the mean over rows, and over the row's labels, of the share of true labels among those that
    /// score at least as much; 1 for a row with no label or with all.
    /// </summary>
    public static double RankingAveragePrecision(ReadOnlySpan<double> scores, ReadOnlySpan<bool> truth, int labels)
    {
        var rows = Rows(truth.Length, scores.Length, labels);
        var sum = 0.0;
        for (var i = 0; i < rows; i++)
        {
            var row = scores.Slice(i * labels, labels);
            var flags = truth.Slice(i * labels, labels);
            var relevant = flags.Count(true);
            if (relevant == 0 || relevant == labels)
            {
                sum++;
                continue;
            }
            var shares = 0.0;
            for (var k = 0; k < labels; k++)
            {
                if (!flags[k]) continue;
                var (above, right) = (0, 0);
                for (var other = 0; other < labels; other++)
                {
                    if (row[other] < row[k]) continue;
                    above++;
                    if (flags[other]) right++;
                }
                shares += (double)right / above;
            }
            sum += shares / relevant;
        }
        return sum / rows;
    }

    /// <summary>The mean over all single labels of -log of the probability given to what is true.</summary>
    /// <param name="epsilon">Probabilities are clipped to epsilon .. 1 - epsilon; 0 for none, then the result may be infinite.</param>
    public static double LogLoss(ReadOnlySpan<double> scores, ReadOnlySpan<bool> truth, double epsilon = 0)
    {
        Rows(truth.Length, scores.Length, 1);
        var sum = 0.0;
        for (var i = 0; i < truth.Length; i++)
        {
            var p = Math.Clamp(scores[i], epsilon, 1 - epsilon);
            sum -= Math.Log(truth[i] ? p : 1 - p);
        }
        return sum / truth.Length;
    }

    static double MeanOverRows(ReadOnlySpan<bool> truth, ReadOnlySpan<bool> predicted, int labels, Func<double, double, double, double> score)
    {
        var rows = Rows(truth.Length, predicted.Length, labels);
        var sum = 0.0;
        for (var i = 0; i < rows; i++)
        {
            var (both, guessed, there) = (0, 0, 0);
            for (var k = i * labels; k < (i + 1) * labels; k++)
            {
                if (truth[k] && predicted[k]) both++;
                if (predicted[k]) guessed++;
                if (truth[k]) there++;
            }
            sum += score(both, guessed, there);
        }
        return sum / rows;
    }

    static int Rows(int truth, int other, int labels)
    {
        if (truth == 0) throw new ArgumentException("no rows to score");
        if (truth != other || truth % labels != 0) throw new ArgumentException($"{other} predictions for {truth} flags of {labels} labels");
        return truth / labels;
    }
}
