using Tutti.Evaluation;
using Tutti.Predictions;

namespace Tutti.Ensembling;

/// <summary>How predictions are averaged.</summary>
public enum BlendKind
{
    /// <summary>The weighted mean of the probabilities.</summary>
    Mean,

    /// <summary>Softmax of the weighted mean of the logarithms, probabilities clipped at 1e-15: a member that is sure weighs more.</summary>
    Geometric,

    /// <summary>The weighted mean of each probability's rank among the rows, scaled to sum 1 per row: members need not be calibrated alike.</summary>
    Rank,

    /// <summary>The median of the probabilities, scaled to sum 1 per row; takes no weights.</summary>
    Median,

    /// <summary>The weighted share of members that predict the class.</summary>
    Vote,
}

/// <summary>One set of predictions that goes into a blend.</summary>
/// <param name="Name">How messages and <c>blend.json</c> name it: the member or the file.</param>
/// <param name="Weight">0 or more; weights are divided by their sum.</param>
public sealed record BlendMember(string Name, PredictionSet Predictions, double Weight = 1);

/// <summary>
/// Averages of several members' predictions of the same rows. Rows are matched by id and classes by name; order, ids and labels of
/// the first member are kept.
/// </summary>
public static class Blend
{
    /// <summary>Probabilities below this count as this in the geometric mean, so that one zero is no veto.</summary>
    public const double Smallest = 1e-15;

    /// <summary>Blends the members.</summary>
    /// <returns>Rows and classes of the first member, labels of whichever member knows them, a fold where all members agree on it.</returns>
    /// <exception cref="DataException">Members have different ids, classes or labels; the message says which.</exception>
    /// <exception cref="ArgumentException">No members, a weight below 0 or not finite, all weights 0, or weights for the median.</exception>
    public static PredictionSet Of(BlendKind kind, IReadOnlyList<BlendMember> members)
    {
        var weights = Weights(members);
        if (kind == BlendKind.Median && weights.Distinct().Count() > 1) throw new ArgumentException("the median takes no weights", nameof(members));
        var aligned = Alignment.Of(members);
        var classes = aligned.First.K;
        var blended = Average(kind, aligned.Probabilities, weights, classes);
        if (kind is BlendKind.Rank) ScaleRows(blended, classes);
        return new(aligned.First.Ids, aligned.First.Classes, blended, aligned.Labels, aligned.Folds);
    }

    /// <summary>What to keep of such a blend in <c>blend.json</c>.</summary>
    public static BlendRecord Record(BlendKind kind, IReadOnlyList<BlendMember> members) =>
        new(kind, [.. members.Zip(Weights(members), (member, weight) => new BlendWeight(member.Name, weight))]);

    /// <summary>The average of arrays of n*K probabilities in the same order of rows and classes.</summary>
    /// <param name="weights">One per member, summing to 1.</param>
    /// <returns>n*K values; for <see cref="BlendKind.Rank"/> mean ranks divided by n, which do not sum to 1.</returns>
    internal static double[] Average(BlendKind kind, double[][] members, double[] weights, int classes)
    {
        var result = new double[members[0].Length];
        switch (kind)
        {
            case BlendKind.Mean: Sum(result, members, weights, p => p); break;
            case BlendKind.Rank: Sum(result, [.. members.Select(member => ColumnRanks(member, classes))], weights, r => r); break;
            case BlendKind.Vote: Sum(result, [.. members.Select(member => Votes(member, classes))], weights, v => v); break;
            case BlendKind.Median:
                var column = new double[members.Length];
                for (var i = 0; i < result.Length; i++)
                {
                    for (var m = 0; m < column.Length; m++) column[m] = members[m][i];
                    Array.Sort(column);
                    result[i] = (column[(column.Length - 1) / 2] + column[column.Length / 2]) / 2;
                }
                ScaleRows(result, classes);
                break;
            case BlendKind.Geometric:
                Sum(result, members, weights, p => Math.Log(Math.Clamp(p, Smallest, 1)));
                Softmax(result, classes);
                break;
            default: throw new ArgumentOutOfRangeException(nameof(kind), kind, null);
        }
        return result;
    }

    static double[] Weights(IReadOnlyList<BlendMember> members)
    {
        if (members.Count == 0) throw new ArgumentException("nothing to blend", nameof(members));
        if (members.FirstOrDefault(member => !(member.Weight >= 0 && double.IsFinite(member.Weight))) is { } bad)
            throw new ArgumentException($"weight {bad.Weight} of {bad.Name}; expected 0 or more", nameof(members));
        var sum = members.Sum(member => member.Weight);
        return sum > 0 ? [.. members.Select(member => member.Weight / sum)] : throw new ArgumentException("all weights are 0", nameof(members));
    }

    static void Sum(double[] result, double[][] members, double[] weights, Func<double, double> of)
    {
        for (var m = 0; m < members.Length; m++)
            for (var i = 0; i < result.Length; i++) result[i] += weights[m] * of(members[m][i]);
    }

    static void Softmax(double[] values, int classes)
    {
        for (var start = 0; start < values.Length; start += classes)
        {
            var row = values.AsSpan(start, classes);
            var largest = row[PredictionSet.ArgMax(row)];
            foreach (ref var value in row) value = Math.Exp(value - largest);
        }
        ScaleRows(values, classes);
    }

    /// <summary>Scales every row to sum 1.</summary>
    internal static void ScaleRows(double[] values, int classes)
    {
        for (var start = 0; start < values.Length; start += classes)
        {
            var row = values.AsSpan(start, classes);
            var sum = 0.0;
            foreach (var value in row) sum += value;
            foreach (ref var value in row) value = sum > 0 ? value / sum : 1.0 / classes; // medians of one-hot rows can all be 0
        }
    }

    static double[] Votes(double[] probabilities, int classes)
    {
        var votes = new double[probabilities.Length];
        for (var start = 0; start < votes.Length; start += classes) votes[start + PredictionSet.ArgMax(probabilities.AsSpan(start, classes))] = 1;
        return votes;
    }

    // Per class, each row's rank 1..n, equal values sharing their mean rank, divided by n.
    static double[] ColumnRanks(double[] probabilities, int classes)
    {
        var rows = probabilities.Length / classes;
        var ranks = new double[probabilities.Length];
        for (var k = 0; k < classes; k++)
        {
            var column = new double[rows];
            for (var i = 0; i < rows; i++) column[i] = probabilities[i * classes + k];
            var ranked = Regression.Ranks(column);
            for (var i = 0; i < rows; i++) ranks[i * classes + k] = ranked[i] / rows;
        }
        return ranks;
    }
}
