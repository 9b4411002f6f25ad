using System.Text;

namespace Tutti.Text;

/// <summary>The lines of a UTF-8 file as Python reads them: ended by LF, CRLF or CR, and by nothing else that Unicode calls a line break.</summary>
static class TextLines
{
    static readonly UTF8Encoding strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static string[] Read(string file)
    {
        if (!File.Exists(file)) throw new DataException(file, "the file does not exist");
        var text = Decode(file, File.ReadAllBytes(file));
        if (text.Contains('\r')) text = text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        var lines = text.Split('\n');
        return lines[^1].Length == 0 ? lines[..^1] : lines;
    }

    /// <summary>The text of a file without its byte order mark; an invalid byte names its line.</summary>
    public static string Decode(string file, byte[] bytes)
    {
        var body = bytes.AsSpan(bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0);
        try
        {
            return strict.GetString(body);
        }
        catch (DecoderFallbackException error)
        {
            var valid = body[..Math.Max(0, error.Index)];
            var row = 1 + valid.Count((byte)'\n') + valid.Count((byte)'\r') - valid.Count("\r\n"u8);
            throw new DataException(file, "not UTF-8; save the file as UTF-8", row, null, error);
        }
    }
}
