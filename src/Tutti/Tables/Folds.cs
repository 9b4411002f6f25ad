using System.Globalization;

namespace Tutti.Tables;

/// <summary>
/// Which rows are validated on in which fold; all others of the fold are trained on. Made once per data set and seed, saved with the run,
/// and used by every member of an ensemble, so that their out-of-fold predictions belong to the same rows.
/// </summary>
public sealed class Folds
{
    readonly int[] folds;

    /// <summary>The number of folds; 1 is a holdout.</summary>
    public int Count { get; }

    /// <summary>The number of rows.</summary>
    public int Rows => folds.Length;

    Folds(int[] folds, int count) => (this.folds, Count) = (folds, count);

    /// <summary>The fold in which a row is validated on, or -1 when it is trained on in every fold.</summary>
    public int Of(int row) => folds[row];

    /// <summary>The rows that a fold trains on, ascending.</summary>
    public int[] Train(int fold) => [.. Enumerable.Range(0, Rows).Where(row => folds[row] != Checked(fold))];

    /// <summary>The rows that a fold validates on, ascending.</summary>
    public int[] Valid(int fold) => [.. Enumerable.Range(0, Rows).Where(row => folds[row] == Checked(fold))];

    /// <summary>Folds of a table's rows, with the cells of <paramref name="label"/> as classes (null: no classes, as in regression).</summary>
    /// <param name="texts">As <see cref="TextKeys"/> gives them, or null.</param>
    /// <param name="gaps">Cells may be empty: those rows are dealt too.</param>
    public static Folds Make(Table table, FoldSettings settings, string? label, IReadOnlyList<UInt128?>? texts = null, bool gaps = false)
    {
        settings.Validate();
        return Make(settings, table.Count, label is null ? null : gaps ? Filled(table.Column(label), settings) : LabelMap.Cells(table, label),
            settings.Kind is FoldKind.Grouped or FoldKind.Column ? table.Column(settings.Column!) : null, table.File, texts);
    }

    /// <summary>Empty cells are a class of their own where there are enough of them to be dealt evenly, else of the most frequent one.</summary>
    static string[] Filled(IReadOnlyList<string?> cells, FoldSettings settings)
    {
        const int Enough = 10;
        var (missing, classes) = (cells.Count(string.IsNullOrWhiteSpace), cells.Where(cell => !string.IsNullOrWhiteSpace(cell)).CountBy(cell => cell!).ToArray());
        if (missing == 0 || classes.Length == 0) return [.. cells.Select(cell => cell ?? "")];
        var own = settings.Kind is FoldKind.Stratified or FoldKind.Holdout && missing >= Math.Max(Enough, 2 * settings.Count);
        var name = own ? "(none)" : classes.MaxBy(pair => pair.Value).Key;
        return [.. cells.Select(cell => string.IsNullOrWhiteSpace(cell) ? name : cell)];
    }

    /// <summary>The folds of <paramref name="rows"/> rows; the same arguments give the same folds on every machine.</summary>
    /// <param name="labels">The class of every row; null where the task has none. With classes, every part of every fold must hold each of them.</param>
    /// <param name="groups">The cells of the settings' column, for kinds grouped and column.</param>
    /// <param name="source">The file that errors name.</param>
    /// <param name="texts">What rows with the same text share, null for a row like no other: those rows come into the same fold, so that no text is validated on
    /// that was trained on. Kinds grouped and column divide as the table says.</param>
    public static Folds Make(FoldSettings settings, int rows, IReadOnlyList<string>? labels = null,
        IReadOnlyList<string?>? groups = null, string source = "data", IReadOnlyList<UInt128?>? texts = null)
    {
        settings.Validate();
        if (labels is not null && labels.Count != rows) throw new ArgumentException($"got {labels.Count} labels for {rows} rows", nameof(labels));
        if (settings.Kind is FoldKind.Grouped or FoldKind.Column && groups?.Count != rows)
            throw new ArgumentException($"got {groups?.Count ?? 0} groups for {rows} rows", nameof(groups));
        if (settings.Kind == FoldKind.Stratified && labels is null)
            throw new ConfigException("data.folds.kind", "stratified folds need classes, and this task has none; state kind: kfold.");
        var needed = settings.Kind is FoldKind.Holdout or FoldKind.Column ? 2 : settings.Count;
        var (firsts, first) = Firsts(rows, settings.Kind is FoldKind.Grouped or FoldKind.Column ? null : texts);
        if (firsts.Count < needed)
            throw new DataException(source, $"{firsts.Count} rows{(firsts.Count < rows ? " of different texts" : "")} cannot be divided into {needed} parts; add rows{(needed > 2 ? " or state fewer folds" : "")}.");

        var map = labels is null ? null : LabelMap.From(labels, source);
        var classes = map is null ? null : labels!.Select(map.IndexOf).ToArray();
        var different = classes is null ? null : firsts.Select(row => classes[row]).ToArray();
        if (settings.Kind == FoldKind.Stratified) RefuseRareClasses(map!, different!, settings.Count, source, firsts.Count < rows);
        int[] Alike(int[] plan) => [.. first.Select(place => plan[place])];
        var (plan, count) = settings.Kind switch
        {
            FoldKind.KFold => (Alike(FoldPlan.KFold(firsts.Count, settings.Count, settings.Seed)), settings.Count),
            FoldKind.Stratified => (Alike(FoldPlan.Stratified(different!, settings.Count, settings.Seed)), settings.Count),
            FoldKind.Grouped => (Grouped(groups!, settings, source), settings.Count),
            FoldKind.Column => FromColumn(groups!, settings.Column!, source),
            _ => (Alike(FoldPlan.Holdout(firsts.Count, different, settings.Validation, settings.Seed)), 1),
        };
        var folds = new Folds(plan, count);
        if (map is not null) folds.RefuseMissingClasses(map, classes!, settings, source);
        return folds;
    }

    /// <summary>Writes a csv file of row id and fold. Without ids a row's id is its place, counted from 0.</summary>
    public void Save(string path, IReadOnlyList<string>? ids = null)
    {
        if (ids is not null && ids.Count != Rows) throw new ArgumentException($"got {ids.Count} ids for {Rows} rows", nameof(ids));
        TableWriter.Write(path, ["id", "fold"], writer =>
        {
            for (var row = 0; row < Rows; row++) writer.Add(ids?[row] ?? row.ToString(CultureInfo.InvariantCulture)).Add(folds[row]).EndRow();
        });
    }

    /// <summary>Reads what <see cref="Save"/> wrote, in its order. With ids, the rows may stand in another order, but they must be the same rows.</summary>
    public static Folds Load(string path, IReadOnlyList<string>? ids = null) => Load(path, ids, all: true);

    /// <summary>As <see cref="Load(string, IReadOnlyList{string})"/>, of rows that need not be all: others were left out since.</summary>
    public static Folds LoadSome(string path, IReadOnlyList<string> ids) => Load(path, ids, all: false);

    static Folds Load(string path, IReadOnlyList<string>? ids, bool all)
    {
        var table = Table.Read(path, new() { Delimiter = ",", Quote = '"' });
        var (names, cells) = (table.Column("id"), table.Column("fold"));
        var foldOf = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var row = 0; row < table.Count; row++)
        {
            if (!int.TryParse(cells[row], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var fold) || fold < -1 || fold >= table.Count)
                throw new DataException(path,
                    $"got '{cells[row]}', expected a fold's number (or -1 for a row that is always trained on).", table.LineOf(row), "fold");
            if (!foldOf.TryAdd(names[row] ?? "", fold)) throw new DataException(path, $"the row id '{names[row]}' occurs twice.", table.LineOf(row), "id");
        }
        ids ??= [.. names.Select(name => name ?? "")];
        var missing = ids.FirstOrDefault(id => !foldOf.ContainsKey(id));
        if (missing is not null || (all && ids.Count != table.Count))
            throw new DataException(path, $"these are the folds of other rows: {table.Count} ids here, {ids.Count} rows in the data"
                + $"{(missing is null ? "" : $", and the row '{missing}' has no fold")}. Use the data the run was started with, or start a new run.");
        var loaded = ids.Select(id => foldOf[id]).ToArray();
        var count = loaded.Max() + 1;
        if (Enumerable.Range(0, Math.Max(1, count)).FirstOrDefault(f => !loaded.Contains(f), -1) is var empty and >= 0)
            throw new DataException(path, $"no row is in fold {empty}.", 0, "fold");
        return new(loaded, count);
    }

    // The first row of each text, and for every row the place of its text's first among them.
    static (List<int> Firsts, int[] First) Firsts(int rows, IReadOnlyList<UInt128?>? texts)
    {
        if (texts is not null && texts.Count != rows) throw new ArgumentException($"got {texts.Count} texts for {rows} rows", nameof(texts));
        var (firsts, first, seen) = (new List<int>(), new int[rows], new Dictionary<UInt128, int>());
        for (var row = 0; row < rows; row++)
        {
            if (texts?[row] is not { } text || seen.TryAdd(text, firsts.Count))
            {
                first[row] = firsts.Count;
                firsts.Add(row);
            }
            else first[row] = seen[text];
        }
        return (firsts, first);
    }

    static int[] Grouped(IReadOnlyList<string?> groups, FoldSettings settings, string source)
    {
        var cells = groups.Select(g => g?.Trim() ?? "").ToArray();
        var empty = cells.Count(c => c.Length == 0);
        if (empty > 0)
            throw new DataException(source, $"{empty} of {cells.Length} rows have no group; fill the cells or group by another column.", 0, settings.Column);
        var distinct = cells.Distinct(StringComparer.Ordinal).Count();
        if (distinct < settings.Count)
            throw new DataException(source, $"there {(distinct == 1 ? "is one group" : $"are {distinct} groups")}, too few for {settings.Count} folds; "
                + $"state {(distinct < 2 ? "another kind of folds" : $"count: {distinct} or less")}.", 0, settings.Column);
        return FoldPlan.Grouped(cells, settings.Count, settings.Seed);
    }

    static (int[] Plan, int Count) FromColumn(IReadOnlyList<string?> cells, string column, string source)
    {
        var values = LabelMap.Ordered(cells.Select(c => c?.Trim() ?? "").Where(c => c.Length > 0).Distinct(StringComparer.Ordinal));
        var always = cells.Any(string.IsNullOrWhiteSpace);
        if (values.Count == 0 || values.Count == 1 && !always)
            throw new DataException(source, $"every row has {(values.Count == 0 ? "an empty cell" : $"the value '{values[0]}'")}; "
                + "expected a value for each fold, or two that tell training from validation.", 0, column);
        if (values.Count == 2 && !always
            && values.FirstOrDefault(v => v.ToLowerInvariant() is "true" or "valid" or "validation" or "val" or "dev" or "test") is { } held
            && values.Any(v => v.ToLowerInvariant() is "false" or "train" or "training"))
            return ([.. cells.Select(c => c!.Trim() == held ? 0 : -1)], 1);
        return ([.. cells.Select(c => string.IsNullOrWhiteSpace(c) ? -1 : values.IndexOf(c.Trim()))], values.Count);
    }

    static void RefuseRareClasses(LabelMap map, int[] classes, int count, string source, bool texts)
    {
        foreach (var (place, rows) in classes.CountBy(c => c).OrderBy(c => c.Value).ThenBy(c => c.Key))
            if (rows < count)
                throw new DataException(source,
                    $"class '{map.Names[place]}' has {rows} {(rows == 1 ? "row" : "rows")}{(texts ? " of different texts" : "")}, too few for {count} stratified folds (each needs one)."
                    + $"\n{(rows > 1 ? $"State count: {rows} or less, add" : "Add")} rows of this class, or leave the class out.");
    }

    void RefuseMissingClasses(LabelMap map, int[] classes, FoldSettings settings, string source)
    {
        for (var fold = 0; fold < Count; fold++)
            foreach (var (part, rows) in new[] { ("validation", Valid(fold)), ("training", Train(fold)) })
            {
                var present = rows.Select(r => classes[r]).ToHashSet();
                var missing = Enumerable.Range(0, map.Count).FirstOrDefault(c => !present.Contains(c), -1);
                if (missing < 0) continue;
                var total = classes.Count(c => c == missing);
                throw new DataException(source, $"class '{map.Names[missing]}' ({total} {(total == 1 ? "row" : "rows")}) has none in the {part} part of "
                    + $"{(Count == 1 ? "the holdout" : $"fold {fold} of {Count}")} ({settings.Kind.ToString().ToLowerInvariant()})."
                    + "\nUse kind: stratified, fewer folds or another seed"
                    + $"{(settings.Column is null ? "" : $", divide column '{settings.Column}' otherwise")}, or add rows of this class.");
            }
    }

    int Checked(int fold) => fold >= 0 && fold < Count ? fold
        : throw new ArgumentOutOfRangeException(nameof(fold), fold, $"expected a fold from 0 to {Count - 1}");
}
