using System.Text;

namespace Tutti.Text;

/// <summary>
/// The pieces that a unigram vocabulary is pruned from: every character, and the strings inside words that occur at least twice and cannot be longer without
/// occurring less often (the inner nodes of the words' suffix tree), those with the greatest count x length.
/// </summary>
static class UnigramSeeds
{
    const int Longest = 16;

    /// <returns>Pieces with count x length; first the characters, which are never pruned.</returns>
    public static (List<(string Piece, double Weight)> Pieces, int Characters) Of(List<KeyValuePair<string, long>> words, int mostCharacters, int most)
    {
        var characters = new Dictionary<Rune, long>();
        foreach (var (word, count) in words)
            foreach (var rune in word.EnumerateRunes()) characters[rune] = characters.GetValueOrDefault(rune) + count;
        var kept = characters.OrderByDescending(entry => entry.Value).ThenBy(entry => entry.Key).Take(mostCharacters).Select(entry => (entry.Key.ToString(), (double)entry.Value)).ToList();
        var strings = Strings(words).OrderByDescending(entry => entry.Weight).ThenBy(entry => entry.Piece, StringComparer.Ordinal).Take(most);
        return ([.. kept, .. strings], kept.Count);
    }

    static List<(string Piece, double Weight)> Strings(List<KeyValuePair<string, long>> words)
    {
        var suffixes = new List<(int Word, int Start)>();
        for (var word = 0; word < words.Count; word++)
            for (var start = 0; start < words[word].Key.Length; start++)
                if (!char.IsLowSurrogate(words[word].Key[start])) suffixes.Add((word, start));
        suffixes.Sort((a, b) => Suffix(a).SequenceCompareTo(Suffix(b)) is not 0 and var order ? order : a.CompareTo(b));
        var found = new List<(string, double)>();
        var open = new Stack<(int Length, long Count)>();               // strings that the suffix before shares, the longest on top
        for (var i = 0; i < suffixes.Count; i++)
        {
            var here = Suffix(suffixes[i]);
            // A whole suffix is a string too, even where nothing else begins with it.
            var count = words[suffixes[i].Word].Value;
            open.Push((here.Length, open.TryPeek(out var equal) && equal.Length == here.Length ? open.Pop().Count + count : count));
            var shared = i + 1 < suffixes.Count ? here.CommonPrefixLength(Suffix(suffixes[i + 1])) : 0;
            long carried = 0;
            while (open.TryPeek(out var top) && top.Length > shared)
            {
                open.Pop();
                carried += top.Count;
                Found(here[..top.Length], carried);
            }
            if (shared == 0) continue;
            if (open.TryPeek(out var same) && same.Length == shared)
            {
                open.Pop();
                carried += same.Count;
            }
            open.Push((shared, carried));
        }
        return found;

        ReadOnlySpan<char> Suffix((int Word, int Start) at)
        {
            var rest = words[at.Word].Key.AsSpan(at.Start);
            return rest[..Math.Min(rest.Length, Longest)];
        }

        void Found(ReadOnlySpan<char> piece, long count)
        {
            if (count < 2 || char.IsHighSurrogate(piece[^1]) || piece.Length == (char.IsHighSurrogate(piece[0]) ? 2 : 1)) return;
            found.Add((piece.ToString(), (double)count * piece.Length));
        }
    }
}
