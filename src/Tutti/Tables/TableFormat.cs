using System.Text;

namespace Tutti.Tables;

/// <summary>How a file of rows is written. Null means: find out from the file; <see cref="Table.Detected"/> then says what was found.</summary>
public sealed record TableFormat
{
    /// <summary>What separates cells; <c>tab</c> stands for a tab character.</summary>
    public string? Delimiter { get; init; }

    /// <summary>What encloses cells that hold delimiters or line breaks (doubled inside them); <c>'\0'</c>: quotes have no meaning.</summary>
    public char? Quote { get; init; }

    /// <summary>A name such as <c>utf-8</c> (the default), <c>iso-8859-1</c>, <c>windows-1252</c>. A byte order mark in the file wins.</summary>
    public string? Encoding { get; init; }

    /// <summary>Whether the first row names the columns. Never guessed: true unless stated otherwise or <see cref="Columns"/> are named.</summary>
    public bool? Header { get; init; }

    /// <summary>The columns' names where the file has none (default: column1, column2, ...); with Header = true they replace the file's names.</summary>
    public IReadOnlyList<string>? Columns { get; init; }

    /// <summary><c>csv</c>, <c>tsv</c> (csv with tabs), <c>jsonl</c> (one JSON object a line), by default from the file's extension, or <c>text</c> (plain text, a row per line, column <c>text</c>).</summary>
    public string? Kind { get; init; }

    internal bool HasHeader => Header ?? Columns is null;

    /// <summary>Throws a <see cref="ConfigException"/> for a setting that no file can have.</summary>
    internal void Validate()
    {
        if (Kind is not (null or "csv" or "tsv" or "jsonl" or "text"))
            throw new ConfigException("format.kind",
                $"got '{Kind}', expected csv, tsv, jsonl or text{Nearest.Hint(Kind, ["csv", "tsv", "jsonl", "text"])}");
        if (Kind == "text" && (Delimiter is not null || Quote is not null || Header is not null || Columns is not null))
            throw new ConfigException("format", "delimiter, quote, header and columns mean nothing for text, whose lines are the cells of column text; leave them out.");
        if (Kind == "jsonl" && (Delimiter is not null || Quote is not null || Header is not null || Columns is not null))
            throw new ConfigException("format", "delimiter, quote, header and columns mean nothing for jsonl, whose objects name their cells; leave them out.");
        if (Delimiter is not null && DelimiterCharacter is null or '\r' or '\n' or ' ' or '\0' or > '\x7f')
            throw new ConfigException("format.delimiter", $"got '{Delimiter}', expected one character such as ',', ';', '|' or tab.");
        if (Quote is '\r' or '\n' or ' ' or > '\x7f' || Quote is not null && Quote == DelimiterCharacter)
            throw new ConfigException("format.quote", $"got '{Quote}', expected a character such as '\"', other than the delimiter.");
        if (Columns is not null && Columns.GroupBy(c => c.Trim()).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new ConfigException("format.columns", $"got '{twice.Key}' {twice.Count()} times, expected a name of its own for every column.");
        if (Encoding is not null) FindEncoding(Encoding);
    }

    /// <summary>The delimiter as it stands in the file; null: not stated, or not a single character.</summary>
    internal char? DelimiterCharacter => Delimiter switch
    {
        "tab" or "\\t" => '\t',
        [var only] => only,
        null when Kind == "tsv" => '\t',
        _ => null,
    };

    internal static Encoding FindEncoding(string name)
    {
        try
        {
            return CodePagesEncodingProvider.Instance.GetEncoding(name, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback)
                ?? System.Text.Encoding.GetEncoding(name, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback);
        }
        catch (ArgumentException inner)
        {
            throw new ConfigException("format.encoding",
                $"got '{name}', expected a name such as utf-8, iso-8859-1, windows-1252 or utf-16{Nearest.Hint(name, ["utf-8", "utf-16", "iso-8859-1", "windows-1252"])}", inner);
        }
    }
}
