using Tutti.Predictions;

namespace Tutti.Evaluation;

/// <summary>
/// The scores of answers of any number of rows that come one after the other, in constant memory: <see cref="AnswerScores"/> as <see cref="RunningScores"/> is those of one class. Up to
/// <see cref="RunningScores.ExactRows"/> rows they are those of <see cref="AnswerScores.Of"/>, number for number.
/// </summary>
public sealed class RunningAnswers : IDisposable
{
    readonly IReadOnlyList<Answer> answers;
    readonly int[] places, flags, support, known;
    int[] joint = [];                                         // flags that stand together: no row so far lacked one
    readonly MetricChoice metrics;
    readonly ulong seed;
    readonly int resamples, exactRows;
    readonly RunningScores?[] classes;
    readonly StreamedNumbers?[] numbers;
    StreamedLabels? labels;
    readonly StreamedLabels?[] alone;
    bool streamed;

    // Rows that are held.
    List<double> values = [], truths = [];

    /// <param name="answers">What is said of every row.</param>
    /// <param name="seed">Of the resamples behind the intervals.</param>
    /// <param name="resamples">Their number.</param>
    /// <param name="metrics">Which scores.</param>
    public RunningAnswers(IReadOnlyList<Answer> answers, ulong seed = 0, int resamples = 1000, MetricChoice metrics = MetricChoice.Usual) : this(answers, RunningScores.ExactRows, seed, resamples, metrics) { }

    internal RunningAnswers(IReadOnlyList<Answer> answers, int exactRows, ulong seed, int resamples, MetricChoice metrics)
    {
        (this.answers, this.exactRows, this.seed, this.resamples, this.metrics) = (answers, exactRows, seed, resamples, metrics);
        (places, numbers, alone) = (Answer.Places(answers), new StreamedNumbers?[answers.Count], new StreamedLabels?[answers.Count]);
        flags = [.. answers.Index().Where(pair => pair.Item.Kind == AnswerKind.Flag).Select(pair => pair.Index)];
        (support, known) = (new int[flags.Length], new int[answers.Count]);
        classes = [.. answers.Select(answer => answer.HasClasses ? new RunningScores(answer.Classes, exactRows, seed, resamples, metrics) : null)];
    }

    /// <summary>Rows added so far.</summary>
    public int Rows { get; private set; }

    /// <summary>Adds the next row.</summary>
    /// <param name="row">What is said of it, the answers side by side.</param>
    /// <param name="truth">One true value an answer: the class's index, 1 or 0, the number; NaN where the row lacks it.</param>
    /// <exception cref="ArgumentException">A value is impossible.</exception>
    /// <exception cref="ConfigException">Temporary files cannot be written.</exception>
    public void Add(ReadOnlySpan<double> row, ReadOnlySpan<double> truth)
    {
        if (truth.Length != answers.Count) throw new ArgumentException($"row {Rows}: {truth.Length} true values of {answers.Count} answers", nameof(truth));
        if (AnswerSet.FaultOf(answers, row) is { } fault) throw new ArgumentException($"row {Rows}: {fault}", nameof(row));
        if (Rows == exactRows) Stream();
        for (var i = 0; i < classes.Length; i++)
            if (!double.IsNaN(truth[i])) classes[i]?.Add(row.Slice(places[i], answers[i].Width), (int)truth[i]);
        for (var i = 0; i < answers.Count; i++)
            if (!double.IsNaN(truth[i])) known[i]++;
        for (var i = 0; i < flags.Length; i++)
            if (truth[flags[i]] > 0) support[i]++;
        if (streamed) AddStreamed(row, truth);
        else
        {
            values.AddRange(row);
            truths.AddRange(truth);
        }
        Rows++;
    }

    /// <summary>The scores of all rows so far; those of the labels come first.</summary>
    /// <exception cref="ArgumentException">There are none.</exception>
    public IReadOnlyList<AnswerSummary> Summary()
    {
        if (Rows == 0) throw new ArgumentException("no rows to score");
        if (!streamed) return AnswerScores.Of(new([.. Enumerable.Range(0, Rows).Select(row => FormattableString.Invariant($"{row}"))], answers, [.. values], [.. truths]), seed, resamples, metrics);
        return [.. labels is null ? (IEnumerable<AnswerSummary>)[] : [Labels("labels", labels, joint)],
            .. Enumerable.Range(0, answers.Count).Where(i => !joint.Contains(i) && known[i] > 0).Select(Alone)];
    }

    AnswerSummary Alone(int i) => answers[i].Kind switch
    {
        AnswerKind.Class => AnswerScores.Classes(answers[i], classes[i]!.Summary()),
        AnswerKind.Ordinal => AnswerScores.Levels(answers[i], classes[i]!.Summary(), numbers[i]!.Result()[NumberSums.MeanAbsoluteError]),
        AnswerKind.Flag => Labels(answers[i].Name, alone[i]!, [i]),
        _ => AnswerScores.Numbers(answers[i], numbers[i]!.Result(), metrics),
    };

    AnswerSummary Labels(string together, StreamedLabels streamed, int[] which) =>
        AnswerScores.Labels(together, streamed.Result(), [.. which.Select(flag => answers[flag].Name)], [.. which.Select(flag => support[Array.IndexOf(flags, flag)])], metrics);

    public void Dispose()
    {
        labels?.Dispose();
        foreach (var one in classes) one?.Dispose();
        foreach (var one in numbers) one?.Dispose();
        foreach (var one in alone) one?.Dispose();
    }

    void Stream()
    {
        streamed = true;
        var weights = new PoissonWeights(seed, resamples);
        joint = [.. flags.Where(flag => known[flag] == Rows)];
        if (joint.Length > 0) labels = new(joint.Length, weights, resamples);
        foreach (var flag in flags.Except(joint)) alone[flag] = new(1, weights, resamples);
        for (var i = 0; i < answers.Count; i++)
            if (answers[i].Kind is AnswerKind.Number or AnswerKind.Ordinal) numbers[i] = new(weights, resamples, metrics);
        var width = answers.Sum(answer => answer.Width);
        double[] held = [.. values], given = [.. truths];
        for (var row = 0; row < Rows; row++) AddStreamed(held.AsSpan(row * width, width), given.AsSpan(row * answers.Count, answers.Count));
        (values, truths) = ([], []);
    }

    void AddStreamed(ReadOnlySpan<double> row, ReadOnlySpan<double> truth)
    {
        for (var i = 0; i < numbers.Length; i++)
            if (!double.IsNaN(truth[i]))
            {
                numbers[i]?.Add(truth[i], answers[i].HasClasses ? PredictionSet.ArgMax(row.Slice(places[i], answers[i].Width)) : row[places[i]]);
                alone[i]?.Add([row[places[i]]], [truth[i] > 0]);
            }
        if (labels is null) return;
        var (scores, has) = (new double[joint.Length], new bool[joint.Length]);
        for (var i = 0; i < joint.Length; i++)
        {
            if (double.IsNaN(truth[joint[i]])) return;        // after so many rows that had it: it cannot be judged beside the others
            (scores[i], has[i]) = (row[places[joint[i]]], truth[joint[i]] > 0);
        }
        labels.Add(scores, has);
    }
}
