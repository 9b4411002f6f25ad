using Tutti.Tables;

namespace Tutti.Recipes;

/// <summary>The rows of a run, read and checked: tables, templates, classes, ids, folds.</summary>
public sealed class RunData
{
    readonly string label;

    RunData(DataConfig config, Table train, Table? test, LabelMap labels, Folds folds)
    {
        (Train, Test, Folds) = (train, test, folds);
        label = config.Label!;
        (Text, Pair) = Templates(config);
        Labels = labels;
        Truth = Labels.IndicesOf(train, config.Label!);
        TrainIds = RowIds.Of(train, config.Id);
        TestIds = test is null ? [] : RowIds.Of(test, config.Id);
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

    /// <summary>What is learnt beside the labels; null for nothing.</summary>
    internal TaughtRows? Taught { get; private init; }

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
        var labels = config.Labels is { } names ? LabelMap.InOrder(names) : LabelMap.From(train, config.Label!);
        var folds = Folds.Make(train, recipe.FoldSettings, config.Label, TextKeys.Of(train, text, pair));
        var data = new RunData(config, train, test, labels, folds);
        return recipe.Data.Unlabelled is null && recipe.Distill is null ? data : new(config, train, test, labels, folds) { Taught = TaughtRows.Open(recipe, data) };
    }

    /// <summary>Counts, lengths and duplicates, to be seen before training.</summary>
    public DataSummary Summary() => DataSummary.Of(Train, Text, Pair, label, Folds, Test);

    /// <summary>How a row that is trained on is called in messages; those without labels are counted behind the others.</summary>
    internal string NameOf(int row) => row < Train.Count ? $"id {TrainIds[row]} (line {Train.LineOf(row)})" : FormattableString.Invariant($"row {row - Train.Count} of those without labels");

    /// <summary>The templates of a row's texts.</summary>
    public static (TextTemplate Text, TextTemplate? Pair) Templates(DataConfig config) =>
        (TextTemplate.Parse(config.Text), config.Pair is null ? null : TextTemplate.Parse(config.Pair, "data.pair"));
}
