using System.Globalization;
using System.Text.Json.Nodes;
using Tutti.Predictions;
using Tutti.Runs;
using Tutti.Text;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>What a run learns from a finished run, its teacher, beside the labels of its rows.</summary>
abstract class TaughtRows
{
    /// <summary>What the recipe asks for, checked; nothing is written.</summary>
    /// <exception cref="InputException">The teacher or the rows cannot be used.</exception>
    public static TaughtRows Open(Recipe recipe, RunData data) => recipe.Distill is { } distill ? DistilledRows.Open(distill, recipe, data) : PseudoLabels.Open(recipe.Data.Unlabelled!, recipe, data);

    /// <summary>Writes what the teacher says into the run folder, unless it is there.</summary>
    public void Prepare(RunFolder files, RunData data, IProgress<RunNews>? news, CancellationToken cancel)
    {
        foreach (var note in Notes) news?.Report(new NoteNews(note));
        var mark = Path.Combine(files.Teacher, "teacher.json");
        var identity = new JsonObject { ["made"] = Identity }.ToJsonString() + "\n";
        if (!File.Exists(mark) || File.ReadAllText(mark) != identity)
        {
            if (File.Exists(mark)) File.Delete(mark);
            try
            {
                Write(files, data, news, cancel);
            }
            catch (Torch.TorchMemoryException e)
            {
                throw new RunMemoryException($"the models of the teacher do not fit into memory ({e.Op} found no room); raise memory in the recipe", e);
            }
            AtomicFile.Write(mark, identity);
        }
        foreach (var note in Counts(files)) news?.Report(new NoteNews(note));
    }

    /// <summary>What the rows of a fold are learnt from: the labelled ones, and more.</summary>
    public abstract Example[] Examples(Example[] labelled, int fold, RunFolder files, RunData data, Tokenizer tokenizer, int maxLength);

    /// <summary>How they are learnt.</summary>
    public abstract Objective Objective(double[]? classWeights, double smoothing);

    /// <summary>Hashes of the texts that are trained on beside the training rows'.</summary>
    public abstract IEnumerable<ulong> Keys(RunData data);

    /// <summary>What the user should know of the rows.</summary>
    protected abstract IEnumerable<string> Notes { get; }

    /// <summary>What came of them.</summary>
    protected virtual IEnumerable<string> Counts(RunFolder files) => [];

    /// <summary>Of what <see cref="Write"/> writes.</summary>
    protected abstract string Identity { get; }

    protected abstract void Write(RunFolder files, RunData data, IProgress<RunNews>? news, CancellationToken cancel);

    /// <summary>Rows of a file by their number, with what was predicted of them.</summary>
    protected static PredictionSet Named(UnlabelledRows rows, IReadOnlyList<string> classes, double[] probabilities) =>
        new([.. rows.Kept.Select(row => row.ToString(CultureInfo.InvariantCulture))], classes, probabilities);

    protected static float[] Targets(PredictionSet set, int row) => [.. set.Row(row).ToArray().Select(p => (float)p)];
}

/// <summary>Rows without labels, labelled for each fold by the teacher's cells of that fold, which saw none of the rows that the fold holds out.</summary>
sealed class PseudoLabels(UnlabelledConfig config, TrainedRun teacher, UnlabelledRows rows, int folds, string identity) : TaughtRows
{
    public static PseudoLabels Open(UnlabelledConfig config, Recipe recipe, RunData data)
    {
        var teacher = Teachers.Open("data.unlabelled.run", config.Run, data);
        var rows = UnlabelledRows.Open(config.File, recipe, data, teacher);
        return new(config, teacher, rows, data.Folds.Count, RecipeJson.Text(Teachers.Identified(config with { AtLeast = null, Most = null, Soft = false, Weight = 1 }, recipe.Data.Test, "data")));
    }

    protected override IEnumerable<string> Notes => [rows.Counts];
    protected override string Identity => identity;

    protected override void Write(RunFolder files, RunData data, IProgress<RunNews>? news, CancellationToken cancel)
    {
        for (var fold = 0; fold < folds; fold++)
        {
            news?.Report(new NoteNews(FormattableString.Invariant($"the teacher's models of fold {fold} label {rows.Kept.Length} rows")));
            var said = teacher.ByFold(fold, rows.Texts(teacher.Text, rows.Kept), teacher.Pair is { } pair ? rows.Texts(pair, rows.Kept) : null, cancel);
            PredictionFile.Write(FileOf(files, fold), Named(rows, data.Labels.Names, Teachers.InOrder(said, teacher.Classes, data.Labels.Names)));
        }
    }

    protected override IEnumerable<string> Counts(RunFolder files) => Enumerable.Range(0, folds).Select(fold =>
    {
        var set = PredictionFile.Read(FileOf(files, fold));
        var chosen = Chosen(set, config.Least, config.Most);
        var classes = string.Join(", ", set.Classes.Select((name, c) => FormattableString.Invariant($"{name} {chosen.Count(row => set.Predicted(row) == c)}")));
        return FormattableString.Invariant($"fold {fold} learns {chosen.Length} of {set.Count} rows without labels ({classes}), of a probability of {config.Least} or more");
    });

    public override Example[] Examples(Example[] labelled, int fold, RunFolder files, RunData data, Tokenizer tokenizer, int maxLength)
    {
        var set = PredictionFile.Read(FileOf(files, fold));
        if (set.Count != rows.Kept.Length) throw new DataException(FileOf(files, fold), $"has {set.Count} rows, expected {rows.Kept.Length}; delete this folder to make it again");
        var chosen = Chosen(set, config.Least, config.Most);
        var examples = rows.Encode([.. chosen.Select(i => rows.Kept[i])], data, tokenizer, maxLength);
        return [.. labelled, .. examples.Zip(chosen, (example, i) => example with { Label = config.Soft ? -1 : set.Predicted(i), Targets = config.Soft ? Targets(set, i) : null, Share = config.Weight })];
    }

    /// <summary>Rows whose class is probable enough, the surest if there are too many; ascending.</summary>
    internal static int[] Chosen(PredictionSet set, double least, int? most)
    {
        double Sure(int row) => set.Row(row)[set.Predicted(row)];
        return [.. Enumerable.Range(0, set.Count).Where(row => Sure(row) >= least).OrderByDescending(Sure).ThenBy(row => row).Take(most ?? int.MaxValue).Order()];
    }

    public override Objective Objective(double[]? classWeights, double smoothing) => new SoftLabels(classWeights, smoothing);

    public override IEnumerable<ulong> Keys(RunData data) => rows.Keys(data);

    static string FileOf(RunFolder files, int fold) => Path.Combine(files.Teacher, FormattableString.Invariant($"f{fold}.csv"));
}

/// <summary>What the teacher's blend says of the training rows, out of fold, and of rows without labels, to be learnt beside the labels.</summary>
sealed class DistilledRows(DistillConfig config, PredictionSet blend, UnlabelledRows? rows, int unsaid, string identity) : TaughtRows
{
    /// <summary>Texts that the teacher predicts at a time.</summary>
    const int ChunkRows = 1024;

    public static DistilledRows Open(DistillConfig config, Recipe recipe, RunData data)
    {
        var teacher = Teachers.Open("distill.run", config.Run, data);
        if (data.Folds.Count == 1)
            throw new ConfigException("distill.run", $"{config.Run} holds out one part of its rows, so that it has nothing honest to say of those it was trained on; train the teacher with data.folds");
        var rows = config.Unlabelled is { } file ? UnlabelledRows.Open(file, recipe, data, teacher) : null;
        var blend = PredictionFile.Read(new RunFolder(config.Run).OutOfFold);
        return new(config, blend, rows, data.TrainIds.Except(blend.Ids).Count(), RecipeJson.Text(Teachers.Identified(config with { Alpha = 0, Temperature = 1 }, recipe.Data.Test, "data")));
    }

    protected override IEnumerable<string> Notes =>
    [
        .. rows is null ? (string[])[] : [rows.Counts],
        .. unsaid == 0 ? (string[])[] : [FormattableString.Invariant($"{unsaid} training rows have no out-of-fold prediction of the teacher and are learnt from their label alone")],
    ];

    protected override string Identity => identity;

    protected override void Write(RunFolder files, RunData data, IProgress<RunNews>? news, CancellationToken cancel)
    {
        if (rows is null) return;
        news?.Report(new NoteNews(FormattableString.Invariant($"the teacher predicts {rows.Kept.Length} rows")));
        var (text, pair) = (TrainedRun.Open(config.Run).Text, TrainedRun.Open(config.Run).Pair);
        using var teacher = TextClassifier.Load(config.Run);
        List<double> all = [];
        foreach (var chunk in rows.Kept.Chunk(ChunkRows))
        {
            cancel.ThrowIfCancellationRequested();
            all.AddRange(teacher.Probabilities(rows.Texts(text, chunk), pair is null ? null : rows.Texts(pair, chunk)));
        }
        PredictionFile.Write(FileOf(files), Named(rows, data.Labels.Names, Teachers.InOrder([.. all], teacher.Classes, data.Labels.Names)));
    }

    public override Example[] Examples(Example[] labelled, int fold, RunFolder files, RunData data, Tokenizer tokenizer, int maxLength)
    {
        var soft = new PredictionSet(blend.Ids, data.Labels.Names, Teachers.InOrder(blend.Probabilities, blend.Classes, data.Labels.Names));
        var rowOf = soft.Ids.Index().ToDictionary(pair => pair.Item, pair => pair.Index, StringComparer.Ordinal);
        Example[] taught = [.. labelled.Select(example => rowOf.TryGetValue(data.TrainIds[example.Row], out var row) ? example with { Targets = Targets(soft, row) } : example)];
        if (rows is null) return taught;
        var set = PredictionFile.Read(FileOf(files));
        if (set.Count != rows.Kept.Length) throw new DataException(FileOf(files), $"has {set.Count} rows, expected {rows.Kept.Length}; delete this folder to make it again");
        return [.. taught, .. rows.Encode(rows.Kept, data, tokenizer, maxLength).Select((example, i) => example with { Targets = Targets(set, i) })];
    }

    public override Objective Objective(double[]? classWeights, double smoothing) => new SoftLabels(classWeights, smoothing, config.Alpha, config.Temperature);

    public override IEnumerable<ulong> Keys(RunData data) => rows?.Keys(data) ?? [];

    static string FileOf(RunFolder files) => Path.Combine(files.Teacher, "unlabelled.csv");
}
