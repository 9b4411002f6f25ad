namespace Tutti.Evaluation;

/// <summary>A column of values by which rows are divided into slices.</summary>
/// <param name="Name">The column, or what was measured of a row.</param>
/// <param name="Values">A value per row.</param>
public sealed record SliceColumn(string Name, IReadOnlyList<string> Values)
{
    /// <summary>Numbers as the quarters between their quartiles; fewer where quartiles are equal.</summary>
    /// <param name="name">What was measured.</param>
    /// <param name="numbers">A number per row.</param>
    public static SliceColumn Quarters(string name, IReadOnlyList<int> numbers)
    {
        int[] sorted = [.. numbers.Order()];
        if (sorted.Length == 0) return new(name, []);
        int[] ends = [.. new[] { 0.25, 0.5, 0.75, 1 }.Select(share => sorted[(int)Math.Ceiling(share * sorted.Length) - 1]).Distinct()];
        string[] names = [.. ends.Select((end, i) => FormattableString.Invariant($"{(i == 0 ? sorted[0] : ends[i - 1] + 1)} to {end}"))];
        return new(name, [.. numbers.Select(number => names[Array.FindIndex(ends, end => number <= end)])]);
    }
}

/// <summary>The rows of one value, and how much worse (or better) they are predicted than the rest.</summary>
/// <param name="Column">The column.</param>
/// <param name="Value">The value that the rows share.</param>
/// <param name="Rows">Their number.</param>
/// <param name="Accuracy">The share of them predicted right.</param>
/// <param name="Rest">The same of all other rows.</param>
/// <param name="Difference">Accuracy less the rest's, with the 95 % interval of Newcombe (1998, method 10).</param>
/// <param name="P">How probable at least as many errors are where the value has nothing to do with errors: Fisher's exact test, one-sided.</param>
/// <param name="Adjusted">The same for all slices together (Holm 1979): below 0.05, this or a smaller one is chance in at most one of twenty searches.</param>
public sealed record Slice(string Column, string Value, int Rows, double Accuracy, double Rest, Score Difference, double P, double Adjusted);

/// <summary>
/// Where a model is worse than elsewhere, found without being asked: every value of every column that is frequent enough is compared with all other rows. Holm's
/// correction keeps the chance of any false alarm below the level however slices overlap, and the exact test needs no large counts.
/// </summary>
/// <param name="Tested">How many slices were compared.</param>
/// <param name="Overall">The share of all rows predicted right.</param>
/// <param name="All">Those that are worse beyond chance first; each kind by shortfall, the largest first.</param>
public sealed record Slices(int Tested, double Overall, IReadOnlyList<Slice> All)
{
    /// <summary>The level of the tests.</summary>
    public const double Level = 0.05;

    /// <summary>Rows that a slice, and what is left, must have.</summary>
    public const int FewestRows = 20;

    /// <summary>Slices of one column, the most frequent values.</summary>
    public const int MostPerColumn = 50;

    /// <summary>Those that are worse than the rest beyond chance.</summary>
    public IReadOnlyList<Slice> Found => [.. All.Where(slice => slice.Adjusted < Level)];

    /// <param name="right">Whether each row was predicted right.</param>
    /// <param name="columns">Values of the same rows.</param>
    /// <exception cref="ArgumentException">A column has another number of rows.</exception>
    public static Slices Find(IReadOnlyList<bool> right, IReadOnlyList<SliceColumn> columns)
    {
        var (n, errors) = (right.Count, right.Count(one => !one));
        var logs = new LogFactorials(n);
        List<Slice> found = [];
        foreach (var column in columns)
        {
            if (column.Values.Count != n) throw new ArgumentException($"column {column.Name} has {column.Values.Count} rows, expected {n}", nameof(columns));
            var groups = column.Values.Index().GroupBy(item => item.Item, StringComparer.Ordinal).Select(group => (Value: group.Key, Rows: group.Select(item => item.Index).ToArray()))
                .Where(group => group.Rows.Length >= FewestRows && n - group.Rows.Length >= FewestRows)
                .OrderByDescending(group => group.Rows.Length).ThenBy(group => group.Value, StringComparer.Ordinal).Take(MostPerColumn);
            foreach (var (value, rows) in groups)
            {
                var wrong = rows.Count(row => !right[row]);
                var (inside, rest) = (new Share(rows.Length - wrong, rows.Length), new Share(n - errors - (rows.Length - wrong), n - rows.Length));
                found.Add(new(column.Name, value, rows.Length, inside.Value, rest.Value, inside.Less(rest), logs.AtLeast(wrong, rows.Length, errors), 1));
            }
        }
        return new(found.Count, n == 0 ? double.NaN : (double)(n - errors) / n, Ranked(found));
    }

    static Slice[] Ranked(List<Slice> slices)
    {
        var adjusted = Holm([.. slices.Select(slice => slice.P)]);
        return [.. slices.Select((slice, i) => slice with { Adjusted = adjusted[i] })
            .OrderByDescending(slice => slice.Adjusted < Level).ThenBy(slice => slice.Difference.Value).ThenBy(slice => slice.Column, StringComparer.Ordinal).ThenBy(slice => slice.Value, StringComparer.Ordinal)];
    }

    /// <summary>Holm's step-down correction: the smallest of m is multiplied by m, the next by m - 1, never below the one before, at most 1.</summary>
    internal static double[] Holm(double[] p)
    {
        var adjusted = new double[p.Length];
        var (largest, left) = (0.0, p.Length);
        foreach (var i in Enumerable.Range(0, p.Length).OrderBy(i => p[i])) adjusted[i] = largest = Math.Min(1, Math.Max(largest, p[i] * left--));
        return adjusted;
    }

    readonly record struct Share(int Count, int Of)
    {
        const double Normal = 1.959963984540054;              // 97.5 % of a standard normal lie below

        public double Value => (double)Count / Of;

        /// <summary>The difference of two independent shares with Newcombe's hybrid interval, from Wilson's of each.</summary>
        public Score Less(Share other)
        {
            var (a, b) = (Wilson(), other.Wilson());
            var difference = Value - other.Value;
            return new(difference, difference - Hypotenuse(Value - a.Low, b.High - other.Value), difference + Hypotenuse(a.High - Value, other.Value - b.Low), Of + other.Of);
        }

        (double Low, double High) Wilson()
        {
            var (p, z) = (Value, Normal * Normal / Of);
            var (centre, half) = ((p + (z / 2)) / (1 + z), Math.Sqrt((p * (1 - p) * z) + (z * z / 4)) / (1 + z));
            return (centre - half, centre + half);
        }

        static double Hypotenuse(double a, double b) => Math.Sqrt((a * a) + (b * b));
    }

    /// <summary>Logarithms of 0! to n!, for exact probabilities of draws without putting back.</summary>
    sealed class LogFactorials
    {
        readonly double[] logs;

        public LogFactorials(int n)
        {
            logs = new double[n + 1];
            for (var i = 2; i <= n; i++) logs[i] = logs[i - 1] + Math.Log(i);
        }

        /// <summary>The probability of at least so many errors among drawn rows, of all rows with so many errors.</summary>
        public double AtLeast(int wrong, int drawn, int errors)
        {
            var n = logs.Length - 1;
            var all = Choose(n, drawn);
            var sum = 0.0;
            for (var k = Math.Max(wrong, drawn + errors - n); k <= Math.Min(drawn, errors); k++) sum += Math.Exp(Choose(errors, k) + Choose(n - errors, drawn - k) - all);
            return Math.Min(1, sum);
        }

        double Choose(int n, int k) => logs[n] - logs[k] - logs[n - k];
    }
}
