using Tutti.Labels;
using Tutti.Predictions;
using Tutti.Reports;
using Tutti.Reports.Plots;
using Tutti.Runs;
using Tutti.Tables;
using Tutti.Torch;

namespace Tutti.Recipes;

/// <summary>The report of a run: its folder, and of the data file the texts and columns.</summary>
public sealed class RunReport
{
    /// <summary>Rows taken at random, to be looked at with what was predicted of them.</summary>
    const int Sampled = 24;

    readonly Recipe recipe;
    readonly RunFolder files;
    readonly RunData? data;
    readonly Device device;
    readonly List<string> gaps = [];

    /// <param name="recipe">In effect.</param>
    /// <param name="files">The run folder, its results written.</param>
    /// <param name="data">The rows; null where there are no classes, or the file is gone.</param>
    /// <param name="device">Where predictions are explained.</param>
    internal RunReport(Recipe recipe, RunFolder files, RunData? data, Device device) => (this.recipe, this.files, this.data, this.device) = (recipe, files, data, device);

    /// <summary>Opens a finished run. Where its data file is gone or changed, the report does without texts, and says so.</summary>
    /// <exception cref="DataException">Not a run folder, or not finished.</exception>
    public static RunReport Open(string folder)
    {
        var files = new RunFolder(folder);
        if (!File.Exists(files.Recipe)) throw new DataException(folder, "is not a run folder: there is no recipe.yaml; train one with: tutti train RECIPE --run DIR");
        if (!File.Exists(files.Leaderboard)) throw new DataException(folder, "is not finished: there is no leaderboard.json; repeat tutti train to finish the run");
        var recipe = Recipe.Load(files.Recipe);
        var (data, gap) = recipe.Task == RecipeTask.LanguageModel ? (null, null) : Data(recipe, files);
        var report = new RunReport(recipe, files, data, recipe.Device.Resolve());
        if (gap is not null) report.gaps.Add(gap);
        return report;
    }

    static (RunData?, string?) Data(Recipe recipe, RunFolder files)
    {
        try
        {
            var data = RunData.Open(recipe);
            var ids = (data.Answers is { } known ? AnswerFile.Read(files.OutOfFold, known.Answers).Ids : PredictionFile.Read(files.OutOfFold).Ids).ToHashSet(StringComparer.Ordinal);
            ids.ExceptWith(data.TrainIds);
            var changed = data.Train.ContentHash != Hash(files);
            return ids.Count == 0 && !changed ? (data, null) : (null, $"{recipe.Data.Train} is not what the run was trained on any more: {Rest(recipe)} are left out");
        }
        catch (InputException e)
        {
            return (null, $"{Rest(recipe)} are left out: {e.Message}");
        }
    }

    static string Rest(Recipe recipe) => $"{(recipe.SeesPictures ? "pictures" : "texts")}, slices by column and explanations";

    static string? Hash(RunFolder files) => RunStart.Recorded(files, "train");

    /// <summary>Writes the page.</summary>
    /// <param name="path">The file.</param>
    /// <param name="explain">Rows to explain, however long it takes; null: as the recipe says, within a few seconds.</param>
    /// <exception cref="ConfigException">The file cannot be written.</exception>
    public void Write(string path, int? explain = null, CancellationToken cancel = default)
    {
        var (source, rows) = Source(explain, cancel: cancel);
        ReportPage.Write(path, source, rows);
    }

    /// <summary>Writes the plots into a folder.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="format">As what; null: SVG.</param>
    /// <returns>The files.</returns>
    /// <exception cref="ConfigException">The folder cannot be written, or what draws PNG is not there.</exception>
    public IReadOnlyList<string> Plot(string folder, PlotFormat? format = null) => ReportPlots.Write(folder, Source(explain: 0, similar: false).Source, format);

    /// <summary>What the page is made of.</summary>
    internal (ReportSource Source, ReportRows? Rows) Source(int? explain = null, bool similar = true, CancellationToken cancel = default)
    {
        var folds = recipe.Task == RecipeTask.LanguageModel ? 1 : Folds.Load(files.Folds).Count;
        var source = new ReportSource
        {
            Files = files,
            Task = RecipeJson.Name(recipe.Task),
            Cells = [.. CellName.All(recipe, folds).Select(cell => (cell.ToString(), cell.Folder(files)))],
            Summary = data?.Summary(),
            TestRows = data?.Test?.Count ?? 0,
            Gaps = gaps,
        };
        if (similar && data is not null && (!recipe.SeesPictures || recipe.Task == RecipeTask.ImageClassification)) source = source with { Similar = Similar(data, cancel) };
        if (!File.Exists(files.OutOfFold)) return (source, null);
        return RunTask.HasAnswers(files) ? WithAnswers(source, cancel) : recipe.Task is RecipeTask.TextClassification or RecipeTask.ImageClassification ? WithRows(source, explain, cancel) : (source, null);
    }

    /// <summary>Outliers and near duplicates where they are known or found quickly.</summary>
    SimilarRows? Similar(RunData data, CancellationToken cancel)
    {
        try
        {
            var all = new RunSimilarity(files, TrainedRun.Open(files.Root, device), data);
            return all.Find(RunSimilarity.UsualWork, cancel) ?? (data.Pictures ? all.SameFiles() : null);
        }
        catch (Exception e) when (e is DataException or TorchMemoryException)
        {
            gaps.Add($"near duplicates and outliers are left out: {(e is DataException ? e.Message : "there was no memory for it")}");
            return null;
        }
    }

    (ReportSource, ReportRows) WithRows(ReportSource source, int? explain, CancellationToken cancel)
    {
        var all = PredictionFile.Read(files.OutOfFold);
        var set = all.Labelled();
        var issues = LabelQueue.Of(ProbabilityRows.Of(set.Probabilities, set.K), set.Labels!, set.Classes, set.Ids, LabelFilter.PruneByNoiseRate, LabelQuality.SelfConfidence, MemberVotes.Of(files, set.Classes));
        var rows = new ReportRows(set, issues, recipe.Task == RecipeTask.ImageClassification ? Sampled : 0);
        source = source with { Predictions = set, Unlabelled = all.Count - set.Count, Issues = issues, Columns = [.. ReportColumns.OfPredictions(set)] };
        if (data is null) return (source, rows);
        var places = Places(data, set.Ids);
        if (data.Pictures) return (new PictureReport(recipe, files, data, device, gaps).With(source, rows, places, explain, cancel), rows);
        var texts = Texts(data, places);
        return (source with
        {
            Texts = Shown(texts),
            Columns = [.. source.Columns, .. ReportColumns.OfTable(data.Train, places, texts, recipe.Data)],
            Explanations = Explained(set, texts, rows, explain, cancel),
        }, rows);
    }

    /// <summary>Labels, numbers or several targets.</summary>
    (ReportSource, ReportRows?) WithAnswers(ReportSource source, CancellationToken cancel)
    {
        if (Answers() is not { } answers) return (source, null);
        var set = AnswerFile.Read(files.OutOfFold, answers);
        var rows = new ReportRows(set, Sampled);
        source = source with { Answers = set };
        if (data is null) return (source, rows);
        var places = Places(data, set.Ids);
        return (data.Pictures ? new PictureReport(recipe, files, data, device, gaps).With(source, rows, places, explain: 0, cancel) : source with { Texts = Shown(Texts(data, places)) }, rows);
    }

    /// <summary>What is learnt; without the rows, as a checkpoint keeps it.</summary>
    IReadOnlyList<Answer>? Answers()
    {
        try
        {
            return data?.Answers?.Answers ?? TrainedRun.Open(files.Root, device).Answers;
        }
        catch (DataException e)
        {
            gaps.Add($"rows are left out: {e.Message}");
            return null;
        }
    }

    /// <summary>The row of the table of each prediction.</summary>
    static int[] Places(RunData data, IReadOnlyList<string> ids)
    {
        var rowOf = data.TrainIds.Index().ToDictionary(item => item.Item, item => item.Index, StringComparer.Ordinal);
        return [.. ids.Select(id => rowOf[id])];
    }

    static (string Text, string? Pair)[] Texts(RunData data, int[] places) => [.. places.Select(row => (data.Text.Render(data.Train, row), data.Pair?.Render(data.Train, row)))];

    static string[] Shown((string Text, string? Pair)[] texts) => [.. texts.Select(text => text.Pair is null ? text.Text : $"{text.Text}\n{text.Pair}")];

    IReadOnlyList<RowExplanation> Explained(PredictionSet set, IReadOnlyList<(string, string?)> texts, ReportRows rows, int? asked, CancellationToken cancel)
    {
        if ((asked ?? recipe.Report.Explain) is not (> 0 and var count)) return [];
        try
        {
            return new RowExplanations(recipe, files, device).Of(set, texts, rows.ToExplain(count), asked is null ? RowExplanations.UsualWork : double.PositiveInfinity, cancel);
        }
        catch (TorchMemoryException)
        {
            gaps.Add("predictions are not explained: there was no memory for it");
            return [];
        }
    }
}
