using System.Globalization;
using Tutti.Tables;

namespace Tutti.Recipes;

/// <summary>The rows of a run, read and checked: tables, templates, classes, ids, folds.</summary>
public sealed class RunData
{
    readonly DataConfig config;

    RunData(DataConfig config, Table train, Table? test, Folds folds)
    {
        (this.config, Train, Test, Folds) = (config, train, test, folds);
        (Text, Pair) = Templates(config);
        Labels = config.Labels is { } names ? LabelMap.InOrder(names) : LabelMap.From(train, config.Label);
        Truth = Labels.IndicesOf(train, config.Label);
        TrainIds = Ids(train, config.Id);
        TestIds = test is null ? [] : Ids(test, config.Id);
    }

    public Table Train { get; }
    public Table? Test { get; }
    public TextTemplate Text { get; }
    public TextTemplate? Pair { get; }
    public LabelMap Labels { get; }

    /// <summary>The class of each training row.</summary>
    public int[] Truth { get; }

    public IReadOnlyList<string> TrainIds { get; }
    public IReadOnlyList<string> TestIds { get; }
    public Folds Folds { get; }

    /// <summary>Reads and checks everything; writes nothing.</summary>
    /// <exception cref="DataException">A file, column, label or fold cannot be used.</exception>
    public static RunData Open(Recipe recipe)
    {
        var config = recipe.Data;
        var (text, pair) = Templates(config);
        var train = Table.Read(config.Train, config.Format.ToTableFormat());
        text.Check(train);
        pair?.Check(train);
        var test = config.Test is null ? null : Table.Read(config.Test, config.Format.ToTableFormat());
        if (test is not null)
        {
            text.Check(test);
            pair?.Check(test);
        }
        return new(config, train, test, Folds.Make(train, recipe.FoldSettings, config.Label));
    }

    /// <summary>Counts, lengths and duplicates, to be seen before training.</summary>
    public DataSummary Summary() => DataSummary.Of(Train, Text, Pair, config.Label, Folds, Test);

    /// <summary>The templates of a row's texts.</summary>
    public static (TextTemplate Text, TextTemplate? Pair) Templates(DataConfig config) =>
        (TextTemplate.Parse(config.Text), config.Pair is null ? null : TextTemplate.Parse(config.Pair, "data.pair"));

    /// <summary>The id of each row: a column's cells, or the rows counted from <paramref name="first"/>.</summary>
    /// <exception cref="DataException">An id is empty or stands twice.</exception>
    public static IReadOnlyList<string> Ids(Table table, string? column, long first = 0)
    {
        if (column is null) return [.. Enumerable.Range(0, table.Count).Select(row => (first + row).ToString(CultureInfo.InvariantCulture))];
        var seen = new Dictionary<string, long>(StringComparer.Ordinal);
        var ids = new string[table.Count];
        for (var row = 0; row < ids.Length; row++)
        {
            ids[row] = table[row, column] ?? throw new DataException(table.File, "the id is empty; every row needs one, or leave data.id out to count rows", table.LineOf(row), column);
            if (!seen.TryAdd(ids[row], table.LineOf(row)))
                throw new DataException(table.File, $"the id '{ids[row]}' stands in line {seen[ids[row]]} too; ids must differ", table.LineOf(row), column);
        }
        return ids;
    }
}
