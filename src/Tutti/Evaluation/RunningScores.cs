using System.Runtime.InteropServices;
using Tutti.Predictions;

namespace Tutti.Evaluation;

/// <summary>
/// Evaluates any number of rows that come one after the other, in constant memory. Up to <see cref="ExactRows"/> rows the summary is that of
/// <see cref="EvaluationSummary.Of"/>, number for number. With more rows the values are still those of all rows, and the intervals come from the
/// Poisson bootstrap: each row stands in each resample an independent Poisson(1) number of times, which is computed from seed, row and resample
/// and never stored. For two classes the scores are kept on disk (at most 24 bytes a row), because the area under the ROC curve needs ranks; its value
/// is exact. Its resamples see the ranks in steps of 1/128, which moves an area by about 1/128 at the very most; what it moves the area of all rows by is
/// known and taken off. For all scores every class's probability goes to disk too, 16 bytes each, twice that while they are sorted (docs/metrics.md).
/// </summary>
public sealed class RunningScores : IDisposable
{
    /// <summary>Rows that are held, for the bootstrap that draws rows.</summary>
    public const int ExactRows = 20_000;

    /// <summary>Counts of rows are whole numbers of 32 bits, those of resamples too, which may hold some more rows.</summary>
    const int MostRows = 2_000_000_000;

    readonly IReadOnlyList<string> classes;
    readonly ulong seed;
    readonly int resamples, exactRows;
    readonly MetricChoice metrics;
    List<double> probabilities = [];
    List<int> labels = [];
    StreamedScores? streamed;

    /// <param name="classes">Class names.</param>
    /// <param name="seed">Of the resamples behind the intervals.</param>
    /// <param name="resamples">Their number.</param>
    /// <param name="metrics">Which scores.</param>
    public RunningScores(IReadOnlyList<string> classes, ulong seed = 0, int resamples = 1000, MetricChoice metrics = MetricChoice.Usual) : this(classes, ExactRows, seed, resamples, metrics) { }

    internal RunningScores(IReadOnlyList<string> classes, int exactRows, ulong seed, int resamples, MetricChoice metrics = MetricChoice.Usual)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes.Count, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 1);
        (this.classes, this.exactRows, this.seed, this.resamples, this.metrics) = (classes, exactRows, seed, resamples, metrics);
    }

    /// <summary>Rows added so far.</summary>
    public int Rows { get; private set; }

    /// <summary>Adds the next row.</summary>
    /// <param name="row">Its probabilities, one per class.</param>
    /// <param name="label">Its true class.</param>
    /// <exception cref="ArgumentException">No probabilities of these classes, or a label that is none of them.</exception>
    /// <exception cref="ConfigException">Temporary files cannot be written.</exception>
    public void Add(ReadOnlySpan<double> row, int label)
    {
        if (row.Length != classes.Count) throw new ArgumentException($"row {Rows}: {row.Length} probabilities of {classes.Count} classes", nameof(row));
        if (PredictionSet.FaultOf(row) is { } fault) throw new ArgumentException($"row {Rows}: {fault}", nameof(row));
        if ((uint)label >= (uint)classes.Count) throw new ArgumentException($"row {Rows}: label {label} of {classes.Count} classes", nameof(label));
        if (Rows == MostRows) throw new InvalidOperationException(FormattableString.Invariant($"more than {MostRows} rows cannot be scored at once; split the file"));
        if (Rows == exactRows) Stream();
        if (streamed is not null) streamed.Add(row, label);
        else
        {
            probabilities.AddRange(row);
            labels.Add(label);
        }
        Rows++;
    }

    /// <summary>The scores of all rows so far.</summary>
    /// <exception cref="ArgumentException">There are none.</exception>
    public EvaluationSummary Summary()
    {
        if (streamed is null)
            return EvaluationSummary.Of(new([.. Enumerable.Range(0, Rows).Select(row => FormattableString.Invariant($"{row}"))], classes, [.. probabilities], [.. labels]), seed, resamples, metrics);
        var (scores, confusion, bins) = streamed.Result();
        return EvaluationSummary.Named(scores, confusion, classes, () => bins);
    }

    /// <summary>All scores of rows that are held anyway, in the time of rows that are not; those that are known already stay as they are.</summary>
    /// <param name="usual">Of the same rows.</param>
    public static EvaluationSummary AllOf(PredictionSet predictions, EvaluationSummary usual)
    {
        var set = predictions.Labelled();
        using var running = new RunningScores(set.Classes, metrics: MetricChoice.All);
        for (var row = 0; row < set.Count; row++) running.Add(set.Row(row), set.Labels![row]);
        var all = running.Summary();
        return all with { Unlabelled = usual.Unlabelled, Scores = [.. usual.Scores, .. all.Scores.Skip(usual.Scores.Count)] };
    }

    public void Dispose() => streamed?.Dispose();

    void Stream()
    {
        streamed = new(classes.Count, new PoissonWeights(seed, resamples), resamples, metrics);
        for (var row = 0; row < Rows; row++) streamed.Add(CollectionsMarshal.AsSpan(probabilities).Slice(row * classes.Count, classes.Count), labels[row]);
        (probabilities, labels) = ([], []);
    }
}
