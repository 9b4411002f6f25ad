using System.Text.Json.Nodes;
using Tutti.Runs;
using Tutti.Text;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>The cells of a run, members x seeds x folds, and the training of those that are missing or changed.</summary>
/// <param name="recipe">What to do.</param>
/// <param name="data">The rows.</param>
/// <param name="members">Members that were opened and checked.</param>
/// <param name="cells">As <see cref="Of"/> gives them.</param>
/// <param name="memory">What the recipe allows.</param>
/// <param name="events">Where beginnings and ends are recorded.</param>
/// <param name="news">Who watches, the event log among them.</param>
sealed class RunCells(Recipe recipe, RunData data, OpenMember[] members, Cell[] cells, MemoryBudget memory, EventLog events, IProgress<RunNews>? news)
{
    /// <summary>All cells of a run, in the order of members, seeds and folds.</summary>
    public static Cell[] Of(Recipe recipe, RunFolder files, RunData data, OpenMember[] members) =>
        [.. from member in members
            let fingerprint = recipe.Fingerprint(member.Config, data.Train.ContentHash, member.Weights)
            let settings = recipe.Settings(member.Config)
            from seed in member.Config.Seeds
            from fold in Enumerable.Range(0, data.Folds.Count)
            let identity = new JsonObject { ["settings"] = recipe.FingerprintNode(member.Config, data.Train.ContentHash, member.Weights), ["member"] = member.Name, ["seed"] = seed, ["fold"] = fold }
            select new Cell(member.Name, seed, fold, files.Cell(member.Name, seed, fold), fingerprint, settings, identity)];

    /// <summary>Trains every missing or changed cell, member by member.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; finished cells are kept, and the state of the one in training.</exception>
    public void Train(CancellationToken cancel)
    {
        foreach (var member in members) TrainMember(member, cancel);
    }

    /// <summary>Trains what is missing of a member; its rows are encoded once, and only when a cell needs them.</summary>
    void TrainMember(OpenMember member, CancellationToken cancel)
    {
        (TextData Train, TextData? Test)? rows = null;
        foreach (var (i, cell) in cells.Index().Where(cell => cell.Item.Member == member.Name))
        {
            var number = i + 1;
            var state = cell.State(data.Test?.ContentHash);
            if (state == CellState.OtherTest)
            {
                cell.PredictTest(member.Model, data);
                news?.Report(new NoteNews($"{cell.Name} is trained; the test rows are others than before and were predicted again"));
            }
            if (state is CellState.Finished or CellState.OtherTest)
            {
                cell.Finished();
                news?.Report(new SkippedNews(cell.Name, number, cells.Length));
                continue;
            }
            if (state == CellState.Stale) news?.Report(new NoteNews($"{cell.Name} was trained with other settings or data and is trained again"));
            var (train, test) = rows ??= Encode(member);
            events.Write("cell started", ("cell", cell.Name));
            var fit = memory.Within(cell.Name, member.Model.Config, () => cell.Train(member.Model, data, train, test, recipe.Checkpoint, news, number, cells.Length, cancel));
            events.Write("cell finished", ("cell", cell.Name), ("loss", fit.Best.Loss), ("accuracy", fit.Best.Accuracy), ("seconds", fit.Seconds), ("peakBytes", fit.PeakBytes));
        }
    }

    /// <summary>Encodes the rows of a member, unless a member or run before did; says what was cut and what starts fresh.</summary>
    (TextData Train, TextData? Test) Encode(OpenMember member)
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
}
