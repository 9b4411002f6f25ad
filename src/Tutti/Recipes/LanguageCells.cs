using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Hub;
using Tutti.Runs;
using Tutti.Tables;
using Tutti.Text;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>The cells of a run of task language-model, members x seeds: models that learn to predict masked or next tokens, and how well they do on texts that were held out.</summary>
sealed class LanguageCells : CellTraining
{
    static readonly JsonSerializerOptions indented = new() { WriteIndented = true };

    readonly Recipe recipe;
    readonly MemoryBudget memory;
    (string Member, TextData Texts)? encoded;

    LanguageCells(Recipe recipe, MemoryBudget memory, Table table, Folds folds, OpenMember[] members) => (this.recipe, this.memory, Table, Folds, Members) = (recipe, memory, table, folds, members);

    /// <summary>Every member, built once without its weights.</summary>
    public OpenMember[] Members { get; }

    public Table Table { get; }
    public Folds Folds { get; }

    /// <summary>Reads and checks everything; writes nothing.</summary>
    /// <param name="some">Of the recipe's members.</param>
    public static LanguageCells Open(Recipe recipe, IReadOnlyList<MemberConfig> some, MemoryBudget memory, HubSettings? hub, IProgress<RunNews>? news, CancellationToken cancel)
    {
        var (text, _) = RunData.Templates(recipe.Data);
        var table = Table.Read(recipe.Data.Train, recipe.Data.Format.ToTableFormat());
        text.Check(table);
        return new(recipe, memory, table, Folds.Make(table, recipe.FoldSettings, null), [.. some.Select(config =>
        {
            var source = HubModels.Of(config, hub, news, cancel);
            return memory.Within(config.Name!, config.Effective(recipe.Train), () => Open(recipe, config, source, table, text, memory));
        })]);
    }

    static OpenMember Open(Recipe recipe, MemberConfig config, HubSnapshot? source, Table table, TextTemplate text, MemoryBudget memory)
    {
        var local = OpenMember.Local(config, source);
        var member = MemberModel.Of(local, recipe.Train, () => TextData.Texts(table, text)) with { Device = memory.Device };
        using var model = member.BuildLanguage(0, out var report, Device.Meta);
        // The pieces of streams are what memory has to hold; their texts are not cut.
        memory.Check(config.Name!, model, model.Recurrent ? Bptt(member) : member.MaxLength(model), member.Config.Batch);
        var open = new OpenMember(config, member, model.Recurrent ? model.MaxLength : member.MaxLength(model), local.Model.Folder is null ? [] : [.. report.Lines()], OpenMember.Hash(local.Model, source), source)
        {
            Work = OpenMember.WorkOf(model, member),
            Recurrent = model.Recurrent,
            Backward = model.Backward,
        };
        _ = Objective(open, 0);
        return open;
    }

    static int Bptt(MemberModel member) => member.Config.Bptt ?? TrainConfig.UsualBptt;

    static LanguageObjective Objective(OpenMember member, int seed)
    {
        var config = member.Model.Config;
        if (member.Recurrent && (config.MaskShare is not null || config.WholeWords is not null)) throw new ConfigException("train", $"has mask-share or whole-words, but {member.Name} predicts next tokens, not masked ones; take them out");
        return LanguageObjective.Of(config, member.Model.Tokenizer, seed, member.Recurrent, member.Backward);
    }

    /// <summary>What a run records of the files that the members start from.</summary>
    public (string Name, object? Value)[] Facts() => [.. Members.SelectMany(member => member.Facts())];

    /// <summary>All cells, in the order of members and seeds.</summary>
    public Cell[] Of(RunFolder files) =>
        [.. from member in Members
            from seed in member.Config.Seeds
            let identity = new JsonObject { ["settings"] = recipe.FingerprintNode(member.Config, Table.ContentHash, member.Weights), ["member"] = member.Name, ["seed"] = seed, ["fold"] = 0 }
            select new Cell(member.Name, seed, 0, files.Cell(member.Name, seed, 0), recipe.Fingerprint(member.Config, Table.ContentHash, member.Weights), recipe.Settings(member.Config), identity)];

    public override CellState State(Cell cell) => !File.Exists(Path.Combine(cell.Folder.Checkpoint, "model.safetensors")) ? CellState.Missing
        : Cell.Recorded(cell.Folder, "fingerprint") is not { } was ? CellState.Missing : was == cell.Fingerprint ? CellState.Finished : CellState.Stale;

    public override void Train(Cell cell, int number, int of, IProgress<RunNews>? news, CancellationToken cancel)
    {
        var member = Member(cell.Member);
        var texts = Encode(member, news);
        memory.Within(cell.Name, member.Model.Config, () => Fit(cell, member, texts, news, number, of, cancel));
    }

    public override long PredictedPeak(string member, CancellationToken cancel)
    {
        var open = Member(member);
        var seed = open.Config.Seeds[0];
        var (objective, train) = ToLearn(open);
        return memory.Within(member, open.Model.Config, () =>
        {
            using var model = open.Model.BuildLanguage(seed, out _);
            cancel.ThrowIfCancellationRequested();
            return MemoryBudget.PredictedPeak(model, open.Model.Config, seed, train, objective);
        });
    }

    /// <summary>What a member's first cell learns, and from what.</summary>
    public (LanguageObjective Objective, Example[] Train) ToLearn(OpenMember member)
    {
        var objective = Objective(member, member.Config.Seeds[0]);
        return (objective, [.. Encode(member, null).Rows(Folds.Train(0)).Where(objective.CanLearn)]);
    }

    public override string? NotShared(string member) => "a language model's updates are computed by one process";

    public override double Work(string member) => Member(member).Work;

    OpenMember Member(string name) => Members.First(member => member.Name == name);

    TextData Encode(OpenMember member, IProgress<RunNews>? news)
    {
        if (encoded is { } kept && kept.Member == member.Name) return kept.Texts;
        foreach (var note in member.Notes) news?.Report(new NoteNews($"{member.Name}: {note}"));
        var cache = TokenCache.OfUser(note => news?.Report(new NoteNews($"{member.Name}: {note}")));
        var texts = TextData.From(Table, RunData.Templates(recipe.Data).Text, member.Model.Tokenizer, member.MaxLength, cache: cache);
        news?.Report(new EncodedNews(member.Name, Table.Count, texts.Truncated, texts.LostTokens, texts.AllTokens, member.MaxLength, member.Model.Tokenizer.VocabularySize, cache.Hits > 0));
        encoded = (member.Name, texts);
        return texts;
    }

    bool Fit(Cell cell, OpenMember open, TextData texts, IProgress<RunNews>? news, int number, int of, CancellationToken cancel)
    {
        if (File.Exists(cell.Folder.Metrics))
        {
            cell.Finished();                                  // what it would go on from belongs to what is replaced now
            File.Delete(cell.Folder.Metrics);
        }
        var clock = Stopwatch.GetTimestamp();
        var (member, objective) = (open.Model, Objective(open, cell.Seed));
        Example[] Usable(IEnumerable<int> rows) => [.. texts.Rows(rows).Where(objective.CanLearn)];
        var (train, valid) = (Usable(Folds.Train(0)), Usable(Folds.Valid(0)));
        CheckEnough(train, valid, open);
        if (texts.Examples.Count - train.Length - valid.Length is > 0 and var empty) news?.Report(new NoteNews(FormattableString.Invariant($"{cell.Name}: {empty} texts have no token to learn and are left out")));
        var resume = new ResumeFolder(cell.Folder.Resume, recipe.Checkpoint.Disk?.Bytes, note => news?.Report(new NoteNews($"{cell.Name}: {note}")));
        using var model = member.BuildLanguage(cell.Seed, out _);
        news?.Report(new CellNews(cell.Name, number, of, (int)model.Params.Items.Sum(item => item.Stored.Count)));
        var learner = new Learner(model, member.Config, cell.Seed, tokenizer: member.Tokenizer, checkpointFolder: cell.Folder.Checkpoint, store: new FitStore(resume, recipe.Checkpoint.Every.Time, cell.Identity), objective: objective);
        var fit = learner.Fit(train, valid, news is null ? null : cell.Progress(news, member.Device), cancel);
        var sums = objective.PerUnit(model, valid, member.Config.Precision, 4096, cancel);
        WriteMetrics(cell, fit, sums, Stopwatch.GetElapsedTime(clock).TotalSeconds);
        resume.Delete();
        news?.Report(new CellDoneNews(cell.Name, fit));
        return true;
    }

    /// <summary>Both sides need something to learn from: a text with a token to mask, or enough tokens for one of every stream.</summary>
    void CheckEnough(Example[] train, Example[] valid, OpenMember open)
    {
        if (train.Length == 0 || valid.Length == 0) throw new DataException(recipe.Data.Train, $"has {train.Length} texts to learn from and {valid.Length} that are held out with tokens to {(open.Recurrent ? "predict" : "mask")}; both need at least 1");
        if (!open.Recurrent) return;
        var (batch, tokens, held) = (open.Model.Config.Batch, train.Sum(text => (long)text.Ids.Length), valid.Sum(text => (long)text.Ids.Length));
        if (tokens <= batch) throw new DataException(recipe.Data.Train, $"has {tokens} tokens to learn from; train.batch {batch} cuts them into as many streams, each of which needs one and the next: lower it, or give more text");
        if (held < 2) throw new DataException(recipe.Data.Train, $"has {held} tokens in the texts that are held out; predicting one from the one before needs 2: raise data.validation, or give more text");
    }

    /// <summary>Perplexity and accuracy with intervals from resampled texts; written last, which marks the cell finished.</summary>
    static void WriteMetrics(Cell cell, FitResult fit, double[] sums, double seconds)
    {
        var scores = LanguageScores.Of(sums);
        AtomicFile.Write(cell.Folder.Metrics, new JsonObject
        {
            ["fingerprint"] = cell.Fingerprint,
            ["settings"] = cell.Settings,
            ["identity"] = cell.Identity.DeepClone(),
            ["perplexity"] = LanguageJson.Of(scores.Perplexity),
            ["accuracy"] = LanguageJson.Of(scores.Accuracy),
            ["tokens"] = scores.Tokens,
            ["loss"] = fit.Best.Loss,
            ["bestUpdate"] = fit.Best.Update,
            ["updates"] = fit.Updates,
            ["stoppedEarly"] = fit.StoppedEarly,
            ["tokensPerSecond"] = fit.Tokens / fit.Seconds,
            ["peakBytes"] = fit.PeakBytes,
            ["seconds"] = seconds,
        }.ToJsonString(indented) + "\n");
    }
}
