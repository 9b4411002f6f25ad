using Tutti.Evaluation;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>How well a language model predicts, with intervals from resampled texts (or blocks of tokens, where texts are few).</summary>
/// <param name="Perplexity">The exponential of the mean loss of a token.</param>
/// <param name="Accuracy">The share of the tokens that was the most probable one.</param>
/// <param name="Tokens">Predicted tokens.</param>
public sealed record LanguageScores(Score Perplexity, Score Accuracy, long Tokens)
{
    /// <param name="sums">Summed loss, tokens and right ones of each unit, see <see cref="LanguageObjective.PerUnit"/>.</param>
    internal static LanguageScores Of(double[] sums)
    {
        double Sum(ReadOnlySpan<int> units, int which)
        {
            var sum = 0.0;
            foreach (var unit in units) sum += sums[(LanguageObjective.Sums * unit) + which];
            return sum;
        }
        var count = sums.Length / LanguageObjective.Sums;
        var scores = Bootstrap.Intervals(count, units => [Math.Exp(Sum(units, 0) / Sum(units, 1)), Sum(units, 2) / Sum(units, 1)]);
        return new(scores[0], scores[1], (long)Sum([.. Enumerable.Range(0, count)], 1));
    }
}
