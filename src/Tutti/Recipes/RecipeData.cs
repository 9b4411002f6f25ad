using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.RegularExpressions;
using Tutti.Tables;
using Tutti.Training;

namespace Tutti.Recipes;

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

    [Description("Column that holds the row's class; required but for task language-model, which learns from the texts alone.")]
    public string? Label { get; init; }

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

    [Description("Rows without labels that a finished run labels, fold by fold.")]
    public UnlabelledConfig? Unlabelled { get; init; }

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
        if (Label is { Length: > 0 } && Label == (Id ?? "id")) faults.Add(new("label", $"got '{Label}', which is the column that names a row; the two must differ"));
        if (Folds is not null && Validation is not null)
            faults.Add(new("validation", "is given together with folds; keep one of them (--set data.validation=null takes it out)"));
        if (Folds is not null) faults.AddRange(Folds.Validate().Select(fault => fault with { Path = $"folds.{fault.Path}" }));
        faults.AddRange(Unlabelled?.Validate().Select(fault => fault with { Path = $"unlabelled.{fault.Path}" }) ?? []);
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
    public FoldKind Kind { get; init; } = FoldKind.Stratified;

    [Description("Seed of the dealing.")]
    [Range(0, int.MaxValue)]
    public int Seed { get; init; }

    [Description("The column of kinds grouped and column.")]
    public string? Column { get; init; }

    internal IReadOnlyList<ConfigFault> Validate()
    {
        var faults = ConfigFault.OfRanges(this);
        if (Kind is FoldKind.Holdout) faults.Add(new("kind", "is holdout, which data.validation says: write validation: 0.2 in place of folds"));
        if (Kind is FoldKind.Grouped or FoldKind.Column && string.IsNullOrEmpty(Column))
            faults.Add(new("column", $"is required with kind {RecipeJson.Name(Kind)}"));
        if (Kind is not (FoldKind.Grouped or FoldKind.Column) && Column is not null)
            faults.Add(new("column", $"has no meaning with kind {RecipeJson.Name(Kind)}; did you mean kind: grouped?"));
        return faults;
    }
}

/// <summary>How files of rows are written; what is not said is found out from the file.</summary>
public sealed record FormatConfig
{
    [Description("Character between cells, or tab; default: found out from the file.")]
    public string? Delimiter { get; init; }

    [Description("Character around cells that hold a delimiter, \"\" for none; default: found out from the file.")]
    public string? Quote { get; init; }

    [Description("Such as utf-8, iso-8859-1 or windows-1252; a byte order mark wins; default: utf-8.")]
    public string? Encoding { get; init; }

    [Description("Whether the first line names the columns; default: yes, unless columns are given.")]
    public bool? Header { get; init; }

    [Description("Names of the columns of files without a header.")]
    public IReadOnlyList<string>? Columns { get; init; }

    /// <summary>The same as the reader of tables takes it.</summary>
    internal TableFormat ToTableFormat() => new() { Delimiter = Delimiter, Quote = Quote is null ? null : Quote.Length == 0 ? '\0' : Quote[0], Encoding = Encoding, Header = Header, Columns = Columns };

    internal IEnumerable<ConfigFault> Validate()
    {
        if (Quote is { Length: > 1 })
        {
            yield return new("quote", $"got '{Quote}', expected one character, or \"\" for none");
            yield break;
        }
        ConfigException? fault = null;
        try
        {
            ToTableFormat().Validate();
        }
        catch (ConfigException e)
        {
            fault = e;
        }
        if (fault is not null) yield return new(fault.Path.Replace("format.", "", StringComparison.Ordinal), fault.Message[(fault.Path.Length + 2)..].TrimEnd('.'));
        if (Header == true && Columns is not null) yield return new("columns", "is given for files with a header; take it out, or write header: false");
    }

    public bool Equals(FormatConfig? other) => RecipeJson.Same(this, other);
    public override int GetHashCode() => RecipeJson.Text(this).GetHashCode(StringComparison.Ordinal);
}
