using System.Text;
using System.Text.Json;

namespace Tutti.Tables;

/// <summary>One JSON object a line. Strings, numbers (as written) and booleans become text, null and a missing key an empty cell.</summary>
static class JsonRows
{
    static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false };

    /// <summary>Every key of the file in the order of its first use; a pass over the whole file, since the last line may bring a new one.</summary>
    public static List<string> Columns(TextFile file)
    {
        var columns = new List<string>();
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (_, cells) in Objects(file))
            foreach (var (name, _) in cells)
                if (known.Add(name)) columns.Add(name);
        return columns;
    }

    public static IEnumerable<FileRow> Read(TextFile file, IReadOnlyList<string> columns)
    {
        var index = columns.Select((name, i) => (name, i)).ToDictionary(c => c.name, c => c.i, StringComparer.Ordinal);
        foreach (var (line, cells) in Objects(file))
        {
            var row = new string[columns.Count];
            Array.Fill(row, "");
            foreach (var (name, text) in cells) row[index[name]] = text;
            yield return new(line, row);
        }
    }

    static IEnumerable<(long Line, List<(string Name, string Text)> Cells)> Objects(TextFile file)
    {
        using var reader = file.Reader();
        for (long line = 1; NextLine(file, reader) is { } text; line++)
            if (!string.IsNullOrWhiteSpace(text)) yield return (line, Cells(file.Path, line, text));
    }

    static string? NextLine(TextFile file, StreamReader reader)
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

    static List<(string, string)> Cells(string path, long line, string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text, Options);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new DataException(path,
                    $"got a JSON {Kind(document.RootElement)}, expected an object such as {{\"text\": \"...\", \"label\": \"...\"}} on every line.", line);
            return [.. document.RootElement.EnumerateObject().Select(p => (p.Name, Text(path, line, p)))];
        }
        catch (Exception cause) when (cause is JsonException or InvalidOperationException)   // the latter: half a surrogate pair
        {
            var at = cause is JsonException { BytePositionInLine: { } position } ? $" (byte {position} of the line)" : "";
            throw new DataException(path, $"this line is not a JSON object{at}: {(text.Length <= 60 ? text : text[..60] + " ...")}", line, inner: cause);
        }
    }

    static string Text(string path, long line, JsonProperty property) => property.Value.ValueKind switch
    {
        JsonValueKind.String when property.Value.GetString() is { } text => !text.Contains('\0') ? text
            : throw new DataException(path, "the text holds a NUL character, which no text has; remove it.", line, property.Name),
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => property.Value.GetRawText(),
        JsonValueKind.Null => "",
        _ => throw new DataException(path,
            $"got a nested JSON {Kind(property.Value)}, expected text, a number, true, false or null; flatten it to keys of its own.", line, property.Name),
    };

    static string Kind(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => "boolean",
        var kind => kind.ToString().ToLowerInvariant(),
    };
}
