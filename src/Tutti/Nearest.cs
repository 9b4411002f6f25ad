namespace Tutti;

/// <summary>Finds the known name that a mistyped one was probably meant to be, for "did you mean" in errors.</summary>
public static class Nearest
{
    /// <summary>
    /// The candidate with the fewest edits (insert, delete, replace, swap of neighbours; case is free) from <paramref name="word"/>,
    /// or null when none is within a third of the word's length (at least one edit). The first of equals wins.
    /// </summary>
    public static string? Of(string word, IEnumerable<string> candidates)
    {
        var limit = Math.Max(1, word.Length / 3);
        string? nearest = null;
        foreach (var candidate in candidates)
        {
            if (Math.Abs(candidate.Length - word.Length) > limit) continue;
            var distance = Distance(word, candidate);
            if (distance > limit) continue;
            if (distance == 0) return candidate;
            (nearest, limit) = (candidate, distance - 1);
        }
        return nearest;
    }

    /// <summary>The end of a sentence: <c>; did you mean 'text'?</c>, or <paramref name="otherwise"/> when nothing is near.</summary>
    public static string Hint(string word, IEnumerable<string> candidates, string otherwise = ".") =>
        Of(word, candidates) is { } name ? $"; did you mean '{name}'?" : otherwise;

    // Optimal string alignment distance: three rows, because a swap looks two rows back.
    static int Distance(string a, string b)
    {
        var before = new int[b.Length + 1];
        var above = new int[b.Length + 1];
        var row = new int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++) above[j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                row[j] = Math.Min(Math.Min(above[j], row[j - 1]) + 1, above[j - 1] + (Same(a[i - 1], b[j - 1]) ? 0 : 1));
                if (i > 1 && j > 1 && Same(a[i - 1], b[j - 2]) && Same(a[i - 2], b[j - 1])) row[j] = Math.Min(row[j], before[j - 2] + 1);
            }
            (before, above, row) = (above, row, before);
        }
        return above[b.Length];
    }

    static bool Same(char a, char b) => char.ToLowerInvariant(a) == char.ToLowerInvariant(b);
}
