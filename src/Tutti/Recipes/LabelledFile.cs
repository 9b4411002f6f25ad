using Tutti.Predictions;
using Tutti.Runs;
using Tutti.Tables;

namespace Tutti.Recipes;

/// <summary>The labelled rows that corrections are about: a run's training file, unchanged since, or any file.</summary>
public sealed class LabelledFile
{
    readonly Func<int, string>? text;
    readonly Dictionary<string, int> rowOf;
    readonly (PredictionSet Set, Dictionary<string, int> RowOf)? outOfFold;

    LabelledFile(Table table, TableFormat? format, string label, string? id, Recipe? recipe, RunFolder? run)
    {
        (Table, Format, Label, IdColumn, Run) = (table, format, label, id, run);
        Ids = RowIds.Of(table, id);
        rowOf = Ids.Index().ToDictionary(item => item.Item, item => item.Index, StringComparer.Ordinal);
        if (recipe is null || run is null)
        {
            Classes = LabelMap.From(table, label).Names;
            return;
        }
        var (template, pair) = RunData.Templates(recipe.Data);
        template.Check(table);
        pair?.Check(table);
        text = row => pair is null ? template.Render(table, row) : $"{template.Render(table, row)}\n{pair.Render(table, row)}";
        var set = PredictionFile.Read(run.OutOfFold);
        outOfFold = (set, set.Ids.Index().ToDictionary(item => item.Item, item => item.Index, StringComparer.Ordinal));
        (Classes, Folds, Test) = (set.Classes, Folds.Load(run.Folds, Ids), recipe.Data.Test);
    }

    public Table Table { get; }

    /// <summary>As it is stated; null: found out from the file.</summary>
    public TableFormat? Format { get; }

    /// <summary>The column of the labels.</summary>
    public string Label { get; }

    /// <summary>The column that names rows; null: they are counted from 0.</summary>
    public string? IdColumn { get; }
    public IReadOnlyList<string> Ids { get; }

    /// <summary>What a label may be.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>The run that was trained on the file, or null.</summary>
    public RunFolder? Run { get; }

    /// <summary>Of the run.</summary>
    public Folds? Folds { get; }

    /// <summary>The run's file of test rows, or null.</summary>
    public string? Test { get; }

    /// <summary>The training file of a finished run.</summary>
    /// <exception cref="InputException">Not a finished run, not one of classes, or its training file is another one by now.</exception>
    public static LabelledFile OfRun(string folder)
    {
        var run = new RunFolder(folder);
        if (!File.Exists(run.Recipe)) throw new DataException(folder, "is not a run folder: there is no recipe.yaml; train one with: tutti train RECIPE --run DIR");
        if (!File.Exists(run.OutOfFold)) throw new DataException(folder, $"has no {Path.GetFileName(run.OutOfFold)}; train it to the end: tutti train RECIPE --run {folder}");
        RunTask.RequireClasses(run, "label issues", pictures: true);
        var recipe = Recipe.Load(run.Recipe);
        var table = recipe.Task == RecipeTask.ImageClassification ? PictureTable.Training(recipe.Data, []) : Table.Read(recipe.Data.Train, recipe.Data.Format.ToTableFormat());
        if (RunStart.Recorded(run, "train") is { } hash && hash != table.ContentHash)
            throw new DataException(recipe.Data.Train, $"is not the file that {folder} was trained on: its SHA-256 is {table.ContentHash![..12]}..., expected {Start(hash)}....\nPut that file back, or train a run on this one and correct its labels.");
        return new(table, recipe.Data.Format.ToTableFormat(), recipe.Data.Label!, recipe.Data.Id, recipe, run);
    }

    /// <summary>A file without a run.</summary>
    /// <exception cref="DataException">It cannot be read, or lacks a column.</exception>
    public static LabelledFile OfFile(string path, string label, string? id) => new(Table.Read(path), null, label, id, null, null);

    /// <summary>A row's place, or -1.</summary>
    public int RowOf(string id) => rowOf.GetValueOrDefault(id, -1);

    public string LabelOf(int row) => Table[row, Label]?.Trim() ?? "";

    /// <summary>The text that models read of a row; null where there is no run.</summary>
    public string? TextOf(string id) => text is not null && rowOf.TryGetValue(id, out var row) ? text(row) : null;

    /// <summary>Whether a row is only measured by: no model is trained on it.</summary>
    public bool IsTestRow(int row) => Folds is { Count: 1 } one && one.Of(row) == 0;

    /// <summary>The probability of a class by models that did not see the row; null where there is none.</summary>
    public double? Probability(string id, string name)
    {
        if (outOfFold is not { } known || !known.RowOf.TryGetValue(id, out var row)) return null;
        for (var k = 0; k < known.Set.K; k++)
            if (known.Set.Classes[k] == name) return known.Set.Row(row)[k];
        return null;
    }

    static string Start(string hash) => hash[..Math.Min(12, hash.Length)];
}
