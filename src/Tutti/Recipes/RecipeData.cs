using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.RegularExpressions;
using Tutti.Tables;
using Tutti.Training;
using Tutti.Vision;

namespace Tutti.Recipes;

/// <summary>The rows of a recipe, and which of their columns mean what.</summary>
public sealed partial record DataConfig
{
    [Description("File of the training rows (CSV or TSV); of pictures also a folder that has a folder for each class.")]
    public required string Train { get; init; }

    [Description("File of the rows to predict.")]
    public string? Test { get; init; }

    [Description("The text of a row: a template in which {column} stands for that column's value, in quotes. Not for tasks of pictures.")]
    public required string Text { get; init; }

    [Description("Tasks of pictures: column of the pictures' paths below the table's folder; default: picture, which folders of classes have too.")]
    public string? Picture { get; init; }

    [Description("Tasks of pictures: what a training picture that cannot be read does, fail or skip, which leaves it out and tells so; default: fail.")]
    public PictureErrors? Errors { get; init; }

    [Description("Tasks of pictures: the most pixels that a file may say it has; default: 100 million.")]
    [Range(1, int.MaxValue)]
    public int? MaxPixels { get; init; }

    [Description("The second text of a row where two texts are compared; a template like text.")]
    public string? Pair { get; init; }

    [Description("Column that holds what is learnt: the row's class; its labels, divided by separator, for task multi-label; its number for task text-regression. Not for task language-model.")]
    public string? Label { get; init; }

    [Description("What stands between the labels of a row in the column label; for task multi-label, such as \",\" or \" \".")]
    public string? Separator { get; init; }

    [Description("Several columns that are learnt, in place of label: of 1 and 0 for task multi-label, of numbers for text-regression, of any kinds for multi-target. A cell may be empty: that row says nothing of that target.")]
    public IReadOnlyList<TargetConfig>? Targets { get; init; }

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
        if (Separator is "") faults.Add(new("separator", "got an empty text, expected what stands between labels, such as \",\""));
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

    /// <summary>What is missing or too much where one class is learnt.</summary>
    internal IEnumerable<ConfigFault> ValidateClasses()
    {
        if (Label is null) yield return new("data.label", "is required: Column that holds the row's class.");
        if (Separator is not null) yield return new("data.separator", "belongs to task multi-label, where a row may have several labels; add task: multi-label, or take it out");
        if (Targets is not null) yield return new("data.targets", "belongs to tasks multi-label, text-regression and multi-target; add the task, or name one column as data.label");
    }

    /// <summary>What pictures do not have.</summary>
    internal IEnumerable<ConfigFault> ValidatePictures()
    {
        if (string.IsNullOrEmpty(Picture)) yield return new("data.picture", "is required: the column of the pictures' paths");
        else if (Text != $"{{{Picture}}}") yield return new("data.text", $"got '{Text}'; with a task of pictures take it out, or write \"{{{Picture}}}\"");
        if (Pair is not null) yield return new("data.pair", "has no meaning with pictures, whose models read one picture");
    }

    /// <summary>The same where labels, numbers or several targets are learnt.</summary>
    internal IEnumerable<ConfigFault> ValidateTargets(RecipeTask task)
    {
        var name = RecipeJson.Name(task);
        var several = TargetConfig.IsMultiTarget(task);
        if (several && Label is not null) yield return new("data.label", $"has no meaning with task {name}; name the columns as data.targets");
        else if (!several && Label is null == Targets is null) yield return new("data.targets", $"with task {name} exactly one of data.label and data.targets is needed, got {(Label is null ? "none" : "both")}");
        else if (several && Targets is null) yield return new("data.targets", $"is required with task {name}: the columns to learn, such as [{{ column: topic }}, {{ column: score, kind: number }}]");
        if (task == RecipeTask.MultiLabel && Label is not null && Separator is null) yield return new("data.separator", "is required with data.label and task multi-label: what stands between the labels of a row, such as \",\"");
        if (Separator is not null && (task != RecipeTask.MultiLabel || Label is null)) yield return new("data.separator", "has a meaning with task multi-label and data.label only; take it out");
        if (Labels is not null && (task != RecipeTask.MultiLabel || Label is null)) yield return new("data.labels", $"has no meaning here; the classes of task {name} are those of the columns");
        if (Targets is { Count: 0 }) yield return new("data.targets", "got an empty list, expected at least one column");
        foreach (var (i, target) in (Targets ?? []).Index())
        {
            var key = $"data.targets.{i}";
            if (target.Column.Length == 0) yield return new($"{key}.column", "got an empty text");
            if (target.Column == (Id ?? "id")) yield return new($"{key}.column", $"got '{target.Column}', which is the column that names a row; the two must differ");
            if (target.Kind is { } kind && kind != target.KindIn(task)) yield return new($"{key}.kind", $"got {RecipeJson.Name(kind)}, which task {name} does not have; use task multi-target, or take it out");
            if (target.Weight != 1 && !several) yield return new($"{key}.weight", "belongs to task multi-target");
            foreach (var fault in ConfigFault.OfRanges(target).Concat(target.Validate(task))) yield return fault with { Path = $"{key}.{fault.Path}" };
            if (Targets!.Take(i).Any(other => other.Column == target.Column)) yield return new($"{key}.column", $"got '{target.Column}' again, expected every column once");
        }
    }

    /// <summary>The column whose classes folds have the same shares of; null where the task has none.</summary>
    internal string? Stratified(RecipeTask task) => task switch
    {
        RecipeTask.TextClassification or RecipeTask.ImageClassification or RecipeTask.Ulmfit => Label,
        RecipeTask.MultiTarget or RecipeTask.ImageMultiTarget => Targets?.FirstOrDefault(target => target.KindIn(task) == TargetKind.Class)?.Column,
        _ => null,
    };

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
    [Description("csv, tsv, jsonl (an object a line), or text (plain text: a row per line, with the one column text); default: by the file's extension, .txt being csv.")]
    public string? Kind { get; init; }

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
    internal TableFormat ToTableFormat() => new() { Kind = Kind, Delimiter = Delimiter, Quote = Quote is null ? null : Quote.Length == 0 ? '\0' : Quote[0], Encoding = Encoding, Header = Header, Columns = Columns };

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
