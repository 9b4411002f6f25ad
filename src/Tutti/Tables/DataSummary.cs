
namespace Tutti.Tables;

/// <summary>A class and its number of rows.</summary>
public sealed record ClassCount(string Name, int Rows);

/// <summary>Lengths of texts in characters (UTF-16 units; both texts of a pair), empty texts included. The 95th percentile is the nearest rank.</summary>
public sealed record TextLengths(int Min, double Median, double Mean, int P95, int Max)
{
    internal static TextLengths Of(int[] lengths)
    {
        lengths.Sort();
        var n = lengths.Length;
        return new(lengths[0], (lengths[(n - 1) / 2] + lengths[n / 2]) / 2.0, lengths.Average(), lengths[(int)Math.Ceiling(0.95 * n) - 1], lengths[^1]);
    }
}

/// <summary>Rows whose text occurs elsewhere too.</summary>
/// <param name="Texts">Different texts concerned.</param>
/// <param name="Rows">Rows of the training table that hold them.</param>
/// <param name="Lines">The lines of the first of these rows, at most ten.</param>
public sealed record Repeats(int Texts, int Rows, IReadOnlyList<long> Lines);

/// <summary>
/// What should be known of a data set before training on it. Which texts are the same is said by <see cref="TextKeys"/>.
/// </summary>
public sealed record DataSummary
{
    public required int Rows { get; init; }

    /// <summary>Rows per class in the order of <see cref="LabelMap"/>; empty without labels.</summary>
    public required IReadOnlyList<ClassCount> Classes { get; init; }

    public required TextLengths Lengths { get; init; }

    public required int EmptyTexts { get; init; }

    /// <summary>Texts that occur in more than one row.</summary>
    public required Repeats WithinTrain { get; init; }

    /// <summary>Texts that occur in more than one row with different labels.</summary>
    public required Repeats Contradicting { get; init; }

    /// <summary>Texts that occur on both sides of the folds' split: the validation score knows them from training.</summary>
    public required Repeats AcrossFolds { get; init; }

    /// <summary>Training texts that occur in the test table too.</summary>
    public required Repeats AcrossTest { get; init; }

    /// <param name="train">The table to be trained on.</param>
    /// <param name="text">Makes a row's text; <paramref name="pair"/> the second one where texts come in pairs.</param>
    /// <param name="label">The column of classes, or null.</param>
    /// <param name="folds">The folds of the table's rows, if made already.</param>
    /// <param name="test">A second table with the columns of the texts.</param>
    /// <param name="keysOf">Which rows are the same where texts do not say it; null: <see cref="TextKeys"/>.</param>
    public static DataSummary Of(Table train, TextTemplate text, TextTemplate? pair = null, string? label = null, Folds? folds = null, Table? test = null, Func<Table, UInt128?[]>? keysOf = null)
    {
        keysOf ??= table => TextKeys.Of(table, text, pair);
        if (folds is not null && folds.Rows != train.Count)
            throw new ArgumentException($"the folds are of {folds.Rows} rows, the table has {train.Count}", nameof(folds));
        var (texts, keys) = (Texts(train, text, pair), keysOf(train));
        var labels = label is null ? null : LabelMap.Cells(train, label);
        var byText = Enumerable.Range(0, train.Count).Where(row => keys[row] is not null).GroupBy(row => keys[row]!.Value).ToDictionary(g => g.Key, g => g.ToArray());
        var repeated = byText.Values.Where(rows => rows.Length > 1).ToList();
        return new()
        {
            Rows = train.Count,
            Classes = labels is null ? [] : [.. CountClasses(labels)],
            Lengths = TextLengths.Of([.. texts.Select(Length)]),
            EmptyTexts = texts.Count(t => Length(t) == 0),
            WithinTrain = Collect(train, repeated),
            Contradicting = Collect(train, labels is null ? [] : repeated.Where(rows => rows.Any(r => labels[r] != labels[rows[0]]))),
            AcrossFolds = Collect(train, folds is null ? [] : repeated.Where(rows => rows.Any(r => folds.Of(r) != folds.Of(rows[0])))),
            AcrossTest = Collect(train, test is null ? [] : keysOf(test).OfType<UInt128>().Distinct().Where(byText.ContainsKey).Select(k => byText[k])),
        };
    }

    // The texts of a pair are joined by a NUL, which no cell holds.
    static string[] Texts(Table table, TextTemplate text, TextTemplate? pair) => [.. Enumerable.Range(0, table.Count)
        .Select(row => pair is null ? text.Render(table, row) : $"{text.Render(table, row)}\0{pair.Render(table, row)}")];

    static int Length(string text) => text.Length - (text.Contains('\0') ? 1 : 0);

    static IEnumerable<ClassCount> CountClasses(string[] labels)
    {
        var counts = labels.CountBy(l => l, StringComparer.Ordinal).ToDictionary(c => c.Key, c => c.Value, StringComparer.Ordinal);
        return LabelMap.Ordered(counts.Keys).Select(name => new ClassCount(name, counts[name]));
    }

    static Repeats Collect(Table table, IEnumerable<int[]> groups)
    {
        var found = groups.ToList();
        return new(found.Count, found.Sum(rows => rows.Length), [.. found.SelectMany(rows => rows).Order().Take(10).Select(table.LineOf)]);
    }
}
