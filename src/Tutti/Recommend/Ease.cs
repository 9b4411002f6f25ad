using System.Numerics.Tensors;
using Tutti.Torch;
using Tensor = Tutti.Torch.Tensor;

namespace Tutti.Recommend;

/// <summary>How <see cref="Ease"/> is solved.</summary>
public sealed record EaseConfig
{
    /// <summary>Added to the diagonal of the items' Gram matrix.</summary>
    public double Penalty { get; init; } = 200;

    /// <summary>Learn from what the ratings leave beside the mean and biases, to predict ratings; otherwise from that there is a rating at all, to rank.</summary>
    public bool Ratings { get; init; }

    public BaselineConfig Baseline { get; init; } = new();
}

/// <summary>
/// EASE (Steck 2019, "Embarrassingly shallow autoencoders for sparse data"): every item is a ridge regression on all others, solved at once by
/// P = (X'X + penalty)^-1, B = -P_ij / P_jj with zeros on the diagonal. Needs items^2 numbers and items^3 time: for up to some ten thousand items.
/// </summary>
public sealed class Ease : ArrayModel
{
    internal const string KindName = "ease";

    static readonly Op cholesky = new("aten::linalg_cholesky"), inverse = new("aten::cholesky_inverse");

    readonly RatingBaseline? baseline;
    readonly int items;
    readonly float[] weights;                                 // row: the item that speaks; column: the item spoken of
    readonly int[] starts, rated;
    readonly float[] values;

    Ease(RatingBaseline? baseline, int items, float[] weights, int[] starts, int[] rated, float[] values) =>
        (this.baseline, this.items, this.weights, this.starts, this.rated, this.values) = (baseline, items, weights, starts, rated, values);

    public override string Kind => KindName;
    public override int UserCount => starts.Length - 1;
    public override int ItemCount => items;

    /// <summary>How much having (rated) one item says for another.</summary>
    public float Weight(int from, int to) => weights[((long)from * items) + to];

    /// <param name="rows">The ratings; of a pair that is there twice the values add up.</param>
    /// <exception cref="DataException">The rows cannot be learnt from, or there are more items than a matrix of them has room for.</exception>
    public static Ease Train(RatingRows rows, EaseConfig config, CancellationToken cancel = default)
    {
        const int Most = 20_000;
        RatingIndex.Check(rows);
        if (rows.ItemCount > Most) throw new DataException("ratings", $"there are {rows.ItemCount} items; EASE needs a matrix of all pairs, for at most {Most}; leave out rare items or choose another model");
        var ratings = RatingIndex.ByUser(rows);
        var baseline = config.Ratings ? RatingBaseline.Fit(ratings, RatingIndex.ByItem(rows), config.Baseline, cancel: cancel) : null;
        var values = new float[ratings.Values.Length];
        for (var user = 0; user < ratings.Count; user++)
            for (var at = ratings.Starts[user]; at < ratings.Starts[user + 1]; at++) values[at] = baseline is null ? 1 : ratings.Values[at] - baseline.Predict(user, ratings.Others[at]);
        cancel.ThrowIfCancellationRequested();
        return new(baseline, rows.ItemCount, Solve(ratings, values, rows.ItemCount, config.Penalty, cancel), ratings.Starts, ratings.Others, values);
    }

    static float[] Solve(RatingIndex ratings, float[] values, int items, double penalty, CancellationToken cancel)
    {
        if (!(penalty > 0)) throw new ConfigException("penalty", FormattableString.Invariant($"is {penalty}; expected a number above 0"));
        var gram = new double[(long)items * items];
        for (var user = 0; user < ratings.Count; user++)
        {
            cancel.ThrowIfCancellationRequested();
            for (var a = ratings.Starts[user]; a < ratings.Starts[user + 1]; a++)
            {
                var row = gram.AsSpan(ratings.Others[a] * items, items);
                for (var b = ratings.Starts[user]; b < ratings.Starts[user + 1]; b++) row[ratings.Others[b]] += (double)values[a] * values[b];
            }
        }
        for (var item = 0; item < items; item++) gram[((long)item * items) + item] += penalty;
        using var scope = new Scope();
        using var none = Modes.NoGrad();
        var inverted = inverse.Call(cholesky.Call(Tensor.From(gram, items, items))).ToArray<double>();
        var weights = new float[gram.LongLength];
        for (var from = 0; from < items; from++)
            for (var to = 0; to < items; to++)
                if (from != to) weights[((long)from * items) + to] = (float)(-inverted[((long)from * items) + to] / inverted[((long)to * items) + to]);
        return weights;
    }

    public override float Predict(int user, int item)
    {
        var prediction = baseline?.Predict(user, item) ?? 0;
        if (user < 0 || item < 0) return prediction;
        var sum = 0.0;
        for (var at = starts[user]; at < starts[user + 1]; at++) sum += values[at] * weights[((long)rated[at] * items) + item];
        return (float)(prediction + sum);
    }

    public override void Scores(int user, Span<float> scores)
    {
        for (var item = 0; item < scores.Length; item++) scores[item] = baseline?.Predict(user, item) ?? 0;
        if (user >= 0) AddSpoken(rated.AsSpan(starts[user]..starts[user + 1]), values.AsSpan(starts[user]), scores);
    }

    public override float[] FoldIn(ReadOnlySpan<int> items, ReadOnlySpan<float> values)
    {
        CheckFoldIn(items, values);
        var scores = baseline?.FoldIn(items, values) ?? new float[this.items];
        var left = new float[items.Length];
        for (var n = 0; n < left.Length; n++) left[n] = baseline is null ? 1 : values[n] - scores[items[n]];
        AddSpoken(items, left, scores);
        return scores;
    }

    void AddSpoken(ReadOnlySpan<int> own, ReadOnlySpan<float> left, Span<float> scores)
    {
        for (var n = 0; n < own.Length; n++) TensorPrimitives.MultiplyAdd(weights.AsSpan(own[n] * items, items), left[n], scores, scores);
    }

    internal override void Write(ModelArrays to)
    {
        baseline?.Write(to.Under("baseline"));
        to.Add("weights", weights, items, items);
        to.Add("starts", starts);
        to.Add("rated", rated);
        to.Add("values", values);
    }

    internal static Ease Read(ModelArrays from) => new(from.Has("baseline.mean") ? RatingBaseline.Read(from.Under("baseline")) : null, (int)from.Shape("weights")[0],
        from.Floats("weights"), from.Integers("starts"), from.Integers("rated"), from.Floats("values"));
}
