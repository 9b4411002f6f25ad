namespace Tutti.Labels;

/// <summary>Rows that may have several labels or none: each class is an audit of its own, of yes and no.</summary>
public sealed class MultiLabelAudit
{
    /// <summary>The weight of a row's worst label in the usual mean of its labels' scores.</summary>
    public const double UsualAlpha = 0.8;

    static readonly bool[] ways = [true, false];          // a label too many, a label too few
    readonly LabelAudit<double>[] classes;
    readonly int[][] given;                                   // by class, then row: 0 or 1
    readonly int count;

    /// <param name="labels">n*k of 0 and 1, row by row.</param>
    /// <param name="probabilities">n*k of each label's own probability; a row's need not sum to 1.</param>
    /// <param name="k">The number of classes.</param>
    public MultiLabelAudit(int[] labels, double[] probabilities, int k)
    {
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(probabilities);
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        if (labels.Length != probabilities.Length || labels.Length % k != 0) throw new ArgumentException($"{labels.Length} labels and {probabilities.Length} probabilities of {k} classes", nameof(labels));
        count = labels.Length / k;
        given = new int[k][];
        classes = new LabelAudit<double>[k];
        for (var one = 0; one < k; one++)
        {
            var both = new double[count * 2];
            given[one] = new int[count];
            for (var row = 0; row < count; row++)
            {
                var p = probabilities[(row * k) + one];
                (both[row * 2], both[(row * 2) + 1], given[one][row]) = (1 - p, p, labels[(row * k) + one]);
            }
            classes[one] = LabelAudit.Of(ProbabilityRows.Of(both, 2), given[one]);
        }
    }

    /// <summary>The audit of one class: 1 is having the label.</summary>
    public LabelAudit<double> this[int one] => classes[one];

    /// <summary>Whether a row has a label too many or too few, by class and row.</summary>
    public bool[][] FindByClass(LabelSearch? search = null) => [.. classes.Select(one => one.Find(search))];

    /// <summary>Whether a row has an issue in any class; with the two filters of lowest scores as many rows as confident learning finds, those of the lowest quality.</summary>
    public bool[] Find(LabelSearch? search = null)
    {
        search ??= new();
        if (search.Filter is not (LabelFilter.LowNormalizedMargin or LabelFilter.LowSelfConfidence)) return Any(FindByClass(search));
        var flagged = Any(FindByClass(search with { Filter = LabelFilter.ConfidentLearning })).Count(any => any);
        var method = search.Filter == LabelFilter.LowSelfConfidence ? LabelQuality.SelfConfidence : LabelQuality.NormalizedMargin;
        var mask = new bool[count];
        foreach (var row in QualityScores.Order(Enumerable.Range(0, count), Quality(method)).Take(flagged)) mask[row] = true;
        return mask;
    }

    /// <summary>Scores by class and row.</summary>
    public double[][] QualityByClass(LabelQuality method = LabelQuality.SelfConfidence) => [.. classes.Select(one => one.Quality(method))];

    /// <summary>A score of each row: a moving mean over its labels' scores from the best to the worst, in which each next one has the weight <paramref name="alpha"/>.</summary>
    public double[] Quality(LabelQuality method = LabelQuality.SelfConfidence, double alpha = UsualAlpha) => Pool(QualityByClass(method), scores =>
    {
        Array.Sort(scores);
        var mean = scores[^1];
        for (var i = scores.Length - 2; i >= 0; i--) mean = (alpha * scores[i]) + ((1 - alpha) * mean);
        return mean;
    });

    /// <summary>A score of each row: the mean of its labels' scores weighted by exp((1 - score) / temperature).</summary>
    public double[] SoftMinimum(LabelQuality method = LabelQuality.SelfConfidence, double temperature = 0.1) => Pool(QualityByClass(method), scores =>
    {
        var (sum, weights, least) = (0.0, 0.0, scores.Min());
        foreach (var score in scores)
        {
            var weight = Math.Exp((least - score) / temperature);
            (sum, weights) = (sum + (weight * score), weights + weight);
        }
        return sum / weights;
    });

    /// <summary>The flagged rows, worst first.</summary>
    public int[] Ranked(bool[] flagged, LabelQuality method = LabelQuality.SelfConfidence) =>
        QualityScores.Order(Enumerable.Range(0, count).Where(row => flagged[row]), Quality(method));

    /// <summary>Which labels are most often there without reason, or missing; the most frequent first.</summary>
    public IReadOnlyList<MultiLabelIssue> CommonIssues(LabelSearch? search = null)
    {
        var flagged = FindByClass(search);
        return [.. Enumerable.Range(0, classes.Length).SelectMany(one => ways.Select(isGiven =>
            new MultiLabelIssue(one, isGiven, Enumerable.Range(0, count).Count(row => flagged[one][row] && given[one][row] == 1 == isGiven)))).OrderByDescending(issue => issue.Rows)];
    }

    /// <summary>The share of rows without an issue.</summary>
    public double Health(LabelSearch? search = null) => 1 - (Find(search).Count(any => any) / (double)count);

    bool[] Any(bool[][] byClass) => [.. Enumerable.Range(0, count).Select(row => byClass.Any(one => one[row]))];

    double[] Pool(double[][] byClass, Func<double[], double> pool) => [.. Enumerable.Range(0, count).Select(row => pool([.. byClass.Select(one => one[row])]))];
}

/// <summary>One label and one way of being wrong.</summary>
/// <param name="Class">The label's index.</param>
/// <param name="Given">True: it is there and should not be; false: it is missing.</param>
/// <param name="Rows">How often.</param>
public sealed record MultiLabelIssue(int Class, bool Given, int Rows);
