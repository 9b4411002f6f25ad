namespace Tutti.Tables;

/// <summary>How rows are divided into parts that are validated on in turn.</summary>
public enum FoldKind
{
    /// <summary>Every row at random.</summary>
    KFold,

    /// <summary>At random with the same share of every class in each fold (counts differ by at most one).</summary>
    Stratified,

    /// <summary>Rows with the same value of a column stay together; folds are filled to about the same size.</summary>
    Grouped,

    /// <summary>
    /// A column of the table says it: every value is a fold, rows with an empty cell are always trained on. Two values that name the parts
    /// (true/false as in <c>is_valid</c>, train/valid, train/validation, train/dev, train/test) are one holdout instead.
    /// </summary>
    Column,

    /// <summary>One part is validated on, the rest is trained on: a single fold.</summary>
    Holdout,
}

/// <summary>How <see cref="Folds"/> are made; <c>data.folds</c> and <c>data.validation</c> of a recipe.</summary>
public sealed record FoldSettings
{
    public FoldKind Kind { get; init; } = FoldKind.Stratified;

    /// <summary>The number of folds of kfold, stratified and grouped.</summary>
    public int Count { get; init; } = 5;

    public long Seed { get; init; }

    /// <summary>The share of rows of a holdout that is validated on.</summary>
    public double Validation { get; init; } = 0.2;

    /// <summary>The column of kinds grouped and column.</summary>
    public string? Column { get; init; }

    internal void Validate()
    {
        if (!Enum.IsDefined(Kind)) throw new ConfigException("data.folds.kind", $"got {Kind}, expected k-fold, stratified, grouped, column or holdout.");
        if (Kind is FoldKind.KFold or FoldKind.Stratified or FoldKind.Grouped && Count < 2)
            throw new ConfigException("data.folds.count", $"got {Count}, expected at least 2; for a single split state kind: holdout.");
        if (Kind == FoldKind.Holdout && !(Validation is > 0 and < 1))
            throw new ConfigException("data.validation", $"got {FormattableString.Invariant($"{Validation}")}, expected a share between 0 and 1, such as 0.2.");
        if (Kind is FoldKind.Grouped or FoldKind.Column && string.IsNullOrWhiteSpace(Column))
            throw new ConfigException("data.folds.column", $"folds of kind {Kind.ToString().ToLowerInvariant()} need the name of a column.");
    }
}
