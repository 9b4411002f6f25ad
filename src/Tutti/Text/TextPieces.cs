using System.Text;

namespace Tutti.Text;

/// <summary>
/// A text cut into pieces, the working memory of one encoding thread. Each step (normaliser, pre-tokenizer) reads the text and the pieces as the
/// step before left them and writes new ones; the buffers are used again, so that no strings are made.
/// </summary>
sealed class TextPieces
{
    char[] text = new char[1024], oldText = new char[1024];
    int length, oldLength;

    public List<(int Start, int Length)> Pieces { get; private set; } = [];
    List<(int Start, int Length)> oldPieces = [];

    public ReadOnlySpan<char> Text => text.AsSpan(0, length);
    public int Length => length;

    /// <summary>Whether this is the beginning of the whole text, with nothing before it that is no part of these pieces.</summary>
    public bool AtStart { get; set; }

    public ReadOnlySpan<char> this[(int Start, int Length) piece] => text.AsSpan(piece.Start, piece.Length);

    public void Clear()
    {
        length = 0;
        Pieces.Clear();
    }

    public void Append(char c)
    {
        if (length == text.Length) Grow(1);
        text[length++] = c;
    }

    public void Append(ReadOnlySpan<char> more)
    {
        if (length + more.Length > text.Length) Grow(more.Length);
        more.CopyTo(text.AsSpan(length));
        length += more.Length;
    }

    public void Append(int code)
    {
        if (code < 0x10000)
        {
            Append((char)code);
            return;
        }
        Span<char> pair = stackalloc char[2];
        new Rune(code).EncodeToUtf16(pair);
        Append(pair);
    }

    public void AddPiece(int start, int end)
    {
        if (end > start) Pieces.Add((start, end - start));
    }

    /// <summary>Makes the whole text one piece.</summary>
    public void CoverAll()
    {
        Pieces.Clear();
        AddPiece(0, length);
    }

    /// <summary>Starts new pieces over the same text and returns the old ones.</summary>
    public List<(int Start, int Length)> Recut()
    {
        (Pieces, oldPieces) = (oldPieces, Pieces);
        Pieces.Clear();
        return oldPieces;
    }

    /// <summary>Starts a new text with new pieces; the old text stays readable as <see cref="Old"/>.</summary>
    public List<(int Start, int Length)> Rewrite()
    {
        (text, oldText) = (oldText, text);
        (length, oldLength) = (0, length);
        return Recut();
    }

    public ReadOnlySpan<char> Old((int Start, int Length) piece) => oldText.AsSpan(0, oldLength).Slice(piece.Start, piece.Length);

    void Grow(int more) => Array.Resize(ref text, Math.Max(text.Length * 2, length + more));
}
