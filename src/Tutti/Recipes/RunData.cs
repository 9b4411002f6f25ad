using Tutti.Tables;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>The rows of a run, read and checked: tables, templates, classes, ids, folds.</summary>
public sealed class RunData
{
    readonly string? label;
    readonly LabelMap? labels;
    readonly int[]? truth;

    RunData(DataConfig config, Table train, Table? test, LabelMap? labels, RunAnswers? answers, Folds folds)
    {
        (Train, Test, Folds, Answers, this.labels) = (train, test, folds, answers, labels);
        (Text, Pair) = Templates(config);
        (label, truth) = (labels is null ? null : config.Label, labels?.IndicesOf(train, config.Label!));
        TrainIds = RowIds.Of(train, config.Id);
        TestIds = test is null ? [] : RowIds.Of(test, config.Id);
    }

    public Table Train { get; }
    public Table? Test { get; }
    public TextTemplate Text { get; }
    public TextTemplate? Pair { get; }

    /// <summary>The classes, where one is learnt.</summary>
    public LabelMap Labels => labels ?? throw new InvalidOperationException("this task has no classes of rows, but answers");

    /// <summary>The class of each training row, where one is learnt.</summary>
    public int[] Truth => truth ?? throw new InvalidOperationException("this task has no classes of rows, but answers");

    /// <summary>What is learnt where that is not one class; else null.</summary>
    public RunAnswers? Answers { get; }

    /// <summary>What the numbers are called that a model gives for a row.</summary>
    public IReadOnlyList<string> Outputs => Answers is null ? Labels.Names : [.. Answers.Answers.SelectMany(answer => answer.Outputs)];

    public IReadOnlyList<string> TrainIds { get; }
    public IReadOnlyList<string> TestIds { get; }
    public Folds Folds { get; }

    /// <summary>Examples with what is to be learnt of them.</summary>
    internal Example[] Known(IEnumerable<Example> examples) => Answers is null ? [.. examples] : [.. examples.Select(example => example with { Targets = Answers.Truth[example.Row] })];

    /// <summary>What was corrected since an earlier run; null where no audit lies beside the training file.</summary>
    internal CorrectedData? Corrected { get; private init; }

    /// <summary>The rows name pictures.</summary>
    internal bool Pictures { get; private init; }

    /// <summary>Training pictures that cannot be read and were left out.</summary>
    internal IReadOnlyList<Vision.SkippedPicture> Skipped { get; private init; } = [];

    /// <summary>A hash of what cells learn from: the training file's, and where folds are an earlier run's those too.</summary>
    internal string Identity => Corrected?.Identity ?? Train.ContentHash!;

    /// <summary>What is learnt beside the labels; null for nothing.</summary>
    internal TaughtRows? Taught { get; private set; }

    /// <summary>Reads and checks everything; writes nothing.</summary>
    /// <exception cref="DataException">A file, column, label or fold cannot be used.</exception>
    public static RunData Open(Recipe recipe)
    {
        var config = recipe.Data;
        var (text, pair) = Templates(config);
        List<Vision.SkippedPicture> skipped = [];
        var pictures = recipe.SeesPictures;
        var train = pictures ? PictureTable.Training(config, skipped) : Table.Read(config.Train, config.Format.ToTableFormat());
        text.Check(train);
        pair?.Check(train);
        var test = config.Test is null ? null : pictures ? PictureTable.Whole(config.Test, config) : Table.Read(config.Test, config.Format.ToTableFormat());
        if (test is not null)
        {
            text.Check(test);
            pair?.Check(test);
        }
        var isClass = recipe.Task is RecipeTask.TextClassification or RecipeTask.ImageClassification or RecipeTask.Ulmfit;
        var labels = !isClass ? null : config.Labels is { } names ? LabelMap.InOrder(names) : LabelMap.From(train, config.Label!);
        var answers = isClass ? null : RunAnswers.Of(train, config, recipe.Task);
        var corrected = isClass && !pictures ? CorrectedData.Of(recipe, train) : null;
        var folds = corrected?.Folds ?? Folds.Make(train, recipe.FoldSettings, config.Stratified(recipe.Task), Keys(train, text, pair, pictures), gaps: answers is not null);
        answers?.Check(train, folds);
        var data = new RunData(config, train, test, labels, answers, folds) { Corrected = corrected, Skipped = skipped, Pictures = pictures };
        if (recipe.Data.Unlabelled is not null || recipe.Distill is not null) data.Taught = TaughtRows.Open(recipe, data);       // which looks at the rows
        return data;
    }

    /// <summary>Counts, lengths and duplicates, to be seen before training.</summary>
    public DataSummary Summary() => DataSummary.Of(Train, Text, Pair, label, Folds, Test, table => Keys(table, Text, Pair, Pictures));

    // Pictures of one name may be different ones, and one picture may have several names.
    static UInt128?[] Keys(Table table, TextTemplate text, TextTemplate? pair, bool pictures) =>
        pictures ? [.. PictureTable.Keys(table, text.Columns[0]).Select(key => (UInt128?)key)] : TextKeys.Of(table, text, pair);

    /// <summary>How a row that is trained on is called in messages; those without labels are counted behind the others.</summary>
    internal string NameOf(int row) => row < Train.Count ? $"id {TrainIds[row]} (line {Train.LineOf(row)})" : FormattableString.Invariant($"row {row - Train.Count} of those without labels");

    /// <summary>The templates of a row's texts.</summary>
    public static (TextTemplate Text, TextTemplate? Pair) Templates(DataConfig config) =>
        (TextTemplate.Parse(config.Text), config.Pair is null ? null : TextTemplate.Parse(config.Pair, "data.pair"));
}
