using System.Numerics.Tensors;
using Tutti.Torch;

namespace Tutti.Recommend;

/// <summary>How <see cref="AlsFactors"/> is trained.</summary>
public sealed record AlsConfig
{
    public int Factors { get; init; } = 6;
    public int Sweeps { get; init; } = 15;

    /// <summary>Weight of the squared factors of a user (item), times their number of ratings (Zhou et al. 2008), and once beside.</summary>
    public double Penalty { get; init; } = 0.1;
    public double BasePenalty { get; init; } = 2;

    public double InitialDeviation { get; init; } = 0.1;
}

/// <summary>
/// Biases and factors by alternating least squares (Zhou et al. 2008): with the items held, every user's bias and factors are one ridge regression, and the
/// other way round. Users are independent of each other, so the bits do not depend on the number of threads.
/// </summary>
public sealed class AlsFactors : ArrayModel
{
    internal const string KindName = "als";

    readonly int size;                                        // bias, then factors
    readonly float mean;
    readonly double penalty, basePenalty;
    readonly float[] users, items;

    AlsFactors(float mean, int size, double penalty, double basePenalty, float[] users, float[] items) =>
        (this.mean, this.size, this.penalty, this.basePenalty, this.users, this.items) = (mean, size, penalty, basePenalty, users, items);

    public override string Kind => KindName;
    public override int UserCount => users.Length / size;
    public override int ItemCount => items.Length / size;

    public override RatingFactors Factors
    {
        get
        {
            float[] Biases(float[] rows) => [.. rows.Where((_, at) => at % size == 0)];
            float[] Others(float[] rows) => [.. rows.Where((_, at) => at % size != 0)];
            return new(size - 1, Others(users), Others(items), Biases(users), Biases(items), mean);
        }
    }

    /// <param name="rows">The ratings; a pair that is there twice counts twice.</param>
    /// <exception cref="DataException">The rows cannot be learnt from.</exception>
    public static AlsFactors Train(RatingRows rows, AlsConfig config, long seed, int threads, IProgress<RatingProgress>? progress = null, CancellationToken cancel = default)
    {
        RatingIndex.Check(rows);
        CheckFactors(config.Factors, 0, rows);
        var (byUser, byItem, size) = (RatingIndex.ByUser(rows), RatingIndex.ByItem(rows), config.Factors + 1);
        var (random, items) = (RandomStream.Of(seed, "init items"), new float[rows.ItemCount * size]);
        for (var at = 0; at < items.Length; at++) items[at] = at % size == 0 ? 0 : (float)(config.InitialDeviation * random.Normal(at));
        var model = new AlsFactors((float)rows.Values.Average(value => (double)value), size, config.Penalty, config.BasePenalty, new float[rows.UserCount * size], items);
        for (var sweep = 1; sweep <= config.Sweeps; sweep++)
        {
            model.SolveAll(byUser, model.users, items, threads, cancel);
            var squares = model.SolveAll(byItem, items, model.users, threads, cancel);
            progress?.Report(new(sweep, config.Sweeps, Math.Sqrt(squares / rows.Count)));
        }
        return model;
    }

    // The squared error after.
    double SolveAll(RatingIndex index, float[] own, float[] others, int threads, CancellationToken cancel)
    {
        var squares = new double[index.Count];
        Parallel.For(0, index.Count, new ParallelOptions { MaxDegreeOfParallelism = Math.Max(threads, 1), CancellationToken = cancel }, () => new RidgeRow(size), (n, _, solve) =>
        {
            var row = Solve(solve, index.OthersOf(n), index.ValuesOf(n), others);
            row.CopyTo(own, n * size);
            for (var at = index.Starts[n]; at < index.Starts[n + 1]; at++)
            {
                var error = index.Values[at] - Sum(row, others.AsSpan(index.Others[at] * size, size));
                squares[n] += (double)error * error;
            }
            return solve;
        }, _ => { });
        return squares.Sum();
    }

    float[] Solve(RidgeRow solve, ReadOnlySpan<int> numbers, ReadOnlySpan<float> values, float[] others)
    {
        solve.Clear();
        Span<float> x = stackalloc float[size];
        for (var n = 0; n < numbers.Length; n++)
        {
            var other = others.AsSpan(numbers[n] * size, size);
            other.CopyTo(x);
            x[0] = 1;
            solve.Add(x, values[n] - mean - other[0]);
        }
        solve.PenaliseAll(0, size, (penalty * numbers.Length) + basePenalty);
        return solve.Solve();
    }

    float Sum(ReadOnlySpan<float> user, ReadOnlySpan<float> item) =>
        mean + (user.IsEmpty ? 0 : user[0]) + (item.IsEmpty ? 0 : item[0]) + (user.Length < 2 || item.Length < 2 ? 0 : TensorPrimitives.Dot(user[1..], item[1..]));

    public override float Predict(int user, int item) => Sum(user < 0 ? default : users.AsSpan(user * size, size), item < 0 ? default : items.AsSpan(item * size, size));

    public override float[] FoldIn(ReadOnlySpan<int> items, ReadOnlySpan<float> values)
    {
        CheckFoldIn(items, values);
        var row = Solve(new(size), items, values, this.items);
        return [.. Enumerable.Range(0, ItemCount).Select(item => Sum(row, this.items.AsSpan(item * size, size)))];
    }

    internal override void Write(ModelArrays to)
    {
        to.Add("numbers", [mean, (float)penalty, (float)basePenalty]);
        to.Add("users", users, UserCount, size);
        to.Add("items", items, ItemCount, size);
    }

    internal static AlsFactors Read(ModelArrays from)
    {
        var (numbers, shape) = (from.Floats("numbers", 3), from.Shape("users"));
        return new(numbers[0], (int)shape[^1], numbers[1], numbers[2], from.Floats("users"), from.Floats("items", from.Shape("items")[0], shape[^1]));
    }
}
