namespace Tutti;

/// <summary>"Did you mean": the candidate that a mistyped word most likely stands for.</summary>
static class Nearest
{
    /// <summary>
    /// The candidate with the fewest insertions, deletions, replacements and swaps of neighbours, or null when even that one needs more
    /// than a third of the word.
    /// </summary>
    public static string? Of(string word, IEnumerable<string> candidates)
    {
        var (best, least) = ((string?)null, Math.Max(1, word.Length / 3) + 1);
        foreach (var candidate in candidates)
            if (Distance(word, candidate) is var distance && distance < least) (best, least) = (candidate, distance);
        return best;
    }

    static int Distance(string a, string b)
    {
        var (before, last, row) = (new int[b.Length + 1], Enumerable.Range(0, b.Length + 1).ToArray(), new int[b.Length + 1]);
        for (var i = 1; i <= a.Length; i++)
        {
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                row[j] = Math.Min(Math.Min(row[j - 1], last[j]) + 1, last[j - 1] + (Same(a[i - 1], b[j - 1]) ? 0 : 1));
                if (i > 1 && j > 1 && Same(a[i - 1], b[j - 2]) && Same(a[i - 2], b[j - 1])) row[j] = Math.Min(row[j], before[j - 2] + 1);
            }
            (before, last, row) = (last, row, before);
        }
        return last[b.Length];
    }

    static bool Same(char a, char b) => char.ToLowerInvariant(a) == char.ToLowerInvariant(b);
}
