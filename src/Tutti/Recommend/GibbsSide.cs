using Tutti.Torch;

namespace Tutti.Recommend;

/// <summary>
/// One side of a Bayesian factorisation machine (users, or items) as a block of features (Rendle 2013, "Scaling factorization machines to
/// relational data"): its own number, the set of those it met on the other side, and side features. All that a column needs to know of the
/// ratings is kept in sums per row of the block, so that a sweep costs as much as the block has entries, not as the ratings would have.
/// </summary>
sealed class GibbsSide
{
    /// <summary>Sums over the ratings of one user (or item), for the factor in turn: what the other side has there is t, the residual e.</summary>
    internal struct Row
    {
        public float Q, C, T1, T2, E1, E2, Own;
    }

    /// <summary>Columns that share their priors. An entry stands for a row of the block.</summary>
    /// <param name="Starts">Entries of column c are at Starts[c] to Starts[c + 1] - 1; null where column c is row c alone.</param>
    internal sealed record Group(int Columns, int[]? Starts, int[] Rows, float[] Values, double[] V, double[] W)
    {
        public double[] Mean { get; } = new double[V.Length / Columns + 1];
        public double[] Precision { get; } = new double[V.Length / Columns + 1];
    }

    readonly int factors;
    readonly List<Group> groups = [];

    /// <param name="own">The ratings by this side.</param>
    /// <param name="other">By the other side; with it the set of those met is a feature.</param>
    /// <param name="features">Of every row, or null.</param>
    public GibbsSide(RatingIndex own, RatingIndex? other, SideFeatures? features, BayesianConfig config, RandomStream random)
    {
        factors = config.Factors;
        State = new Row[own.Count];
        Q = new float[factors][];
        for (var f = 0; f < factors; f++) Q[f] = new float[own.Count];
        Linear = new float[own.Count];
        for (var row = 0; row < State.Length; row++) State[row].C = own.CountOf(row);
        groups.Add(New(own.Count, null, [], [], config, random, 0));
        if (other is not null)
        {
            var scale = Enumerable.Range(0, own.Count).Select(row => 1 / MathF.Sqrt(Math.Max(own.CountOf(row), 1))).ToArray();
            groups.Add(New(other.Count, other.Starts, other.Others, [.. other.Others.Select(row => scale[row])], config, random, 1));
        }
        if (features is not null)
        {
            var (starts, rows, values) = features.ByColumn();
            groups.Add(New(features.ColumnCount, starts, rows, values, config, random, 2));
        }
        foreach (var group in groups)
            for (var f = 0; f < factors; f++) AddTo(Q[f], group, group.V, f);
        Refresh();
    }

    internal Row[] State { get; }

    internal IReadOnlyList<Group> Groups => groups;

    /// <summary>Of every factor: what each row says of it.</summary>
    public float[][] Q { get; }

    /// <summary>Of each row: all that does not meet the other side.</summary>
    public float[] Linear { get; }

    static Group New(int columns, int[]? starts, int[] rows, float[] values, BayesianConfig config, RandomStream random, int number)
    {
        var v = new double[columns * config.Factors];
        for (var at = 0; at < v.Length; at++) v[at] = config.InitialDeviation * random.Normal(((long)number << 40) + at);
        return new(columns, starts, rows, values, v, new double[columns]);
    }

    static void AddTo(Span<float> sums, Group group, double[] values, int factor)
    {
        var v = values.AsSpan(factor * group.Columns, group.Columns);
        for (var c = 0; c < group.Columns; c++)
        {
            if (group.Starts is null) sums[c] += (float)v[c];
            else
                for (var at = group.Starts[c]; at < group.Starts[c + 1]; at++) sums[group.Rows[at]] += (float)(group.Values[at] * v[c]);
        }
    }

    /// <summary>Computes <see cref="Linear"/> anew: w x + half of (sum of squares of what the features say, less those of each feature alone).</summary>
    public void Refresh()
    {
        var squares = new double[State.Length];
        Array.Clear(Linear);
        foreach (var group in groups)
        {
            AddTo(Linear, group, group.W, 0);
            for (var f = 0; f < factors; f++)
            {
                var v = group.V.AsSpan(f * group.Columns, group.Columns);
                for (var c = 0; c < group.Columns; c++)
                {
                    if (group.Starts is null) squares[c] += v[c] * v[c];
                    else
                        for (var at = group.Starts[c]; at < group.Starts[c + 1]; at++) squares[group.Rows[at]] += group.Values[at] * v[c] * group.Values[at] * v[c];
                }
            }
        }
        for (var row = 0; row < State.Length; row++)
        {
            var both = 0.0;
            foreach (var q in Q) both += (double)q[row] * q[row];
            Linear[row] += (float)((both - squares[row]) / 2);
        }
    }

    /// <summary>Means and precisions of every group's weights and factors, given them.</summary>
    public void SamplePriors(GammaStream draws)
    {
        foreach (var group in groups)
        {
            SamplePrior(group, group.W, factors, draws);
            for (var f = 0; f < factors; f++) SamplePrior(group, group.V.AsSpan(f * group.Columns, group.Columns), f, draws);
        }
    }

    // Normal with mean 0 and precision of one more value on the mean, Gamma(1/2, 1/2) on the precision, as libFM (Rendle 2012).
    static void SamplePrior(Group group, ReadOnlySpan<double> values, int at, GammaStream draws)
    {
        var (sum, squares) = (0.0, 0.0);
        foreach (var value in values)
        {
            sum += value;
            squares += (value - group.Mean[at]) * (value - group.Mean[at]);
        }
        var n = values.Length;
        group.Precision[at] = draws.Gamma((1 + n + 1) / 2.0) * 2 / (1 + squares + (group.Mean[at] * group.Mean[at]));
        group.Mean[at] = (sum / (n + 1)) + (draws.Normal() / Math.Sqrt((n + 1) * group.Precision[at]));
    }

    /// <summary>Draws the weights of all columns; <see cref="Row.E1"/> must hold the sums of residuals. What changes is left in <see cref="Row.Own"/>.</summary>
    public void SampleWeights(double precision, GammaStream draws)
    {
        var rows = State.AsSpan();
        foreach (var group in groups)
        {
            var (mean, prior) = (group.Mean[factors], group.Precision[factors]);
            for (var c = 0; c < group.Columns; c++)
            {
                var (squares, residual) = (0.0, 0.0);
                var (from, to) = group.Starts is null ? (0, 1) : (group.Starts[c], group.Starts[c + 1]);
                for (var at = from; at < to; at++)
                {
                    ref var row = ref rows[group.Starts is null ? c : group.Rows[at]];
                    var x = group.Starts is null ? 1 : group.Values[at];
                    squares += x * x * row.C;
                    residual += x * row.E1;
                }
                var delta = (float)Draw(ref group.W[c], squares, residual, mean, prior, precision, draws);
                for (var at = from; at < to; at++)
                {
                    ref var row = ref rows[group.Starts is null ? c : group.Rows[at]];
                    var change = delta * (group.Starts is null ? 1 : group.Values[at]);
                    row.Own += change;
                    row.E1 -= change * row.C;
                }
            }
        }
    }

    /// <summary>Draws factor <paramref name="f"/> of all columns; the sums of <see cref="State"/> must be of that factor. <see cref="Row.Q"/> and <see cref="Row.Own"/> hold what changed for the ratings.</summary>
    public void SampleFactor(int f, double precision, GammaStream draws)
    {
        var rows = State.AsSpan();
        foreach (var group in groups)
        {
            var (mean, prior) = (group.Mean[f], group.Precision[f]);
            var v = group.V.AsSpan(f * group.Columns, group.Columns);
            if (group.Starts is null)
            {
                for (var c = 0; c < rows.Length; c++)
                {
                    ref var row = ref rows[c];
                    var old = (float)v[c];
                    var rest = row.Q - old;
                    var delta = (float)Draw(ref v[c], Squares(row, rest), (rest * row.E1) + row.E2, mean, prior, precision, draws);
                    Move(ref row, rest, delta);
                }
                continue;
            }
            for (var c = 0; c < group.Columns; c++)
                SampleColumn(rows, group.Rows.AsSpan(group.Starts[c]..group.Starts[c + 1]), group.Values.AsSpan(group.Starts[c]), ref v[c], mean, prior, precision, draws);
        }
    }

    static void SampleColumn(Span<Row> rows, ReadOnlySpan<int> entries, ReadOnlySpan<float> values, ref double v, double mean, double prior, double precision, GammaStream draws)
    {
        var (squares, residual, old) = (0f, 0f, (float)v);
        for (var at = 0; at < entries.Length; at++)
        {
            ref var row = ref rows[entries[at]];
            var x = values[at];
            var rest = row.Q - (x * old);
            squares += x * x * Squares(row, rest);
            residual += x * ((rest * row.E1) + row.E2);
        }
        var delta = (float)Draw(ref v, squares, residual, mean, prior, precision, draws);
        for (var at = 0; at < entries.Length; at++)
        {
            ref var row = ref rows[entries[at]];
            var x = values[at];
            Move(ref row, row.Q - (x * old), x * delta);
        }
    }

    // The prediction of a rating grows by (rest + t) times what the row's feature grows by.
    static float Squares(in Row row, float rest) => (((row.C * rest) + (2 * row.T1)) * rest) + row.T2;

    static void Move(ref Row row, float rest, float change)
    {
        row.Q += change;
        row.Own += change * rest;
        row.E1 -= change * ((row.C * rest) + row.T1);
        row.E2 -= change * ((row.T1 * rest) + row.T2);
    }

    // Normal: precision of the prior plus that of the ratings; how far the value moved.
    static double Draw(ref double value, double squares, double residual, double mean, double prior, double precision, GammaStream draws)
    {
        var old = value;
        var sharp = prior + (precision * squares);
        value = (((prior * mean) + (precision * (residual + (squares * old)))) / sharp) + (draws.Normal() / Math.Sqrt(sharp));
        return value - old;
    }
}
