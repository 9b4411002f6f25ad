using System.Text.Json.Nodes;

namespace Tutti.Text;

/// <summary>What happens to what a splitting pre-tokenizer finds ("behavior" in tokenizer.json).</summary>
enum SplitBehavior { Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous }

/// <summary>Cuts at what some rule finds.</summary>
abstract class Splitter(SplitBehavior behavior) : PreTokenizer
{
    [ThreadStatic] static List<(int Start, int End)>? found;
    [ThreadStatic] static List<(int Start, int End, bool Match)>? stretches;

    protected SplitBehavior Behavior => behavior;

    /// <summary>What counts as a match is what the rule does not find.</summary>
    protected virtual bool Inverted => false;

    protected abstract void Find(ReadOnlySpan<char> text, List<(int Start, int End)> to);

    public sealed override void Cut(TextPieces text)
    {
        foreach (var piece in text.Recut())
        {
            var matches = found ??= [];
            matches.Clear();
            Find(text[piece], matches);
            var all = stretches ??= [];
            all.Clear();
            var at = 0;
            foreach (var (start, end) in matches)
            {
                if (start > at) all.Add((at, start, Inverted));
                all.Add((start, end, !Inverted));
                at = end;
            }
            if (at < piece.Length) all.Add((at, piece.Length, Inverted));
            Emit(text, piece.Start, all);
        }
    }

    void Emit(TextPieces text, int offset, List<(int Start, int End, bool Match)> all)
    {
        for (var i = 0; i < all.Count; i++)
        {
            var (start, end, match) = all[i];
            if (match && behavior == SplitBehavior.Removed) continue;
            // A match that goes with its next takes one neighbour only: of two matches in a row the first stands alone.
            if (behavior == SplitBehavior.MergedWithNext && match && i + 1 < all.Count && !all[i + 1].Match) end = all[++i].End;
            else if (behavior == SplitBehavior.MergedWithPrevious && !match && i + 1 < all.Count && all[i + 1].Match) end = all[++i].End;
            else if (behavior == SplitBehavior.Contiguous)
                while (i + 1 < all.Count && all[i + 1].Match == match) end = all[++i].End;
            text.AddPiece(offset + start, offset + end);
        }
    }
}

/// <summary>"Split": at a string or a regular expression.</summary>
sealed class PatternSplit(TextPattern pattern, SplitBehavior behavior, bool invert) : Splitter(behavior)
{
    protected override bool Inverted => invert;

    protected override void Find(ReadOnlySpan<char> text, List<(int Start, int End)> to) => pattern.Find(text, to);

    public override JsonObject ToJson() => new() { ["type"] = "Split", ["pattern"] = pattern.ToJson(), ["behavior"] = Behavior.ToString(), ["invert"] = invert };
}

/// <summary>"Punctuation": at every punctuation mark.</summary>
sealed class PunctuationSplit(SplitBehavior behavior) : Splitter(behavior)
{
    protected override void Find(ReadOnlySpan<char> text, List<(int Start, int End)> to)
    {
        for (var i = 0; i < text.Length;)
        {
            var code = CodePoints.At(text, i, out var length);
            if (CodePoints.IsPunctuation(code)) to.Add((i, i + length));
            i += length;
        }
    }

    public override JsonObject ToJson() => new() { ["type"] = "Punctuation", ["behavior"] = Behavior.ToString() };
}

/// <summary>"Digits": at every digit, or around runs of them.</summary>
sealed class DigitSplit(bool each) : Splitter(each ? SplitBehavior.Isolated : SplitBehavior.Contiguous)
{
    protected override void Find(ReadOnlySpan<char> text, List<(int Start, int End)> to)
    {
        for (var i = 0; i < text.Length;)
        {
            var code = CodePoints.At(text, i, out var length);
            if (CodePoints.IsNumber(code)) to.Add((i, i + length));
            i += length;
        }
    }

    public override JsonObject ToJson() => new() { ["type"] = "Digits", ["individual_digits"] = each };
}

/// <summary>"CharDelimiterSplit": at one character, which goes.</summary>
sealed class DelimiterSplit(char delimiter) : Splitter(SplitBehavior.Removed)
{
    protected override void Find(ReadOnlySpan<char> text, List<(int Start, int End)> to)
    {
        for (var i = 0; i < text.Length; i++)
            if (text[i] == delimiter) to.Add((i, i + 1));
    }

    public override JsonObject ToJson() => new() { ["type"] = "CharDelimiterSplit", ["delimiter"] = delimiter.ToString() };
}
