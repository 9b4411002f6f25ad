namespace Tutti.Predictions;

/// <summary>
/// What models say of n rows where that is not one class: labels of which a row may have several, numbers, or several of such things. W numbers a row, those of the answers
/// side by side; <see cref="PredictionSet"/> is the same for one class.
/// </summary>
public sealed class AnswerSet
{
    readonly int[] places;

    /// <param name="ids">n different row ids.</param>
    /// <param name="answers">What is said.</param>
    /// <param name="values">n*W values, row by row: probabilities of classes and flags, numbers.</param>
    /// <param name="truth">n times one value an answer: the class's index, 1 or 0, the number, NaN where a row lacks it; null where nothing is known.</param>
    /// <param name="folds">n fold numbers; null when there are no folds.</param>
    /// <exception cref="ArgumentException">Lengths do not fit together, or a value is impossible; the message names the row.</exception>
    public AnswerSet(IReadOnlyList<string> ids, IReadOnlyList<Answer> answers, double[] values, double[]? truth = null, int[]? folds = null)
    {
        (Ids, Answers, Values, Truth, Folds, places) = (ids, answers, values, truth, folds, Answer.Places(answers));
        Width = answers.Sum(answer => answer.Width);
        if (answers.Count == 0) throw new ArgumentException("there is nothing to answer", nameof(answers));
        if (values.Length != (long)Count * Width) throw new ArgumentException($"{values.Length} values for {Count} rows of {Width}", nameof(values));
        if (truth is not null && truth.Length != (long)Count * answers.Count) throw new ArgumentException($"{truth.Length} true values for {Count} rows of {answers.Count} answers", nameof(truth));
        if (folds is not null && folds.Length != Count) throw new ArgumentException($"{folds.Length} folds for {Count} rows", nameof(folds));
        if (ids.Distinct(StringComparer.Ordinal).Count() < ids.Count) throw new ArgumentException("an id is there twice", nameof(ids));
        for (var row = 0; row < Count; row++)
            if (FaultOf(answers, Row(row)) is { } fault) throw new ArgumentException($"row '{ids[row]}': {fault}", nameof(values));
    }

    public IReadOnlyList<string> Ids { get; }
    public IReadOnlyList<Answer> Answers { get; }

    /// <summary>n*W values, row by row.</summary>
    public double[] Values { get; }

    /// <summary>n*answers true values, row by row; null where they are not known.</summary>
    public double[]? Truth { get; }

    /// <summary>The fold that held the row out; null when there are no folds.</summary>
    public int[]? Folds { get; }

    /// <summary>n, the number of rows.</summary>
    public int Count => Ids.Count;

    /// <summary>W, the numbers of a row.</summary>
    public int Width { get; }

    /// <summary>The W values of a row.</summary>
    public ReadOnlySpan<double> Row(int row) => Values.AsSpan(row * Width, Width);

    /// <summary>The values of a row in one answer.</summary>
    public ReadOnlySpan<double> Row(int row, int answer) => Row(row).Slice(places[answer], Answers[answer].Width);

    /// <summary>The values of an answer of one number, flag or number, one a row.</summary>
    public double[] Column(int answer) => [.. Enumerable.Range(0, Count).Select(row => Values[(row * Width) + places[answer]])];

    /// <summary>The true values of an answer.</summary>
    /// <exception cref="InvalidOperationException">They are not known.</exception>
    public double[] TruthOf(int answer) => Truth is { } truth ? [.. Enumerable.Range(0, Count).Select(row => truth[(row * Answers.Count) + answer])] : throw new InvalidOperationException("the true values are not known");

    /// <summary>The rows whose true value of an answer is known.</summary>
    public AnswerSet Known(int answer) => Truth is null || !TruthOf(answer).Any(double.IsNaN) ? this : Rows(KnownRows(answer));

    /// <summary>Their places.</summary>
    public IReadOnlyList<int> KnownRows(int answer) => TruthOf(answer) is var truth ? [.. Enumerable.Range(0, Count).Where(row => !double.IsNaN(truth[row]))] : [];

    /// <summary>An answer of classes as predictions of its own; all true values must be <see cref="Known"/>.</summary>
    public PredictionSet Classes(int answer)
    {
        var (at, k) = (places[answer], Answers[answer].Width);
        return new(Ids, Answers[answer].Classes, [.. Enumerable.Range(0, Count).SelectMany(row => Values.AsSpan((row * Width) + at, k).ToArray())],
            Truth is null ? null : [.. TruthOf(answer).Select(label => (int)label)], Folds);
    }

    /// <summary>The set of some rows, in their order.</summary>
    public AnswerSet Rows(IReadOnlyList<int> rows) => new([.. rows.Select(row => Ids[row])], Answers, [.. rows.SelectMany(row => Row(row).ToArray())],
        Truth is { } truth ? [.. rows.SelectMany(row => truth[(row * Answers.Count)..((row + 1) * Answers.Count)])] : null, Folds is { } folds ? [.. rows.Select(row => folds[row])] : null);

    /// <summary>Sets of different rows as one, in the order of <paramref name="ids"/>; ids that no set has are left out.</summary>
    /// <exception cref="ArgumentException">A row stands in two sets.</exception>
    public static AnswerSet Join(IReadOnlyList<AnswerSet> sets, IReadOnlyList<string> ids)
    {
        var found = new Dictionary<string, (AnswerSet Set, int Row)>(StringComparer.Ordinal);
        foreach (var set in sets)
            for (var row = 0; row < set.Count; row++)
                if (!found.TryAdd(set.Ids[row], (set, row))) throw new ArgumentException($"row '{set.Ids[row]}' stands in two sets");
        var rows = ids.Where(found.ContainsKey).Select(id => found[id]).ToArray();
        var answers = sets[0].Answers;
        return new([.. ids.Where(found.ContainsKey)], answers, [.. rows.SelectMany(at => at.Set.Row(at.Row).ToArray())],
            sets.Any(set => set.Truth is null) ? null : [.. rows.SelectMany(at => at.Set.Truth![(at.Row * answers.Count)..((at.Row + 1) * answers.Count)])],
            sets.Any(set => set.Folds is null) ? null : [.. rows.Select(at => at.Set.Folds![at.Row])]);
    }

    /// <summary>Why values cannot be those of a row, or null when they can.</summary>
    internal static string? FaultOf(IReadOnlyList<Answer> answers, ReadOnlySpan<double> row)
    {
        var at = 0;
        foreach (var answer in answers)
        {
            var own = row.Slice(at, answer.Width);
            at += answer.Width;
            if (answer.HasClasses && PredictionSet.FaultOf(own) is { } fault) return $"{answer.Name}: {fault}";
            if (!double.IsFinite(own[0])) return $"{answer.Name}: {own[0]} is not a finite number; did the training diverge?";
            if (answer.Kind == AnswerKind.Flag && own[0] is < 0 or > 1) return $"{answer.Name}: probability {own[0]} is not between 0 and 1";
        }
        return null;
    }
}
