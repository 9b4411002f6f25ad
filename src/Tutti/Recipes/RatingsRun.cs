using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Recommend;
using Tutti.Runs;
using Tutti.Torch;

namespace Tutti.Recipes;

/// <summary>
/// The story of a run of task ratings: read and divide the ratings; train every member with every seed, in every fold where there are several; blend; score errors and rankings of held-out rows beside a baseline; write what recommends.
/// Repeating a run trains only what is missing or changed.
/// </summary>
/// <param name="recipe">What to do.</param>
/// <param name="folder">The run folder.</param>
/// <param name="device">Where to train; null: where the recipe says.</param>
public sealed class RatingsRun(RatingsRecipe recipe, string folder, Device? device = null)
{
    const int TableSide = 8;

    static readonly JsonSerializerOptions indented = new() { WriteIndented = true };

    readonly RunFolder files = new(folder);

    /// <summary>Trains every missing cell, blends, evaluates and writes the results.</summary>
    /// <exception cref="InputException">Something the user can mend.</exception>
    /// <exception cref="Training.TrainingException">The numbers of a fit broke.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; finished cells are kept.</exception>
    public RatingsResult Train(IProgress<RunNews>? news = null, CancellationToken cancel = default)
    {
        recipe.Check();
        var on = device ?? recipe.Device.Resolve();
        var data = RatingsOpen.Of(recipe);
        var cells = RatingsCell.Of(recipe, files);
        CheckKinds(cells);
        foreach (var note in data.Notes) news?.Report(new NoteNews(note));
        using var alone = FileLock.Try(files.Lock("workers")) ?? throw new ConfigException(files.Root, "another process is training this folder's run; wait for it, end it, or choose another folder with --run");
        AtomicFile.RemoveUnfinished(files.Root, below: true);
        using var events = new EventLog(files.Events);
        Begin(data, on, cells.Length, events);
        var told = new RecordedNews(events, news);
        var models = Models(data, cells, on, told, cancel);
        var result = new RatingsResults(recipe, files, data).Finish([.. cells.Zip(models)], cancel);
        AtomicFile.Write(files.Leaderboard, new JsonArray([.. result.Rows.Select(row => (JsonNode)row.Json())]).ToJsonString(indented) + "\n");
        if (result.Rows[0].Errors is { } errors) events.Write("finished", ("rmse", errors.Rmse.Value));
        else events.Write("finished", ("ndcg", result.Rows[0].Top?.Ndcg.Value));
        RatingsReport.Write(files, recipe);
        return result with { Table = CrossTable.Of(data.Seen, TableSide) };
    }

    /// <summary>Without ratings there is nothing for models of ratings to learn.</summary>
    void CheckKinds(RatingsCell[] cells)
    {
        if (recipe.Data.Columns.Rating is not null) return;
        if (cells.FirstOrDefault(cell => !cell.Kind.Ranks) is not { } cell) return;
        throw new ConfigException($"members.{recipe.Members.Index().First(pair => pair.Item == cell.Member).Index}.model", RatingModels.All.Where(kind => kind.Ranks).Select(kind => kind.Name).ToArray() is { Length: > 0 } ranking
            ? $"is {cell.Member.Model}, which learns ratings, but data.rating is empty; expected {RecipeBinder.Either(ranking)}" : $"is {cell.Member.Model}, which learns ratings, but data.rating is empty");
    }

    void Begin(RatingsOpen data, Device on, int cells, EventLog events)
    {
        List<(string Name, object? Value)> facts =
        [
            ("tutti", typeof(Run).Assembly.GetName().Version?.ToString(3)), ("libtorch", Engine.Version), ("dotnet", Environment.Version.ToString()), ("threads", Engine.Threads), ("device", on.ToString()),
            ("train", data.Hash), ("cells", cells),
        ];
        AtomicFile.Write(files.Recipe, recipe.ToYaml(string.Join("\n", facts.Select(fact => FormattableString.Invariant($"{fact.Name}: {fact.Value ?? "none"}")))));
        events.Write("started", [.. facts]);
        RatingsFiles.Write(files, data);
    }

    RatingModel[] Models(RatingsOpen data, RatingsCell[] cells, Device on, RecordedNews news, CancellationToken cancel)
    {
        var (models, settings) = (new RatingModel[cells.Length], new Dictionary<(RatingsMember, int), RatingSettings>());
        for (var i = 0; i < cells.Length; i++)
        {
            cancel.ThrowIfCancellationRequested();
            var cell = cells[i];
            if (cell.IsFinished(recipe, data))
            {
                news.Report(new SkippedNews(cell.Name, i + 1, cells.Length));
                if (cell.Member.Search is not null) settings[(cell.Member, cell.Part)] = RatingsChoice.Recorded(cell.Member, cell.Metrics());
                models[i] = cell.Load();
                continue;
            }
            if (!settings.TryGetValue((cell.Member, cell.Part), out var chosen)) settings[(cell.Member, cell.Part)] = chosen = RatingsChoice.Of(recipe, cell.Member, cell.Kind, data.Parts[cell.Part].Train, on, news, cancel);
            models[i] = cell.Train(recipe, data, chosen, on, news, cancel);
        }
        return models;
    }
}
