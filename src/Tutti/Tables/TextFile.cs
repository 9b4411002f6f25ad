using System.Security.Cryptography;
using System.Text;

namespace Tutti.Tables;

/// <summary>A text file being read: strict about its encoding, and clear about what cannot be read.</summary>
sealed class TextFile
{
    const int BufferBytes = 1 << 16;

    readonly int preamble;

    public string Path { get; }
    public Encoding Encoding { get; }

    TextFile(string path, Encoding encoding, int preamble) => (Path, Encoding, this.preamble) = (path, encoding, preamble);

    /// <summary>Looks at the file's first bytes: a byte order mark wins over <paramref name="encoding"/>, which wins over UTF-8.</summary>
    public static TextFile At(string path, string? encoding)
    {
        if (Directory.Exists(path)) throw new DataException(path, "this is a folder; expected a file of rows (csv, tsv or jsonl).");
        if (!File.Exists(path)) throw new DataException(path, $"there is no such file{OthersThere(path)}");
        Span<byte> start = stackalloc byte[4];
        using var stream = Open(path);
        var (marked, preamble) = ByteOrderMark(start[..stream.ReadAtLeast(start, 4, throwOnEndOfStream: false)]);
        if (stream.Length == preamble) throw new DataException(path, "the file is empty; expected rows.");
        return new(path, marked ?? TableFormat.FindEncoding(encoding ?? "utf-8"), preamble);
    }

    public StreamReader Reader()
    {
        var stream = Open(Path);
        stream.Position = preamble;
        return new(stream, Encoding, detectEncodingFromByteOrderMarks: false, BufferBytes);
    }

    /// <summary>The byte order mark, where there is one.</summary>
    public byte[] Mark()
    {
        using var stream = Open(Path);
        var mark = new byte[preamble];
        stream.ReadExactly(mark);
        return mark;
    }

    /// <summary>SHA-256 of the file's bytes, in lower-case hexadecimal.</summary>
    public string Hash()
    {
        using var stream = Open(Path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <summary>The error for bytes that the encoding does not know: reads the file again to find the first of them.</summary>
    public DataException Undecodable(DecoderFallbackException cause)
    {
        var (offset, line) = Encoding.CodePage == Encoding.UTF8.CodePage ? FirstNotUtf8() : (-1, 0);
        var where = offset < 0 ? "" : $" at byte {offset}";
        return new(Path, $"the bytes{where} are not {Encoding.WebName}. Save the file as UTF-8, or state its encoding (often windows-1252 or iso-8859-1).",
            line, inner: cause);
    }

    (long Offset, long Line) FirstNotUtf8()
    {
        using var stream = Open(Path);
        var buffer = new byte[BufferBytes];
        long done = 0, line = 1;
        var held = 0;
        var previous = (byte)0;
        while (true)
        {
            var read = stream.Read(buffer, held, buffer.Length - held);
            var rest = buffer.AsSpan(0, held + read);
            while (rest.Length > 0)
            {
                var status = Rune.DecodeFromUtf8(rest, out _, out var length);
                if (status == System.Buffers.OperationStatus.NeedMoreData && read > 0) break;
                if (status != System.Buffers.OperationStatus.Done) return (done, line);
                if (rest[0] == '\r' || rest[0] == '\n' && previous != '\r') line++;
                previous = rest[0];
                done += length;
                rest = rest[length..];
            }
            if (read == 0) return (done, line);
            held = rest.Length;
            rest.CopyTo(buffer);
        }
    }

    static FileStream Open(string path)
    {
        try
        {
            return new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1, FileOptions.SequentialScan);
        }
        catch (Exception cause) when (cause is UnauthorizedAccessException or IOException)
        {
            throw new DataException(path, $"the file cannot be read: {cause.Message}", inner: cause);
        }
    }

    static (Encoding? Encoding, int Length) ByteOrderMark(ReadOnlySpan<byte> start) => start switch
    {
        [0xEF, 0xBB, 0xBF, ..] => (new UTF8Encoding(false, throwOnInvalidBytes: true), 3),
        [0xFF, 0xFE, 0, 0] => (new UTF32Encoding(bigEndian: false, false, throwOnInvalidCharacters: true), 4),
        [0xFF, 0xFE, ..] => (new UnicodeEncoding(bigEndian: false, false, throwOnInvalidBytes: true), 2),
        [0xFE, 0xFF, ..] => (new UnicodeEncoding(bigEndian: true, false, throwOnInvalidBytes: true), 2),
        _ => (null, 0),
    };

    static string OthersThere(string path)
    {
        var folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path));
        if (!Directory.Exists(folder)) return $"; the folder {folder} does not exist either.";
        var names = Directory.EnumerateFiles(folder).Select(f => System.IO.Path.GetFileName(f)).Order(StringComparer.Ordinal);
        return Nearest.Hint(System.IO.Path.GetFileName(path), names);
    }
}
