using System.Collections.Concurrent;
using System.Numerics.Tensors;
using Tutti.Torch;

namespace Tutti.Recommend;

/// <summary>One model of a blend: how it is trained on some rows.</summary>
/// <param name="Name">In the blend and its file.</param>
public sealed record BlendMember(string Name, Func<RatingRows, CancellationToken, ArrayModel> Train);

/// <summary>How <see cref="RatingBlend"/> is fitted.</summary>
/// <param name="HeldOut">Share of the rows that members do not see while the weights are learnt.</param>
/// <param name="Penalty">Draws the weights towards equal shares, in rows of the held-out part.</param>
public sealed record RatingBlendConfig(double HeldOut = 0.1, double Penalty = 10);

/// <summary>
/// Several models as one: a weighted sum of what they predict. The weights are a ridge regression on rows that were held out of the training rows; then
/// every member is trained on all of them. Rows to be judged on are never seen.
/// </summary>
public sealed class RatingBlend : ArrayModel
{
    internal const string KindName = "rating-blend";

    readonly ArrayModel[] members;
    readonly float intercept, least, most;

    RatingBlend(string[] names, ArrayModel[] members, float[] weights, float intercept, float least, float most) =>
        (Names, this.members, Weights, this.intercept, this.least, this.most) = (names, members, weights, intercept, least, most);

    public override string Kind => KindName;
    public override int UserCount => members[0].UserCount;
    public override int ItemCount => members[0].ItemCount;
    public IReadOnlyList<string> Names { get; }
    public IReadOnlyList<ArrayModel> Members => members;

    /// <summary>Of each member.</summary>
    public IReadOnlyList<float> Weights { get; }

    /// <param name="threads">Members trained at the same time; the bits do not depend on it where those of the members do not.</param>
    /// <exception cref="DataException">The rows cannot be learnt from.</exception>
    public static RatingBlend Train(RatingRows rows, IReadOnlyList<BlendMember> members, RatingBlendConfig config, long seed, int threads, IProgress<RatingProgress>? progress = null, CancellationToken cancel = default)
    {
        RatingIndex.Check(rows);
        ArgumentOutOfRangeException.ThrowIfZero(members.Count);
        var held = (int)(rows.Count * config.HeldOut);
        if (held < 1 || held >= rows.Count) throw new DataException("ratings", FormattableString.Invariant($"a share of {config.HeldOut} of {rows.Count} rows leaves {held} to weigh members by and {rows.Count - held} to train them on; more rows are needed"));
        var order = Enumerable.Range(0, rows.Count).ToArray();
        RandomStream.Of(seed, "held out").Shuffle<int>(order);
        var (inner, outer) = (rows.Select(order[held..]), rows.Select(order[..held]));
        var (predicted, trained, done) = (new float[members.Count][], new ArrayModel[members.Count], 0);
        var (least, most) = (TensorPrimitives.Min<float>(rows.Values), TensorPrimitives.Max<float>(rows.Values));
        // Two trainings of each member, one job after the other for whichever thread is free: name the slowest member first.
        var jobs = Partitioner.Create(Enumerable.Range(0, members.Count * 2), EnumerablePartitionerOptions.NoBuffering);
        Parallel.ForEach(jobs, new ParallelOptions { MaxDegreeOfParallelism = Math.Max(threads, 1), CancellationToken = cancel }, job =>
        {
            var model = members[job / 2].Train(job % 2 == 0 ? inner : rows, cancel);
            if (job % 2 == 0) predicted[job / 2] = [.. Enumerable.Range(0, held).Select(row => Math.Clamp(model.Predict(outer.Users[row], outer.Items[row]), least, most))];
            else trained[job / 2] = model;
            progress?.Report(new(Interlocked.Increment(ref done), members.Count * 2, double.NaN));
        });
        var (weights, intercept) = Weigh(predicted, outer.Values, config.Penalty);
        return new([.. members.Select(member => member.Name)], trained, weights, intercept, least, most);
    }

    /// <summary>Ridge towards equal weights; the intercept is free.</summary>
    internal static (float[] Weights, float Intercept) Weigh(float[][] predicted, float[] truth, double penalty)
    {
        var (size, rows) = (predicted.Length + 1, truth.Length);
        var means = predicted.Select(one => one.Average(value => (double)value)).ToArray();
        var mean = truth.Average(value => (double)value);
        var (solve, x) = (new RidgeRow(size), new float[size]);
        for (var row = 0; row < rows; row++)
        {
            x[0] = 1;
            for (var m = 0; m < predicted.Length; m++) x[m + 1] = (float)(predicted[m][row] - means[m]);
            solve.Add(x, truth[row] - mean);
        }
        for (var m = 1; m < size; m++) solve.Penalise(m, penalty, 1.0 / predicted.Length);
        var found = solve.Solve();
        return (found[1..], (float)(mean + found[0] - means.Select((one, m) => one * found[m + 1]).Sum()));
    }

    public override float Predict(int user, int item)
    {
        var sum = intercept;
        for (var m = 0; m < members.Length; m++) sum += Weights[m] * Math.Clamp(members[m].Predict(user, item), least, most);
        return Math.Clamp(sum, least, most);
    }

    public override float[]? FoldIn(ReadOnlySpan<int> items, ReadOnlySpan<float> values)
    {
        var scores = Enumerable.Repeat(intercept, ItemCount).ToArray();
        for (var m = 0; m < members.Length; m++)
        {
            if (members[m].FoldIn(items, values) is not { } one) return null;
            for (var item = 0; item < scores.Length; item++) scores[item] += Weights[m] * Math.Clamp(one[item], least, most);
        }
        return [.. scores.Select(score => Math.Clamp(score, least, most))];
    }

    internal override void Write(ModelArrays to)
    {
        to.Add("weights", [.. Weights]);
        to.Add("numbers", [intercept, least, most]);
        for (var m = 0; m < members.Length; m++)
        {
            var own = to.Under(FormattableString.Invariant($"member_{m}"));
            own.AddText("name", Names[m]);
            own.AddText("kind", members[m].Kind);
            members[m].Write(own.Under("model"));
        }
    }

    internal static RatingBlend Read(ModelArrays from)
    {
        var (weights, numbers) = (from.Floats("weights"), from.Floats("numbers", 3));
        var own = Enumerable.Range(0, weights.Length).Select(m => from.Under(FormattableString.Invariant($"member_{m}"))).ToArray();
        return new([.. own.Select(one => one.Text("name"))], [.. own.Select(one => ArrayModel.Read(one.Under("model"), one.Text("kind")))], weights, numbers[0], numbers[1], numbers[2]);
    }
}
