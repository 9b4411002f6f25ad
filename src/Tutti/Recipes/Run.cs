using System.Text.Json.Nodes;
using Tutti.Ensembling;
using Tutti.Evaluation;
using Tutti.Hub;
using Tutti.Predictions;
using Tutti.Reports;
using Tutti.Runs;
using Tutti.Text;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>
/// The story of a run, from file to submission: open and check everything; show the data; train every missing cell; blend; evaluate; write
/// leaderboard and submission. Repeating a run trains only what is missing or changed.
/// </summary>
/// <param name="recipe">What to do.</param>
/// <param name="folder">The run folder; created when everything has been checked.</param>
/// <param name="device">Where to train; null: where the recipe says.</param>
public sealed class Run(Recipe recipe, string folder, Device? device = null)
{
    readonly RunFolder files = new(folder);

    /// <summary>Where models that are named on the hub come from; null: as the environment says.</summary>
    public HubSettings? Hub { get; init; }

    /// <summary>Trains every missing cell, blends, evaluates and writes the results.</summary>
    /// <exception cref="InputException">Something the user can mend; a folder that was not there before is gone again unless cells are finished.</exception>
    /// <exception cref="HubException">A model cannot be fetched from the hub.</exception>
    /// <exception cref="TrainingException">The numbers of a cell broke.</exception>
    /// <exception cref="RunMemoryException">A cell does not fit into the recipe's memory.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; finished cells are kept, and the state of the one in training.</exception>
    public RunResult Train(IProgress<RunNews>? news = null, CancellationToken cancel = default)
    {
        recipe.Check();
        if (recipe.Task != RecipeTask.TextClassification) throw new ConfigException("task", $"is {RecipeJson.Name(recipe.Task)}, which LanguageRun trains");
        using var memory = new MemoryBudget(recipe.Memory, device ?? recipe.Device.Resolve());
        var data = RunData.Open(recipe);
        var members = OpenMember.All(recipe, data, memory, Hub, news, cancel);
        CheckSample(data);
        var cells = Cells(data, members);
        foreach (var cell in cells) cell.CheckResume(recipe.Checkpoint);

        using var start = new RunStart(files);
        try
        {
            start.Write(recipe, data, memory.Device, cells.Length, [.. members.SelectMany(member => member.Facts())]);
            news?.Report(new DataNews(recipe.Data.Train, data.Summary(), [.. Enumerable.Range(0, data.Folds.Count).Select(fold => data.Folds.Valid(fold).Length)], data.Test?.Count ?? 0));
            var number = 0;
            foreach (var member in members) number = TrainMember(member, data, cells, number, recipe.Checkpoint, start.Events, memory, news, cancel);
            var result = Finish(cells, data);
            start.Events.Write("finished", ("accuracy", result.Summary.Scores[0].Score.Value));
            return result;
        }
        catch (InputException)
        {
            start.TakeBack();
            throw;
        }
    }

    BlendKind Kind => recipe.Blend == RecipeBlend.Geometric ? BlendKind.Geometric : BlendKind.Mean;

    void CheckSample(RunData data)
    {
        if (recipe.Submission is null || recipe.SampleFile is not { } sample) return;
        var uniform = new PredictionSet(data.TestIds, data.Labels.Names, [.. Enumerable.Repeat(1.0 / data.Labels.Count, data.TestIds.Count * data.Labels.Count)]);
        Submission.Check(sample, uniform, recipe.Data.Id ?? "id");
    }

    Cell[] Cells(RunData data, OpenMember[] members) =>
        [.. from member in members
            let fingerprint = recipe.Fingerprint(member.Config, data.Train.ContentHash, member.Weights)
            let settings = recipe.Settings(member.Config)
            from seed in member.Config.Seeds
            from fold in Enumerable.Range(0, data.Folds.Count)
            let identity = new JsonObject { ["settings"] = recipe.FingerprintNode(member.Config, data.Train.ContentHash, member.Weights), ["member"] = member.Name, ["seed"] = seed, ["fold"] = fold }
            select new Cell(member.Name, seed, fold, files.Cell(member.Name, seed, fold), fingerprint, settings, identity)];

    /// <summary>Trains what is missing of a member; its rows are encoded once, and only when a cell needs them.</summary>
    static int TrainMember(OpenMember member, RunData data, Cell[] all, int number, CheckpointConfig checkpoint, EventLog events, MemoryBudget memory, IProgress<RunNews>? news, CancellationToken cancel)
    {
        (TextData Train, TextData? Test)? rows = null;
        foreach (var cell in all.Where(cell => cell.Member == member.Name))
        {
            number++;
            var state = cell.State(data.Test?.ContentHash);
            if (state == CellState.OtherTest)
            {
                cell.PredictTest(member.Model, data);
                news?.Report(new NoteNews($"{cell.Name} is trained; the test rows are others than before and were predicted again"));
            }
            if (state is CellState.Finished or CellState.OtherTest)
            {
                cell.Finished();
                news?.Report(new SkippedNews(cell.Name, number, all.Length));
                continue;
            }
            if (state == CellState.Stale) news?.Report(new NoteNews($"{cell.Name} was trained with other settings or data and is trained again"));
            var (train, test) = rows ??= Encode(member, data, news);
            events.Write("cell started", ("cell", cell.Name));
            var fit = memory.Within(cell.Name, member.Model.Config, () => cell.Train(member.Model, data, train, test, checkpoint, new RecordedNews(events, news), number, all.Length, cancel));
            events.Write("cell finished", ("cell", cell.Name), ("loss", fit.Best.Loss), ("accuracy", fit.Best.Accuracy), ("seconds", fit.Seconds), ("peakBytes", fit.PeakBytes));
        }
        return number;
    }

    /// <summary>Encodes the rows of a member, unless a member or run before did; says what was cut and what starts fresh.</summary>
    static (TextData Train, TextData? Test) Encode(OpenMember member, RunData data, IProgress<RunNews>? news)
    {
        foreach (var note in member.Notes) news?.Report(new NoteNews($"{member.Name}: {note}"));
        var (tokenizer, length) = (member.Model.Tokenizer, member.MaxLength);
        var cache = TokenCache.OfUser(note => news?.Report(new NoteNews($"{member.Name}: {note}")));
        var train = TextData.From(data.Train, data.Text, tokenizer, length, data.Truth, data.Pair, cache);
        var cached = cache.Hits > 0;
        var test = data.Test is null ? null : TextData.From(data.Test, data.Text, tokenizer, length, pair: data.Pair, cache: cache);
        news?.Report(new EncodedNews(member.Name, data.Train.Count, train.Truncated, train.LostTokens, train.AllTokens, length, tokenizer.VocabularySize, cached));
        return (train, test);
    }

    /// <summary>Blends all cells and writes predictions, scores and submission.</summary>
    RunResult Finish(Cell[] cells, RunData data)
    {
        var oof = Blended(cells, out var perMember, data.TrainIds);
        PredictionFile.Write(files.OutOfFold, oof);
        Blend.Record(Kind, BlendMembers(perMember)).Write(files.Blend);
        if (data.Test is not null) WriteTest(data, cells);
        return Evaluate(oof, perMember, cells, data);
    }

    /// <summary>Folds joined, seeds averaged, members blended. Rows stand in the order of the ids.</summary>
    PredictionSet Blended(Cell[] cells, out Dictionary<string, PredictionSet> perMember, IReadOnlyList<string> order)
    {
        perMember = [];
        foreach (var member in cells.GroupBy(cell => cell.Member))
        {
            var seeds = member.GroupBy(cell => cell.Seed).Select(folds => PredictionSet.Join([.. folds.Select(cell => PredictionFile.Read(cell.Folder.Predictions))], order));
            perMember[member.Key] = Blend.Of(BlendKind.Mean, [.. seeds.Select((set, i) => new BlendMember($"seed {i}", set))]);
        }
        return Blend.Of(Kind, BlendMembers(perMember));
    }

    static BlendMember[] BlendMembers(Dictionary<string, PredictionSet> sets) => [.. sets.Select(pair => new BlendMember(pair.Key, pair.Value))];

    /// <summary>The mean of a member's cells for every test row, blended; then the submission.</summary>
    void WriteTest(RunData data, Cell[] cells)
    {
        var members = cells.GroupBy(cell => cell.Member).Select(member =>
            new BlendMember(member.Key, Blend.Of(BlendKind.Mean, [.. member.Select(cell => new BlendMember(cell.Name, PredictionFile.Read(cell.Folder.Test)))])));
        var test = Blend.Of(Kind, [.. members]);
        PredictionFile.Write(files.Test, test);
        if (recipe.Submission is { } submission)
            Submission.Write(Path.Combine(files.Root, submission.File), test, recipe.Data.Id ?? "id", recipe.Data.Label!, recipe.SampleFile);
    }

    RunResult Evaluate(PredictionSet oof, Dictionary<string, PredictionSet> perMember, Cell[] cells, RunData data)
    {
        var summary = EvaluationSummary.Of(oof);
        var rows = perMember.Select(pair => LeaderboardRow.Of(pair.Key, pair.Value, [.. cells.Where(cell => cell.Member == pair.Key).Select(cell => cell.Folder.Metrics)])).ToList();
        if (perMember.Count > 1) rows.Add(LeaderboardRow.Of($"blend ({recipe.Blend.ToString().ToLowerInvariant()})", oof, []));
        rows.AddRange(RunBaselines.Rows(data, oof));
        var leaderboard = new Leaderboard([.. rows]);
        leaderboard.Write(files.Leaderboard);
        AtomicFile.Write(files.Metrics, EvaluationJson.Text(summary));
        return new(files, leaderboard, summary, oof.Classes, data.Test is null ? null : files.Test, recipe.Submission is { } s && data.Test is not null ? Path.Combine(files.Root, s.File) : null);
    }
}
