using System.Text;
using System.Text.Json.Nodes;

namespace Tutti.Text;

/// <summary>
/// GPT-2's pre-tokenizer: words by a fixed pattern, each written as one visible character per UTF-8 byte.
/// </summary>
/// <param name="prefixSpace">Puts a blank before every stretch of text that has none (not only before the whole text).</param>
/// <param name="cutWords">false: every stretch is one word.</param>
sealed class ByteLevel(bool prefixSpace, bool cutWords = true) : PreTokenizer
{
    public bool PrefixSpace => prefixSpace;

    /// <summary>With what tokenizer_config.json says instead, as Hugging Face's fast classes take it.</summary>
    public ByteLevel With(SideFiles side) => new(side.Flag("add_prefix_space", prefixSpace), cutWords);

    /// <summary>The character that stands for each byte (openai/gpt-2, encoder.py, bytes_to_unicode).</summary>
    public static ReadOnlySpan<char> CharOfByte => charOfByte;
    static readonly char[] charOfByte = BuildChars();
    static readonly short[] byteOfChar = BuildBytes();

    public override void Cut(TextPieces text)
    {
        foreach (var piece in text.Rewrite())
        {
            var chars = text.Old(piece);
            if (prefixSpace && chars[0] != ' ') chars = string.Concat(" ", chars);
            for (var i = 0; i < chars.Length;)
            {
                var end = cutWords ? WordEnd(chars, i) : chars.Length;
                var start = text.Length;
                AppendBytes(chars[i..end], text);
                text.AddPiece(start, text.Length);
                i = end;
            }
        }
    }

    /// <summary>
    /// The end of the word at <paramref name="at"/> by the pattern
    /// <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c> on code points.
    /// </summary>
    internal static int WordEnd(ReadOnlySpan<char> text, int at)
    {
        if (text[at] == '\'' && Contraction(text[at..]) is var taken and > 0) return at + taken;
        var from = at;
        if (text[at] == ' ' && at + 1 < text.Length && ClassAt(text, at + 1, out _) != CharClass.Space) from++;
        var kind = ClassAt(text, from, out var length);
        var end = from + length;
        var last = from;                                            // where the run's last code point starts
        while (end < text.Length && ClassAt(text, end, out length) == kind)
        {
            last = end;
            end += length;
        }
        // White space leaves its last character to the word that follows, unless it is all there is.
        return kind == CharClass.Space && end < text.Length && last > from ? last : end;
    }

    static int Contraction(ReadOnlySpan<char> text) => text switch
    {
        ['\'', 's' or 't' or 'm' or 'd', ..] => 2,
        ['\'', 'r' or 'v', 'e', ..] or ['\'', 'l', 'l', ..] => 3,
        _ => 0,
    };

    enum CharClass { Letter, Number, Space, Other }

    static CharClass ClassAt(ReadOnlySpan<char> text, int index, out int length)
    {
        var code = CodePoints.At(text, index, out length);
        return CodePoints.IsLetter(code) ? CharClass.Letter
            : CodePoints.IsWhiteSpace(code) ? CharClass.Space
            : CodePoints.IsNumber(code) ? CharClass.Number
            : CharClass.Other;
    }

    static void AppendBytes(ReadOnlySpan<char> word, TextPieces to)
    {
        Span<byte> bytes = stackalloc byte[256];
        for (var i = 0; i < word.Length;)
        {
            var part = word.Slice(i, Math.Min(64, word.Length - i));
            if (part.Length < word.Length - i && char.IsHighSurrogate(part[^1])) part = part[..^1];
            foreach (var b in bytes[..Encoding.UTF8.GetBytes(part, bytes)]) to.Append(charOfByte[b]);
            i += part.Length;
        }
    }

    /// <summary>The UTF-8 text of tokens joined together; a character outside the alphabet (in an added token) stands for itself.</summary>
    public static string Decode(string tokens)
    {
        var bytes = new List<byte>(tokens.Length);
        foreach (var rune in tokens.EnumerateRunes())
            if (rune.Value < byteOfChar.Length && byteOfChar[rune.Value] is >= 0 and var b) bytes.Add((byte)b);
            else bytes.AddRange(Encoding.UTF8.GetBytes(rune.ToString()));
        return Encoding.UTF8.GetString([.. bytes]);
    }

    static char[] BuildChars()
    {
        var chars = new char[256];
        var next = 256;
        for (var b = 0; b < 256; b++)
            chars[b] = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF) ? (char)b : (char)next++;
        return chars;
    }

    static short[] BuildBytes()
    {
        var bytes = new short[charOfByte.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (var b = 0; b < 256; b++) bytes[charOfByte[b]] = (short)b;
        return bytes;
    }

    public override JsonObject ToJson() => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = prefixSpace,
        ["trim_offsets"] = true,
        ["use_regex"] = cutWords,
    };
}
