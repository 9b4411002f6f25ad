using Tutti.Models;
using Tutti.Runs;
using Tutti.Tables;
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
    /// <summary>Ids that a text may be shorter than the model reads and yet have lost something: special tokens that were put together.</summary>
    const int Specials = 4;

    (string Member, TextData Train, TextData? Test)? encoded;

    /// <summary>All cells of a run, in the order of members, seeds and folds.</summary>
    public static Cell[] Of(Recipe recipe, RunFolder files, RunData data, OpenMember[] members) =>
        [.. members.SelectMany(member => Cell.Of(recipe, files, data, member.Config, member.Weights))];

    public override CellState State(Cell cell) => cell.State(data.Test?.ContentHash);

    public override void Train(Cell cell, int number, int of, IProgress<RunNews>? news, CancellationToken cancel)
    {
        var member = Member(cell.Member);
        if (State(cell) == CellState.OtherTest)
        {
            cell.PredictTest(member.Model.Config, member.Model.Device, data);
            news?.Report(new NoteNews($"{cell.Name} is trained; the test rows are others than before and were predicted again"));
            cell.Finished();
            return;
        }
        var (train, test) = Encode(member, news);
        var fit = FitOf(member, cell);
        if (Ranks is not null) CellOrders.Give(Ranks, cell, data.Test?.ContentHash);
        memory.Within(cell.Name, fit.Config, () => cell.Train(fit, data, train.Examples, test?.Examples, recipe.Checkpoint, news, number, of, cancel, Ranks));
    }

    public override void Help(Cell cell, CancellationToken cancel)
    {
        var member = Member(cell.Member);
        var (train, test) = Encode(member, null);
        var fit = FitOf(member, cell);
        memory.Within(cell.Name, fit.Config, () =>
        {
            cell.Help(fit, data, train.Examples, test?.Examples, Ranks!, cancel);
            return true;
        });
    }

    public override string? Test => data.Test?.ContentHash;

    public override string? NotShared(string member)
    {
        var open = Member(member).Model;
        using var model = open.Build(data.Outputs, 0, out _, Torch.Device.Meta);
        return SharedFit.Hindrance(model, open.Config, streams: 0)?.Message.Split('\n')[0];
    }

    public override UpdateTrial Try(Cell cell, Distributed.Ranks? with, int updates, CancellationToken cancel)
    {
        var member = Member(cell.Member);
        var (train, _) = Encode(member, null);
        var fit = FitOf(member, cell);
        return memory.Within(cell.Name, fit.Config, () => cell.Try(fit, data, train.Examples, with, updates, cancel));
    }

    CellFit FitOf(OpenMember member, Cell cell)
    {
        var model = member.Model;
        return new(model.Config, model.Device, model.Tokenizer, () => model.Build(data.Outputs, cell.Seed, out _),
            (built, labelled) => data.Taught?.Examples(labelled, cell.Fold, cell.Folder.Run, data, model.Tokenizer, model.MaxLength((TextModel)built)) ?? labelled);
    }

    public override long PredictedPeak(string member, CancellationToken cancel)
    {
        var (open, rows) = (Member(member), data.Known(Encode(Member(member), null).Train.Rows(data.Folds.Train(0))));
        return memory.Within(member, open.Model.Config, () =>
        {
            using var model = open.Model.Build(data.Outputs, open.Config.Seeds[0], out _);
            cancel.ThrowIfCancellationRequested();
            return MemoryBudget.PredictedPeak(model, open.Model.Config, open.Config.Seeds[0], rows, data.Answers is { } known ? Objective.Of(known.Answers, open.Model.Config, known.Losses, model) : null);
        });
    }

    public override double Work(string member) => Member(member).Work;

    public override IReadOnlyList<ViewedMember> Viewed
    {
        get
        {
            var cache = TokenCache.OfUser();
            return [.. members.Select(member => new ViewedMember(member.Name, recipe.TestTimeOf(member.Config), member.Model.Config, member.Model.Device, table => Seen(member, table, cache)))];
        }
    }

    ViewedRows Seen(OpenMember member, Table table, TokenCache cache)
    {
        var (tokenizer, length) = (member.Model.Tokenizer, member.MaxLength);
        var plain = TextData.From(table, data.Text, tokenizer, length, pair: data.Pair, cache: cache);
        var views = Views.Of(TextData.Texts(table, data.Text), data.Pair is null ? null : TextData.Texts(table, data.Pair), tokenizer, length, recipe.TestTimeOf(member.Config).Windows!);
        return new(plain.Examples, part => Views.Attach(part, views, row => row.Ids.Length + Specials < length));
    }

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
