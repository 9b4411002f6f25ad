using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Distributed;
using Tutti.Evaluation;
using Tutti.Hub;
using Tutti.Runs;
using Tutti.Torch;

namespace Tutti.Recipes;

/// <summary>What adapting one member with one seed came to.</summary>
/// <param name="Cell">Its name.</param>
/// <param name="Folder">The model, to be named by a recipe that fine-tunes it.</param>
/// <param name="Perplexity">The exponential of the mean loss of the tokens of held-out texts that were to be predicted: masked ones, or the next of every one.</param>
/// <param name="Accuracy">The share of them that was predicted right.</param>
/// <param name="Tokens">Their number.</param>
public sealed record LanguageRow(string Cell, string Folder, Score Perplexity, Score Accuracy, long Tokens, double Seconds, long PeakBytes);

/// <summary>
/// The story of a run of task language-model: open and check everything; for every member and seed let the model predict masked or next tokens of the texts; score
/// texts that were held out. Repeating a run trains only what is missing or changed.
/// </summary>
/// <param name="recipe">What to do.</param>
/// <param name="folder">The run folder.</param>
/// <param name="device">Where to train; null: where the recipe says.</param>
public sealed class LanguageRun(Recipe recipe, string folder, Device? device = null)
{
    static readonly JsonSerializerOptions indented = new() { WriteIndented = true };

    readonly RunFolder files = new(folder);

    /// <summary>Where models that are named on the hub come from; null: as the environment says.</summary>
    public HubSettings? Hub { get; init; }

    /// <inheritdoc cref="Run.Ranks"/>
    public Ranks? Ranks { get; init; }

    /// <summary>How cells are trained: in this process or others, how many at a time, which part of them.</summary>
    public GridOptions Grid { get; init; } = new();

    /// <summary>Trains every missing cell; the rows with the lowest perplexity come first.</summary>
    /// <exception cref="InputException">Something the user can mend; a folder that was not there before is gone again unless cells are finished.</exception>
    /// <exception cref="IncompleteRunException">Cells failed, belong to another part or had no time. Finished cells are kept.</exception>
    /// <exception cref="RunMemoryException">A model does not fit into the recipe's memory.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; finished cells are kept, and the state of the one in training.</exception>
    public IReadOnlyList<LanguageRow> Train(IProgress<RunNews>? news = null, CancellationToken cancel = default)
    {
        var begun = Grid.Clock.GetTimestamp();
        Grid.Check(Ranks);
        using var memory = Memory();
        var training = LanguageCells.Open(recipe, recipe.Members, memory, Hub, news, cancel);
        training.Ranks = Ranks;
        var cells = training.Of(files);
        RunStart.CheckOthers(files, recipe, training.Table.ContentHash, null);
        foreach (var cell in cells) cell.CheckResume(recipe.Checkpoint);

        using var start = new RunStart(files);
        try
        {
            start.WriteRecipe(recipe, training.Table.ContentHash, null, memory.Device, cells.Length, training.Facts(), () => training.Folds.Save(files.Folds, RowIds.Of(training.Table, recipe.Data.Id)));
            var complete = Recipes.Grid.Train(recipe, files, cells, training, Grid, memory, start.Events, news, begun, cancel);
            using var turn = FileLock.Wait(files.Lock("results"), cancel: cancel);
            var rows = complete.Select(Row).OrderBy(row => row.Perplexity.Value).ToArray();
            AtomicFile.Write(files.Leaderboard, new JsonArray([.. rows.Select(row => (JsonNode)Json(row))]).ToJsonString(indented) + "\n");
            start.Events.Write("finished", ("perplexity", rows[0].Perplexity.Value));
            new RunReport(recipe, files, null, memory.Device).Write(files.Report, cancel: cancel);
            return rows;
        }
        catch (InputException)
        {
            start.TakeBack();
            throw;
        }
    }

    /// <inheritdoc cref="Run.Follow"/>
    public string Follow(CancellationToken cancel = default) => FollowCells(cancel).Word;

    /// <inheritdoc cref="Run.FollowCells"/>
    internal CellOrders FollowCells(CancellationToken cancel)
    {
        var begun = Grid.Clock.GetTimestamp();
        using var memory = Memory();
        var training = LanguageCells.Open(recipe, recipe.Members, memory, Hub, null, CancellationToken.None);
        training.Ranks = Ranks;
        return RankedCells.Follow(recipe, files, training.Of(files), training, memory, begun, cancel);
    }

    /// <inheritdoc cref="Run.TrainCell"/>
    public void TrainCell(string name, IProgress<RunNews>? news = null, CancellationToken cancel = default)
    {
        using var memory = Memory();
        var training = LanguageCells.Open(recipe, [.. recipe.Members.Where(member => name.StartsWith(member.Name + " ", StringComparison.Ordinal))], memory, Hub, null, cancel);
        training.TrainAlone(files, training.Of(files), name, news, cancel);
    }

    MemoryBudget Memory()
    {
        recipe.Check();
        if (recipe.Task != RecipeTask.LanguageModel) throw new ConfigException("task", $"is {RecipeJson.Name(recipe.Task)}, which Run trains");
        return new(recipe.Memory, device ?? recipe.Device.Resolve(Ranks), Ranks?.OnThisMachine ?? 1);
    }

    static LanguageRow Row(Cell cell)
    {
        var json = JsonNode.Parse(File.ReadAllText(cell.Folder.Metrics))!;
        Score Of(string key) => new(json[key]!["value"]!.GetValue<double>(), json[key]!["low"]!.GetValue<double>(), json[key]!["high"]!.GetValue<double>(), json[key]!["n"]!.GetValue<int>());
        return new(cell.Name, cell.Folder.Checkpoint, Of("perplexity"), Of("accuracy"), json["tokens"]!.GetValue<long>(), json["seconds"]!.GetValue<double>(), json["peakBytes"]!.GetValue<long>());
    }

    static JsonObject Json(LanguageRow row) => new()
    {
        ["name"] = row.Cell,
        ["model"] = row.Folder,
        ["perplexity"] = LanguageJson.Of(row.Perplexity),
        ["accuracy"] = LanguageJson.Of(row.Accuracy),
        ["tokens"] = row.Tokens,
        ["seconds"] = row.Seconds,
        ["peakBytes"] = row.PeakBytes,
    };
}
