using Tutti.Evaluation;

namespace Tutti.Ensembling;

/// <summary>
/// Where a probability stands among those of known rows, from 0 to 1: so can ranks be told of rows that come one at a time. At most a thousand known values are
/// kept, evenly spread over the ranks; between two of them the rank is interpolated, beyond the ends it is that of the end.
/// </summary>
/// <param name="Values">Rising.</param>
/// <param name="Ranks">The rank of each among all known values (1 to n, equal values sharing their mean), divided by n.</param>
public sealed record RankScale(IReadOnlyList<double> Values, IReadOnlyList<double> Ranks)
{
    const int Most = 1000;

    /// <summary>Of a member that has no part in a blend.</summary>
    internal static RankScale None { get; } = new([], []);

    /// <param name="known">Values in any order.</param>
    public static RankScale Of(IReadOnlyList<double> known)
    {
        var ranks = Regression.Ranks([.. known]);
        var steps = Enumerable.Range(0, known.Count).DistinctBy(i => known[i]).OrderBy(i => known[i]).ToArray();
        if (steps.Length > Most) steps = [.. Enumerable.Range(0, Most).Select(i => steps[(int)((long)i * (steps.Length - 1) / (Most - 1))])];
        return new([.. steps.Select(i => known[i])], [.. steps.Select(i => ranks[i] / known.Count)]);
    }

    /// <summary>For each class, of n*K probabilities.</summary>
    internal static RankScale[] OfClasses(double[] probabilities, int classes) =>
        [.. Enumerable.Range(0, classes).Select(k => Of([.. Enumerable.Range(0, probabilities.Length / classes).Select(row => probabilities[(row * classes) + k])]))];

    /// <summary>The rank of a value, known or new; 0 where nothing is known.</summary>
    public double Of(double value)
    {
        if (Values.Count == 0) return 0;
        var (low, high) = (0, Values.Count - 1);
        if (value <= Values[low]) return Ranks[low];
        if (value >= Values[high]) return Ranks[high];
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            if (Values[middle] <= value) low = middle;
            else high = middle;
        }
        return Ranks[low] + ((value - Values[low]) / (Values[high] - Values[low]) * (Ranks[high] - Ranks[low]));
    }
}
