using System.Text.Json.Nodes;
using Tutti.Runs;
using Tutti.Text;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>The cells of a run of classes or answers, members x seeds x folds: trained, and their test rows predicted.</summary>
/// <param name="recipe">What to do.</param>
/// <param name="data">The rows.</param>
/// <param name="members">Members that were opened and checked.</param>
/// <param name="memory">What the recipe allows.</param>
sealed class RunCells(Recipe recipe, RunData data, OpenMember[] members, MemoryBudget memory) : CellTraining
{
    (string Member, TextData Train, TextData? Test)? encoded;

    /// <summary>All cells of a run, in the order of members, seeds and folds.</summary>
    public static Cell[] Of(Recipe recipe, RunFolder files, RunData data, OpenMember[] members) =>
        [.. from member in members
            let fingerprint = recipe.Fingerprint(member.Config, data.Identity, member.Weights)
            let settings = recipe.Settings(member.Config)
            from seed in member.Config.Seeds
            from fold in Enumerable.Range(0, data.Folds.Count)
            let identity = new JsonObject { ["settings"] = recipe.FingerprintNode(member.Config, data.Identity, member.Weights), ["member"] = member.Name, ["seed"] = seed, ["fold"] = fold }
            select new Cell(member.Name, seed, fold, files.Cell(member.Name, seed, fold), fingerprint, settings, identity)];

    public override CellState State(Cell cell) => cell.State(data.Test?.ContentHash);

    public override void Train(Cell cell, int number, int of, IProgress<RunNews>? news, CancellationToken cancel)
    {
        var member = Member(cell.Member);
        if (State(cell) == CellState.OtherTest)
        {
            cell.PredictTest(member.Model, data);
            news?.Report(new NoteNews($"{cell.Name} is trained; the test rows are others than before and were predicted again"));
            cell.Finished();
            return;
        }
        var (train, test) = Encode(member, news);
        memory.Within(cell.Name, member.Model.Config, () => cell.Train(member.Model, data, train, test, recipe.Checkpoint, news, number, of, cancel));
    }

    public override long PredictedPeak(string member, CancellationToken cancel)
    {
        var (open, rows) = (Member(member), data.Known(Encode(Member(member), null).Train.Rows(data.Folds.Train(0))));
        return memory.Within(member, open.Model.Config, () =>
        {
            using var model = open.Model.Build(data.Outputs, open.Config.Seeds[0], out _);
            cancel.ThrowIfCancellationRequested();
            return MemoryBudget.PredictedPeak(model, open.Model.Config, open.Config.Seeds[0], rows, data.Answers is { } known ? Objective.Of(known.Answers) : null);
        });
    }

    public override double Work(string member) => Member(member).Work;

    OpenMember Member(string name) => members.First(member => member.Name == name);

    /// <summary>Encodes the rows of a member, unless the cell before or an earlier run did; says what was cut and what starts fresh.</summary>
    (TextData Train, TextData? Test) Encode(OpenMember member, IProgress<RunNews>? news)
    {
        if (encoded is { } kept && kept.Member == member.Name) return (kept.Train, kept.Test);
        encoded = null;
        foreach (var note in member.Notes) news?.Report(new NoteNews($"{member.Name}: {note}"));
        var (tokenizer, length) = (member.Model.Tokenizer, member.MaxLength);
        var cache = TokenCache.OfUser(note => news?.Report(new NoteNews($"{member.Name}: {note}")));
        var train = TextData.From(data.Train, data.Text, tokenizer, length, data.Answers is null ? data.Truth : null, data.Pair, cache);
        var cached = cache.Hits > 0;
        var test = data.Test is null ? null : TextData.From(data.Test, data.Text, tokenizer, length, pair: data.Pair, cache: cache);
        news?.Report(new EncodedNews(member.Name, data.Train.Count, train.Truncated, train.LostTokens, train.AllTokens, length, tokenizer.VocabularySize, cached));
        encoded = (member.Name, train, test);
        return (train, test);
    }
}
