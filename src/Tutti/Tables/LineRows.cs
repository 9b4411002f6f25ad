using System.Text;

namespace Tutti.Tables;

/// <summary>Plain text: a row per line that is not blank, with a single column <c>text</c>.</summary>
static class LineRows
{
    public static readonly IReadOnlyList<string> Columns = ["text"];

    public static IEnumerable<FileRow> Read(TextFile file)
    {
        using var reader = file.Reader();
        for (long line = 1; Next(file, reader) is { } text; line++)
            if (!string.IsNullOrWhiteSpace(text)) yield return new(line, [text]);
    }

    static string? Next(TextFile file, StreamReader reader)
    {
        try
        {
            return reader.ReadLine();
        }
        catch (DecoderFallbackException cause)
        {
            throw file.Undecodable(cause);
        }
    }
}
