using Tutti.Models;
using Tutti.Runs;
using Tutti.Tables;
using Tutti.Text;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>The cells of a run of texts.</summary>
/// <param name="recipe">What to do.</param>
/// <param name="data">The rows.</param>
/// <param name="members">Members that were opened and checked.</param>
/// <param name="memory">What the recipe allows.</param>
sealed class RunCells(Recipe recipe, RunData data, OpenMember[] members, MemoryBudget memory) : LabelledCells(recipe, data, memory)
{
    /// <summary>Ids that a text may be shorter than the model reads and yet have lost something: special tokens that were put together.</summary>
    const int Specials = 4;

    (string Member, TextData Train, TextData? Test)? encoded;
    RunNews[] untold = [];                                     // of what is encoded, where nobody listened then

    /// <summary>All cells of a run, in the order of members, seeds and folds.</summary>
    public static Cell[] Of(Recipe recipe, RunFolder files, RunData data, OpenMember[] members) =>
        [.. members.SelectMany(member => Cell.Of(recipe, files, data, member.Config, member.Weights))];

    protected override (TrainConfig Config, Device Device) Settings(string member) => Member(member).Model is var model ? (model.Config, model.Device) : default;

    protected override (CellFit Fit, IReadOnlyList<Example> Train, IReadOnlyList<Example>? Test) Ready(Cell cell, IProgress<RunNews>? news)
    {
        var (train, test) = Encode(Member(cell.Member), news);
        return (FitOf(Member(cell.Member), cell), train.Examples, test?.Examples);
    }

    protected override Network Shapes(string member) => Member(member).Model.Build(Data.Outputs, 0, out _, Device.Meta);

    CellFit FitOf(OpenMember member, Cell cell)
    {
        var model = member.Model;
        return new(model.Config, model.Device, model.Tokenizer, () => model.Build(Data.Outputs, cell.Seed, out _),
            (built, labelled) => Data.Taught?.Examples(labelled, cell.Fold, cell.Folder.Run, Data, model.Tokenizer, model.MaxLength((TextModel)built)) ?? labelled);
    }

    public override long PredictedPeak(string member, CancellationToken cancel)
    {
        var (open, rows) = (Member(member), Data.Known(Encode(Member(member), null).Train.Rows(Data.Folds.Train(0))));
        return Memory.Within(member, open.Model.Config, () =>
        {
            using var model = open.Model.Build(Data.Outputs, open.Config.Seeds[0], out _);
            cancel.ThrowIfCancellationRequested();
            return MemoryBudget.PredictedPeak(model, open.Model.Config, open.Config.Seeds[0], rows, CellObjective.Of(Data, open.Model.Config, rows, model));
        });
    }

    public override double Work(string member) => Member(member).Work;

    public override IReadOnlyList<ViewedMember> Viewed
    {
        get
        {
            var cache = TokenCache.OfUser();
            return [.. members.Select(member => new ViewedMember(member.Name, Recipe.TestTimeOf(member.Config), member.Model.Config, member.Model.Device, table => Seen(member, table, cache)))];
        }
    }

    ViewedRows Seen(OpenMember member, Table table, TokenCache cache)
    {
        var (tokenizer, length) = (member.Model.Tokenizer, member.MaxLength);
        var plain = TextData.From(table, Data.Text, tokenizer, length, pair: Data.Pair, cache: cache);
        var views = Views.Of(TextData.Texts(table, Data.Text), Data.Pair is null ? null : TextData.Texts(table, Data.Pair), tokenizer, length, Recipe.TestTimeOf(member.Config).Windows!);
        return new(plain.Examples, part => Views.Attach(part, views, row => row.Ids.Length + Specials < length));
    }

    OpenMember Member(string name) => members.First(member => member.Name == name);

    /// <summary>Encodes the rows of a member, unless the cell before or an earlier run did; says what was cut and what starts fresh.</summary>
    (TextData Train, TextData? Test) Encode(OpenMember member, IProgress<RunNews>? news)
    {
        if (encoded is { } kept && kept.Member == member.Name)
        {
            Tell(news);
            return (kept.Train, kept.Test);
        }
        encoded = null;
        var (tokenizer, length) = (member.Model.Tokenizer, member.MaxLength);
        var cache = TokenCache.OfUser(note => news?.Report(new NoteNews($"{member.Name}: {note}")));
        var train = TextData.From(Data.Train, Data.Text, tokenizer, length, Data.Answers is null ? Data.Truth : null, Data.Pair, cache);
        var cached = cache.Hits > 0;
        var test = Data.Test is null ? null : TextData.From(Data.Test, Data.Text, tokenizer, length, pair: Data.Pair, cache: cache);
        untold = [.. member.Notes.Select(note => new NoteNews($"{member.Name}: {note}")), new EncodedNews(member.Name, Data.Train.Count, train.Truncated, train.LostTokens, train.AllTokens, length, tokenizer.VocabularySize, cached)];
        encoded = (member.Name, train, test);
        Tell(news);
        return (train, test);
    }

    void Tell(IProgress<RunNews>? news)
    {
        if (news is null) return;
        foreach (var one in untold) news.Report(one);
        untold = [];
    }
}
