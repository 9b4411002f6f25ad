using System.Numerics.Tensors;
using Tutti.Torch;

namespace Tutti.Recommend;

/// <summary>How <see cref="ImplicitAls"/> is trained.</summary>
public sealed record ImplicitAlsConfig
{
    public int Factors { get; init; } = 32;
    public int Sweeps { get; init; } = 15;

    /// <summary>A row of value r is trusted 1 + alpha r, a pair without a row 1.</summary>
    public double Alpha { get; init; } = 1;

    /// <summary>Weight of the squared factors.</summary>
    public double Penalty { get; init; } = 50;

    /// <summary>Steps of conjugate gradient per user and item in every sweep; 0 solves exactly.</summary>
    public int Steps { get; init; } = 3;

    public double InitialDeviation { get; init; } = 0.1;
}

/// <summary>
/// Implicit ALS (Hu, Koren, Volinsky 2008): every pair counts, seen ones as 1 with trust 1 + alpha r, all others as 0 with trust 1. What the unseen pairs
/// add is one matrix that all share. Users are solved by a few steps of conjugate gradient from where they were (Takács, Pilászy, Tikk 2011). The
/// bits do not depend on the number of threads.
/// </summary>
public sealed class ImplicitAls : ArrayModel
{
    internal const string KindName = "implicit-als";

    readonly int factors;
    readonly double alpha, penalty;
    readonly float[] users, items;

    ImplicitAls(int factors, double alpha, double penalty, float[] users, float[] items) => (this.factors, this.alpha, this.penalty, this.users, this.items) = (factors, alpha, penalty, users, items);

    public override string Kind => KindName;
    public override int UserCount => users.Length / factors;
    public override int ItemCount => items.Length / factors;

    /// <param name="rows">What was seen; values below 0 are refused. Of a pair that is there twice the trust adds up.</param>
    /// <exception cref="DataException">The rows cannot be learnt from.</exception>
    public static ImplicitAls Train(RatingRows rows, ImplicitAlsConfig config, long seed, int threads, IProgress<RatingProgress>? progress = null, CancellationToken cancel = default)
    {
        RatingIndex.Check(rows);
        CheckFactors(config.Factors, 1, rows);
        for (var row = 0; row < rows.Count; row++)
            if (rows.Values[row] < 0) throw new DataException("ratings", FormattableString.Invariant($"row {row} (user {rows.Users[row]}, item {rows.Items[row]}) has the value {rows.Values[row]}; a count of what was seen is 0 or more"));
        var (byUser, byItem) = (RatingIndex.ByUser(rows), RatingIndex.ByItem(rows));
        var model = new ImplicitAls(config.Factors, config.Alpha, config.Penalty, Drawn(rows.UserCount, "init users"), Drawn(rows.ItemCount, "init items"));
        for (var sweep = 1; sweep <= config.Sweeps; sweep++)
        {
            model.SolveAll(byUser, model.users, model.items, config.Steps, threads, cancel);
            model.SolveAll(byItem, model.items, model.users, config.Steps, threads, cancel);
            progress?.Report(new(sweep, config.Sweeps, double.NaN));
        }
        return model;

        float[] Drawn(int count, string purpose)
        {
            var (random, drawn) = (RandomStream.Of(seed, purpose), new float[count * config.Factors]);
            for (var at = 0; at < drawn.Length; at++) drawn[at] = (float)(config.InitialDeviation * random.Normal(at));
            return drawn;
        }
    }

    void SolveAll(RatingIndex index, float[] own, float[] others, int steps, int threads, CancellationToken cancel)
    {
        var shared = Gram(others);
        Parallel.For(0, index.Count, new ParallelOptions { MaxDegreeOfParallelism = Math.Max(threads, 1), CancellationToken = cancel }, n =>
        {
            var row = own.AsSpan(n * factors, factors);
            if (steps > 0) Improve(row, index.OthersOf(n), index.ValuesOf(n), others, shared, steps);
            else Exact(index.OthersOf(n), index.ValuesOf(n), others, shared).CopyTo(row);
        });
    }

    // Y'Y plus the penalty: what pairs that were not seen add for everyone.
    double[] Gram(float[] rows)
    {
        var (gram, one) = (new double[factors * factors], new double[factors]);
        for (var start = 0; start < rows.Length; start += factors)
        {
            TensorPrimitives.ConvertChecked<float, double>(rows.AsSpan(start, factors), one);
            for (var f = 0; f < factors; f++)
            {
                var own = gram.AsSpan(f * factors, factors);
                TensorPrimitives.MultiplyAdd(one, one[f], own, own);
            }
        }
        for (var f = 0; f < factors; f++) gram[(f * factors) + f] += penalty;
        return gram;
    }

    float[] Exact(ReadOnlySpan<int> seen, ReadOnlySpan<float> values, float[] others, double[] shared)
    {
        var solve = new RidgeRow(factors);
        solve.AddMatrix(shared);
        for (var n = 0; n < seen.Length; n++)
        {
            var other = others.AsSpan(seen[n] * factors, factors);
            // Of the trust 1 + alpha r the shared matrix holds 1 already; the target 1 is met by all of it.
            solve.Add(other, 0, alpha * values[n]);
            solve.AddRight(other, 1 + (alpha * values[n]));
        }
        return solve.Solve();
    }

    // Conjugate gradient on (Y'Y + penalty + Y' (C - 1) Y) x = Y' C 1.
    void Improve(Span<float> row, ReadOnlySpan<int> seen, ReadOnlySpan<float> values, float[] others, double[] shared, int steps)
    {
        double[] x = new double[factors], left = new double[factors], direction = new double[factors], image = new double[factors], one = new double[factors];
        TensorPrimitives.ConvertChecked<float, double>(row, x);
        Image(x, seen, values, others, shared, image, one);
        for (var n = 0; n < seen.Length; n++)
        {
            TensorPrimitives.ConvertChecked<float, double>(others.AsSpan(seen[n] * factors, factors), one);
            TensorPrimitives.MultiplyAdd(one, 1 + (alpha * values[n]), left, left);
        }
        TensorPrimitives.Subtract(left, image, left);
        left.CopyTo(direction, 0);
        var size = TensorPrimitives.SumOfSquares<double>(left);
        for (var step = 0; step < steps && size > 1e-20; step++)
        {
            Image(direction, seen, values, others, shared, image, one);
            var length = size / TensorPrimitives.Dot<double>(direction, image);
            TensorPrimitives.MultiplyAdd(direction, length, x, x);
            TensorPrimitives.MultiplyAdd(image, -length, left, left);
            var next = TensorPrimitives.SumOfSquares<double>(left);
            TensorPrimitives.MultiplyAdd(direction, next / size, left, direction);
            size = next;
        }
        TensorPrimitives.ConvertChecked<double, float>(x, row);
    }

    void Image(ReadOnlySpan<double> of, ReadOnlySpan<int> seen, ReadOnlySpan<float> values, float[] others, double[] shared, Span<double> image, Span<double> one)
    {
        for (var f = 0; f < factors; f++) image[f] = TensorPrimitives.Dot(shared.AsSpan(f * factors, factors), of);
        for (var n = 0; n < seen.Length; n++)
        {
            TensorPrimitives.ConvertChecked<float, double>(others.AsSpan(seen[n] * factors, factors), one);
            TensorPrimitives.MultiplyAdd(one, alpha * values[n] * TensorPrimitives.Dot(one, of), image, image);
        }
    }

    /// <summary>About 1 for what the user would be seen with, 0 for what not.</summary>
    public override float Predict(int user, int item) => user < 0 || item < 0 ? 0 : TensorPrimitives.Dot<float>(users.AsSpan(user * factors, factors), items.AsSpan(item * factors, factors));

    public override float[] FoldIn(ReadOnlySpan<int> items, ReadOnlySpan<float> values)
    {
        CheckFoldIn(items, values);
        var row = Exact(items, values, this.items, Gram(this.items));
        return [.. Enumerable.Range(0, ItemCount).Select(item => TensorPrimitives.Dot<float>(row, this.items.AsSpan(item * factors, factors)))];
    }

    internal override void Write(ModelArrays to)
    {
        to.Add("numbers", [(float)alpha, (float)penalty]);
        to.Add("users", users, UserCount, factors);
        to.Add("items", items, ItemCount, factors);
    }

    internal static ImplicitAls Read(ModelArrays from)
    {
        var (numbers, shape) = (from.Floats("numbers", 2), from.Shape("users"));
        return new((int)shape[^1], numbers[0], numbers[1], from.Floats("users"), from.Floats("items", from.Shape("items")[0], shape[^1]));
    }
}
