using Tutti.Ensembling;
using Tutti.Predictions;
using Tutti.Torch;

namespace Tutti.Recommend;

/// <summary>How several models' ratings become one.</summary>
public enum RatingBlendMethod
{
    /// <summary>Their plain mean.</summary>
    Mean,

    /// <summary>A weight for each and a constant by least squares from held-out rows, drawn towards the plain mean.</summary>
    Linear,
}

/// <summary>How models are blended, and what the blend says of the held-out rows.</summary>
/// <param name="Weights">Of each model, for other rows.</param>
/// <param name="Constant">Added.</param>
/// <param name="Held">Of the held-out rows; with learnt weights each row by weights that were learnt from the others.</param>
public sealed record HeldOutBlend(RatingBlendMethod Method, double[] Weights, double Constant, float[] Held)
{
    const int Parts = 5;

    /// <summary>Rows' worth of trust in the plain mean.</summary>
    const double Trust = 10;

    /// <param name="members">What each model says of the held-out rows.</param>
    /// <param name="truth">What was rated.</param>
    /// <param name="folds">Of every row, the fold that held it out: its weights come from the rows of the others. Null: there is one; its rows are dealt into five parts.</param>
    public static HeldOutBlend Of(RatingBlendMethod method, IReadOnlyList<float[]> members, float[] truth, int[]? folds = null)
    {
        if (method == RatingBlendMethod.Mean || members.Count == 1 || truth.Length < 2 * Parts)
            return new(RatingBlendMethod.Mean, [.. members.Select(_ => 1.0 / members.Count)], 0, Mean(members));
        var parts = folds ?? Dealt(truth.Length);
        var held = new float[truth.Length];
        foreach (var part in parts.Distinct())
        {
            var (weights, constant) = Learnt(members, truth, [.. Enumerable.Range(0, truth.Length).Where(row => parts[row] != part)]);
            for (var row = 0; row < held.Length; row++)
                if (parts[row] == part) held[row] = (float)(constant + members.Select((member, m) => weights[m] * member[row]).Sum());
        }
        var (all, rest) = Learnt(members, truth, [.. Enumerable.Range(0, truth.Length)]);
        return new(RatingBlendMethod.Linear, all, rest, held);
    }

    static int[] Dealt(int rows)
    {
        var (order, parts) = (Enumerable.Range(0, rows).ToArray(), new int[rows]);
        RandomStream.Of(0, "parts of a blend").Shuffle<int>(order);
        foreach (var (i, row) in order.Index()) parts[row] = i % Parts;
        return parts;
    }

    static float[] Mean(IReadOnlyList<float[]> members) => [.. AnswerBlend.Values(BlendKind.Mean, [new Answer("rating", AnswerKind.Number, [])], [.. members.Select(member => Array.ConvertAll(member, value => (double)value))]).Select(value => (float)value)];

    static (double[] Weights, double Constant) Learnt(IReadOnlyList<float[]> members, float[] truth, int[] rows)
    {
        var n = members.Count;
        var (average, level) = (rows.Average(row => (double)truth[row]), members.Select(member => rows.Average(row => (double)member[row])).ToArray());
        // Deviations from means: the constant is free, and the penalty is of the weights alone.
        var variance = rows.Average(row => Math.Pow(members[0][row] - level[0], 2)) + 1e-9;
        var weights = LeastSquares.Fit(n, rows.Select(row => (members.Select((member, m) => member[row] - level[m]).ToArray(), truth[row] - average)), [.. Enumerable.Repeat(Trust * variance, n)], [.. Enumerable.Repeat(1.0 / n, n)]);
        return (weights, average - weights.Zip(level, (weight, mean) => weight * mean).Sum());
    }
}
