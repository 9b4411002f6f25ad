using Tutti.Predictions;

namespace Tutti.Ensembling;

/// <summary>The plain average of several members' answers to the same rows.</summary>
public static class AnswerBlend
{
    /// <summary>Probabilities are averaged as <paramref name="kind"/> says, flags as two classes; numbers by their mean.</summary>
    /// <param name="kind">Mean or geometric.</param>
    /// <param name="sets">Of the same rows in the same order.</param>
    /// <exception cref="ArgumentException">No sets, or rows that differ.</exception>
    public static AnswerSet Of(BlendKind kind, IReadOnlyList<AnswerSet> sets)
    {
        if (sets.Count == 0) throw new ArgumentException("nothing to blend", nameof(sets));
        var first = sets[0];
        if (sets.FirstOrDefault(set => !set.Ids.SequenceEqual(first.Ids)) is not null) throw new ArgumentException("the sets are of different rows", nameof(sets));
        return new(first.Ids, first.Answers, Values(kind, first.Answers, [.. sets.Select(set => set.Values)]), first.Truth, first.Folds);
    }

    /// <summary>The same of n*W values in the same order.</summary>
    public static double[] Values(BlendKind kind, IReadOnlyList<Answer> answers, double[][] members)
    {
        if (kind is not (BlendKind.Mean or BlendKind.Geometric)) throw new ArgumentOutOfRangeException(nameof(kind), kind, "expected mean or geometric");
        var width = answers.Sum(answer => answer.Width);
        var (rows, places) = (members[0].Length / width, Answer.Places(answers));
        var weights = Enumerable.Repeat(1.0 / members.Length, members.Length).ToArray();
        var result = new double[members[0].Length];
        for (var i = 0; i < answers.Count; i++)
        {
            var (at, own, flag) = (places[i], answers[i].Width, answers[i].Kind == AnswerKind.Flag);
            // A flag is a class and its opposite, of which the first is kept.
            var parts = members.Select(values => Enumerable.Range(0, rows).SelectMany(row => flag ? [values[(row * width) + at], 1 - values[(row * width) + at]] : values.AsSpan((row * width) + at, own).ToArray()).ToArray()).ToArray();
            var k = flag ? 2 : own;
            var blended = Blend.Average(answers[i].Kind == AnswerKind.Number ? BlendKind.Mean : kind, parts, weights, k);
            for (var row = 0; row < rows; row++) blended.AsSpan(row * k, own).CopyTo(result.AsSpan((row * width) + at));
        }
        return result;
    }
}
