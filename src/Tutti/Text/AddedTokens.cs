using System.Text;
using System.Text.Json.Nodes;

namespace Tutti.Text;

/// <summary>A token that is looked for in the text itself, before any model: [MASK], &lt;s&gt; or one that a user added.</summary>
/// <param name="SingleWord">Only where no word character stands beside it.</param>
/// <param name="LeftStrip">Takes the white space before it.</param>
/// <param name="RightStrip">Takes the white space after it.</param>
/// <param name="Normalized">Looked for in the normalised text (and itself normalised) instead of the raw one.</param>
sealed record AddedToken(
    int Id, string Content, bool Special, bool SingleWord = false, bool LeftStrip = false, bool RightStrip = false, bool Normalized = false)
{
    public JsonObject ToJson() => new()
    {
        ["id"] = Id,
        ["content"] = Content,
        ["single_word"] = SingleWord,
        ["lstrip"] = LeftStrip,
        ["rstrip"] = RightStrip,
        ["normalized"] = Normalized,
        ["special"] = Special,
    };
}

/// <summary>Finds added tokens in a text: the leftmost, of those the longest.</summary>
sealed class AddedTokens
{
    readonly (string Text, AddedToken Token)[] tokens;
    readonly System.Buffers.SearchValues<char> firsts;
    readonly Func<int, bool> isSpace;

    /// <param name="tokens">With the text that each is found by.</param>
    /// <param name="pythonSpace">Stripping follows Python's str.strip (slow reference) instead of White_Space.</param>
    public AddedTokens(IEnumerable<(string Text, AddedToken Token)> tokens, bool pythonSpace)
    {
        this.tokens = [.. tokens.Where(entry => entry.Text.Length > 0).OrderByDescending(entry => entry.Text.Length)];
        firsts = System.Buffers.SearchValues.Create([.. this.tokens.Select(entry => entry.Text[0])]);
        isSpace = pythonSpace ? CodePoints.IsPythonSpace : CodePoints.IsWhiteSpace;
    }

    public bool IsEmpty => tokens.Length == 0;

    /// <summary>The next match at or after <paramref name="from"/>, with the white space that it takes; Id -1 if there is none.</summary>
    public (int Start, int End, int Id) Next(ReadOnlySpan<char> text, int from)
    {
        for (var at = from; at < text.Length; at++)
        {
            var step = text[at..].IndexOfAny(firsts);
            if (step < 0) break;
            at += step;
            foreach (var (content, token) in tokens)
            {
                if (!text[at..].StartsWith(content, StringComparison.Ordinal)) continue;
                var (start, end) = (at, at + content.Length);
                if (token.SingleWord && (WordBefore(text, start) || WordAt(text, end))) continue;
                while (token.LeftStrip && start > from && isSpace(text[start - 1])) start--;
                while (token.RightStrip && end < text.Length && isSpace(text[end])) end++;
                return (start, end, token.Id);
            }
        }
        return (text.Length, text.Length, -1);
    }

    static bool WordAt(ReadOnlySpan<char> text, int at) => at < text.Length && CodePoints.IsWord(CodePoints.At(text, at, out _));

    static bool WordBefore(ReadOnlySpan<char> text, int at) =>
        at > 0 && Rune.DecodeLastFromUtf16(text[..at], out var rune, out _) == System.Buffers.OperationStatus.Done && CodePoints.IsWord(rune.Value);
}
