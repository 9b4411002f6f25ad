using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Tutti.Text;

/// <summary>A text for people from the words that the rules left: capitals and repetitions as they were, signs where one writes them.</summary>
/// <param name="pieces">The tokens are pieces of words, which begin where U+2581 stands; words carry their signs then.</param>
sealed class TextRulesDecoder(bool pieces) : Decoder
{
    public const string Type = "TuttiRules";

    const char Sign = '\u2581';

    /// <summary>No repetition is written out longer, whatever number a model makes up.</summary>
    const int MostRepeated = 100;

    static readonly HashSet<string> contracted = ["n't", "n\u2019t", "'s", "\u2019s", "'m", "\u2019m", "'re", "\u2019re", "'ve", "\u2019ve", "'ll", "\u2019ll", "'d", "\u2019d"];

    public override void Apply(List<string> tokens)
    {
        var words = pieces ? Joined(tokens) : tokens;
        var text = new StringBuilder();
        var quoted = false;
        var glued = true;                                                   // no blank before the next word
        for (var i = 0; i < words.Count;)
        {
            var word = Next(words, ref i);
            if (word.Length == 0) continue;
            var closes = !pieces && (word is "\"" ? quoted : ClosesUp(word));
            if (!glued && !closes && !char.IsWhiteSpace(word[0])) text.Append(' ');
            if (word is "\"") quoted = !quoted;
            text.Append(word);
            glued = char.IsWhiteSpace(word[^1]) || !pieces && (word is "(" or "[" or "{" or "$" or "\u00A3" or "\u20AC" or "\u201C" or "\u201E" or "#" || word is "\"" && quoted);
        }
        tokens.Clear();
        tokens.Add(text.ToString());
    }

    static bool ClosesUp(string word) => contracted.Contains(word) || word is ")" or "]" or "}" or "%" or "\u201D" || word[0] is '.' or ',' or ';' or ':' or '!' or '?' or '\u2026' && word.Length < 4;

    /// <summary>The next word as it was written; marks without a word are passed over.</summary>
    static string Next(List<string> words, ref int i)
    {
        var (upper, capital, count, between) = (false, false, 1, "");
        while (i < words.Count)
        {
            var word = words[i++];
            if (word is TextRules.Upper) upper = true;
            else if (word is TextRules.Capital) capital = true;
            else if (word is TextRules.Repetition or TextRules.WordRepetition)
            {
                if (i >= words.Count || !int.TryParse(words[i].TrimStart(Sign), NumberStyles.None, CultureInfo.InvariantCulture, out var said)) continue;
                (count, between) = (Math.Min(said, MostRepeated), word is TextRules.WordRepetition ? " " : "");
                i++;
            }
            else if (!word.StartsWith(TextRules.Filler + " ", StringComparison.Ordinal))
            {
                word = word.Replace(Sign, ' ');
                word = upper ? word.ToUpperInvariant() : capital && word.Length > 0 ? char.ToUpperInvariant(word[0]) + word[1..] : word;
                return count == 1 ? word : string.Join(between, Enumerable.Repeat(word, count));
            }
        }
        return "";
    }

    /// <summary>Whole words of pieces; special tokens are words.</summary>
    static List<string> Joined(List<string> tokens)
    {
        var words = new List<string>();
        var open = false;                                                   // the last word takes pieces
        foreach (var token in tokens)
        {
            var special = TextRules.SpecialTokens.Contains(token);
            if (open && !special && !token.StartsWith(Sign)) words[^1] += token;
            else words.Add(special || !token.StartsWith(Sign) ? token : token[1..]);
            open = !special;
        }
        return words;
    }

    public override JsonObject ToJson() => new() { ["type"] = Type, ["pieces"] = pieces };
}
