using System.Numerics.Tensors;

namespace Tutti.Ensembling;

/// <summary>
/// A blend that is ready to be applied, row by row, to members in the order it was fitted on: plain numbers, so that it can be kept in a file and applied to
/// rows that come later, a few at a time.
/// </summary>
/// <param name="Kind">The mean, the geometric mean (a weighted sum of logarithms), or the mean of ranks.</param>
/// <param name="Classes">K.</param>
/// <param name="Weights">A share for each member; where each class has its own, their mean over the classes.</param>
public sealed record FittedBlend(BlendKind Kind, int Classes, IReadOnlyList<double> Weights)
{
    /// <summary>A weight for each member and class, in place of <see cref="Weights"/>; or null.</summary>
    public IReadOnlyList<IReadOnlyList<double>>? ClassWeights { get; init; }

    /// <summary>Added to each class's sum of logarithms; null: nothing.</summary>
    public IReadOnlyList<double>? Intercepts { get; init; }

    /// <summary>For ranks: the place of a probability among those of the rows that the blend was fitted on, for each member and class.</summary>
    public IReadOnlyList<IReadOnlyList<RankScale>>? Ranks { get; init; }

    /// <summary>The members that have a part in it, by their places.</summary>
    public int[] Used => [.. Enumerable.Range(0, Weights.Count).Where(m => ClassWeights is null ? Weights[m] != 0 : ClassWeights[m].Any(weight => weight != 0))];

    /// <summary>n*K probabilities of each member to those of the blend.</summary>
    /// <exception cref="ArgumentException">Another number of members.</exception>
    public double[] Apply(IReadOnlyList<double[]> members)
    {
        if (members.Count != Weights.Count) throw new ArgumentException($"got {members.Count} members, the blend was fitted to {Weights.Count}", nameof(members));
        if (Kind is BlendKind.Mean or BlendKind.Geometric && ClassWeights is null && Intercepts is null) return Blend.Average(Kind, [.. members], [.. Weights], Classes);
        var result = new double[members[0].Length];
        if (Intercepts is not null)
            for (var start = 0; start < result.Length; start += Classes)
                for (var k = 0; k < Classes; k++) result[start + k] = Intercepts[k];
        for (var m = 0; m < members.Count; m++)
            for (var i = 0; i < result.Length; i++) result[i] += Weight(m, i % Classes) * Place(m, i % Classes, members[m][i]);
        if (Kind == BlendKind.Geometric)
            for (var start = 0; start < result.Length; start += Classes) TensorPrimitives.SoftMax<double>(result.AsSpan(start, Classes), result.AsSpan(start, Classes));
        else Blend.ScaleRows(result, Classes);
        return result;
    }

    /// <summary>The same blend of some of its members alone, in that order; the others must have no part in it.</summary>
    public FittedBlend Of(IReadOnlyList<int> members) => this with
    {
        Weights = [.. members.Select(m => Weights[m])],
        ClassWeights = ClassWeights is { } weights ? [.. members.Select(m => weights[m])] : null,
        Ranks = Ranks is { } ranks ? [.. members.Select(m => ranks[m])] : null,
    };

    /// <summary>The same blend among more members, at these places; the others have no part in it.</summary>
    public FittedBlend Among(int[] places, int members)
    {
        T[] Spread<T>(IReadOnlyList<T> of, Func<T> none) => [.. Enumerable.Range(0, members).Select(m => Array.IndexOf(places, m) is var at and >= 0 ? of[at] : none())];
        return this with
        {
            Weights = Spread(Weights, () => 0),
            ClassWeights = ClassWeights is { } weights ? Spread(weights, () => new double[Classes]) : null,
            Ranks = Ranks is { } ranks ? Spread(ranks, () => [.. Enumerable.Repeat(RankScale.None, Classes)]) : null,
        };
    }

    double Weight(int member, int k) => ClassWeights is null ? Weights[member] : ClassWeights[member][k];

    double Place(int member, int k, double p) => Kind switch
    {
        BlendKind.Mean => p,
        BlendKind.Geometric => Math.Log(Math.Clamp(p, Blend.Smallest, 1)),
        BlendKind.Rank => Ranks![member][k].Of(p),
        _ => throw new InvalidOperationException($"{Kind} is fitted to nothing"),
    };
}
