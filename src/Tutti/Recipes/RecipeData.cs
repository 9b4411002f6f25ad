using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.RegularExpressions;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>How rows are dealt to folds.</summary>
public enum FoldScheme
{
    /// <summary>Every fold has about the same share of each label.</summary>
    Stratified,

    /// <summary>Without regard to labels.</summary>
    Random,

    /// <summary>Rows with the same value of a column stay in one fold.</summary>
    Group,

    /// <summary>A column of the training file holds each row's fold.</summary>
    Column,
}

/// <summary>The rows of a recipe, and which of their columns mean what.</summary>
public sealed partial record DataConfig
{
    [Description("File of the training rows (CSV or TSV).")]
    public required string Train { get; init; }

    [Description("File of the rows to predict.")]
    public string? Test { get; init; }

    [Description("The text of a row: a template in which {column} stands for that column's value, in quotes.")]
    public required string Text { get; init; }

    [Description("The second text of a row where two texts are compared; a template like text.")]
    public string? Pair { get; init; }

    [Description("Column that holds the row's class.")]
    public required string Label { get; init; }

    [Description("Column that names a row; default: the rows are counted from 0.")]
    public string? Id { get; init; }

    [Description("Cross-validation: how many folds, or a mapping. Not together with validation.")]
    public FoldsConfig? Folds { get; init; }

    /// <summary>The held-out fraction; null exactly when there are folds.</summary>
    [Description("Fraction of the training rows that is held out, stratified by label. Not together with folds; default: 0.2 when there are no folds.")]
    [Range(0, 1.0, MinimumIsExclusive = true, MaximumIsExclusive = true)]
    public double? Validation { get => field ?? (Folds is null ? 0.2 : null); init; }

    [Description("How the files are written.")]
    public FormatConfig Format { get; init; } = new();

    [Description("A sample submission, whose columns and order of rows are followed.")]
    public string? Sample { get; init; }

    [Description("All classes in the order of the outputs; default: those of the training rows, sorted.")]
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>Every fault, each with its key under <c>data</c>.</summary>
    internal IReadOnlyList<ConfigFault> Validate()
    {
        var faults = ConfigFault.OfRanges(this);
        foreach (var (key, value) in new[] { ("train", Train), ("test", Test), ("label", Label), ("id", Id), ("sample", Sample) })
            if (value is "") faults.Add(new(key, "got an empty text"));
        foreach (var (key, template) in new[] { ("text", Text), ("pair", Pair) })
            if (template is not null && !Placeholder().IsMatch(template))
                faults.Add(new(key, $"got '{template}', expected at least one {{column}}"
                    + (ColumnName().IsMatch(template) ? $"; did you mean \"{{{template}}}\"?" : "")));
        if (Folds is not null && Validation is not null)
            faults.Add(new("validation", "is given together with folds; keep one of them (--set data.validation=null takes it out)"));
        if (Folds is not null) faults.AddRange(Folds.Validate().Select(fault => fault with { Path = $"folds.{fault.Path}" }));
        faults.AddRange(Format.Validate().Select(fault => fault with { Path = $"format.{fault.Path}" }));
        if (Labels is { Count: < 2 }) faults.Add(new("labels", $"got {Labels.Count}, expected at least two classes"));
        if (Labels?.GroupBy(label => label, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
            faults.Add(new("labels", $"got '{twice.Key}' twice"));
        return faults;
    }

    public bool Equals(DataConfig? other) => RecipeJson.Same(this, other);
    public override int GetHashCode() => RecipeJson.Text(this).GetHashCode(StringComparison.Ordinal);

    [GeneratedRegex(@"\{[^{}]+\}")]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"^[\w -]+$")]
    private static partial Regex ColumnName();
}

/// <summary>Cross-validation: each fold's rows are predicted by models that never saw them.</summary>
[ShortForm("count")]
public sealed record FoldsConfig
{
    [Description("How many folds; with kind column, what the column holds counts.")]
    [Range(2, int.MaxValue)]
    public int Count { get; init; } = 5;

    [Description("How rows are dealt: stratified by label, at random, a column's groups kept together, or as a column says.")]
    public FoldScheme Kind { get; init; } = FoldScheme.Stratified;

    [Description("Seed of the dealing.")]
    [Range(0, int.MaxValue)]
    public int Seed { get; init; }

    [Description("The column of kinds group and column.")]
    public string? Column { get; init; }

    internal IReadOnlyList<ConfigFault> Validate()
    {
        var faults = ConfigFault.OfRanges(this);
        if (Kind is FoldScheme.Group or FoldScheme.Column && string.IsNullOrEmpty(Column))
            faults.Add(new("column", $"is required with kind {RecipeJson.Name(Kind)}"));
        if (Kind is not (FoldScheme.Group or FoldScheme.Column) && Column is not null)
            faults.Add(new("column", $"has no meaning with kind {RecipeJson.Name(Kind)}; did you mean kind: group?"));
        return faults;
    }
}

/// <summary>How delimited files are written.</summary>
public sealed record FormatConfig
{
    static readonly string[] encodings = ["utf-8", "utf-16", "latin-1", "windows-1252"];

    [Description("Character between cells; default: a comma, in .tsv files a tab (\"\\t\").")]
    public string? Delimiter { get; init; }

    [Description("Character around cells that hold a delimiter; \"\" = none.")]
    public string Quote { get; init; } = "\"";

    [Description("utf-8, utf-16, latin-1 or windows-1252; a byte order mark wins.")]
    public string Encoding { get; init; } = "utf-8";

    [Description("Whether the first line names the columns.")]
    public bool Header { get; init; } = true;

    [Description("Names of the columns of files without a header.")]
    public IReadOnlyList<string>? Columns { get; init; }

    internal IEnumerable<ConfigFault> Validate()
    {
        if (Delimiter is not null && (Delimiter.Length != 1 || Delimiter is "\n" or "\r"))
            yield return new("delimiter", $"got '{Delimiter}', expected one character, such as \";\" or \"\\t\"");
        if (Quote.Length > 1 || Quote is "\n" or "\r" || Quote == Delimiter)
            yield return new("quote", $"got '{Quote}', expected one character other than the delimiter, or \"\" for none");
        if (!encodings.Contains(Encoding))
            yield return new("encoding", $"got '{Encoding}', expected {RecipeBinder.Either(encodings)}{RecipeBinder.DidYouMean(Encoding, encodings)}");
        if (Header && Columns is not null)
            yield return new("columns", "is given for files with a header; take it out, or write header: false");
        if (!Header && Columns is not { Count: > 0 })
            yield return new("columns", "is required for files without a header");
        if (Columns?.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
            yield return new("columns", $"got '{twice.Key}' twice");
    }

    public bool Equals(FormatConfig? other) => RecipeJson.Same(this, other);
    public override int GetHashCode() => RecipeJson.Text(this).GetHashCode(StringComparison.Ordinal);
}
