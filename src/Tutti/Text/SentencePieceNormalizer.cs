using System.Text;

namespace Tutti.Text;

/// <summary>
/// What SentencePiece does to a text before it cuts it (normalizer.cc): rules of the charsmap, the longest first; superfluous blanks out; blanks written as
/// U+2581; one blank before (or after) the whole text.
/// </summary>
sealed class SentencePieceNormalizer
{
    /// <summary>U+2581, which stands for a blank.</summary>
    public static ReadOnlySpan<byte> Space => "\u2581"u8;

    readonly CharsMap? map;
    readonly ByteTrie? untouched;
    readonly bool dummyPrefix, removeExtra, escape, suffix;
    readonly bool[] plain = new bool[128];

    /// <param name="untouched">User-defined pieces, which no rule changes; null for none.</param>
    public SentencePieceNormalizer(SentencePieceFile file, ByteTrie? untouched)
    {
        map = file.Charsmap.Length > 0 ? new(file.Charsmap, file.File) : null;
        this.untouched = untouched;
        (dummyPrefix, removeExtra, escape, suffix) = (file.DummyPrefix, file.RemoveExtraSpaces, file.EscapeSpaces, file.SpaceAsSuffix);
        for (var b = 0; b < plain.Length; b++) plain[b] = b != ' ' && (map is null || map.IsPlain((byte)b)) && (untouched is null || untouched.Step(0, (byte)b) < 0);
    }

    ReadOnlySpan<byte> Blank => escape ? Space : " "u8;

    /// <summary>Appends the normalised form of a text in UTF-8.</summary>
    public void Append(ReadOnlySpan<byte> text, ByteBuffer to)
    {
        if (text.IsEmpty) return;
        var at = 0;
        if (removeExtra)
            while (at < text.Length)
            {
                var taken = Next(text[at..], out var piece);
                if (piece is not [(byte)' ']) break;
                at += taken;
            }
        if (at == text.Length) return;
        var start = to.Length;
        if (dummyPrefix && !suffix) to.Add(Blank);
        var afterBlank = removeExtra;
        while (at < text.Length)
        {
            var run = PlainRun(text[at..]);
            if (run > 0)
            {
                to.Add(text.Slice(at, run));
                at += run;
                afterBlank = false;
                continue;
            }
            at += Next(text[at..], out var piece);
            if (afterBlank) piece = piece.TrimStart((byte)' ');
            if (!piece.IsEmpty)
            {
                AppendEscaped(piece, to);
                afterBlank = removeExtra && piece[^1] == (byte)' ';
            }
        }
        if (removeExtra)
            while (to.Bytes[start..].EndsWith(Blank)) to.Shorten(to.Length - Blank.Length);
        if (dummyPrefix && suffix) to.Add(Blank);
    }

    /// <summary>How many bytes at the start no rule concerns: ASCII other than blanks, followed by ASCII or nothing.</summary>
    int PlainRun(ReadOnlySpan<byte> text)
    {
        var i = 0;
        while (i < text.Length && text[i] < 0x80 && plain[text[i]]) i++;
        return i > 0 && i < text.Length && text[i] >= 0x80 ? i - 1 : i;
    }

    void AppendEscaped(ReadOnlySpan<byte> piece, ByteBuffer to)
    {
        if (!escape)
        {
            to.Add(piece);
            return;
        }
        foreach (var b in piece)
            if (b == ' ') to.Add(Space);
            else to.Add(b);
    }

    /// <summary>The first stretch that is normalised as one: how many bytes it takes, and what it becomes.</summary>
    int Next(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> piece)
    {
        if (untouched?.LongestAt(text) is > 0 and var kept)
        {
            piece = text[..kept];
            return kept;
        }
        if (map?.Longest(text, out piece) is > 0 and var taken)
        {
            map.Longest(text, out piece);
            return taken;
        }
        Rune.DecodeFromUtf8(text, out _, out var length);               // valid: made from a string
        piece = text[..length];
        return length;
    }
}
