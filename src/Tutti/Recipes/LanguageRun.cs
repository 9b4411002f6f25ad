using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Evaluation;
using Tutti.Hub;
using Tutti.Runs;
using Tutti.Tables;
using Tutti.Text;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>What adapting one member with one seed came to.</summary>
/// <param name="Cell">Its name.</param>
/// <param name="Folder">The model, to be named by a recipe that fine-tunes it.</param>
/// <param name="Perplexity">The exponential of the mean loss of the masked tokens of held-out texts.</param>
/// <param name="Accuracy">The share of them that was predicted right.</param>
/// <param name="MaskedTokens">Their number.</param>
public sealed record LanguageRow(string Cell, string Folder, Score Perplexity, Score Accuracy, long MaskedTokens, double Seconds, long PeakBytes);

/// <summary>
/// The story of a run of task language-model: open and check everything; for every member and seed let the encoder predict masked tokens of the texts; score
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

    /// <summary>Trains every missing cell; the rows with the lowest perplexity come first.</summary>
    /// <exception cref="InputException">Something the user can mend; a folder that was not there before is gone again unless cells are finished.</exception>
    /// <exception cref="TrainingException">The numbers of a cell broke.</exception>
    /// <exception cref="RunMemoryException">A cell does not fit into the recipe's memory.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; finished cells are kept, and the state of the one in training.</exception>
    public IReadOnlyList<LanguageRow> Train(IProgress<RunNews>? news = null, CancellationToken cancel = default)
    {
        recipe.Check();
        if (recipe.Task != RecipeTask.LanguageModel) throw new ConfigException("task", $"is {RecipeJson.Name(recipe.Task)}, which Run trains");
        using var memory = new MemoryBudget(recipe.Memory, device ?? recipe.Device.Resolve());
        var (text, _) = RunData.Templates(recipe.Data);
        var table = Table.Read(recipe.Data.Train, recipe.Data.Format.ToTableFormat());
        text.Check(table);
        var folds = Folds.Make(table, recipe.FoldSettings, null);
        var members = recipe.Members.Select(config =>
        {
            var source = HubModels.Of(config, Hub, news, cancel);
            return memory.Within(config.Name!, config.Effective(recipe.Train), () => Open(config, source, table, text, memory));
        }).ToArray();
        var cells = members.SelectMany(member => Cells(member, table)).ToArray();
        foreach (var cell in cells) cell.CheckResume(recipe.Checkpoint);

        using var start = new RunStart(files);
        try
        {
            start.WriteRecipe(recipe, table.ContentHash, null, memory.Device, cells.Length, [.. members.SelectMany(member => member.Facts())], () => folds.Save(files.Folds, RowIds.Of(table, recipe.Data.Id)));
            var number = 0;
            foreach (var member in members)
            {
                TextData? texts = null;
                foreach (var cell in cells.Where(cell => cell.Member == member.Name))
                {
                    number++;
                    if (Finished(cell))
                    {
                        cell.Finished();
                        news?.Report(new SkippedNews(cell.Name, number, cells.Length));
                        continue;
                    }
                    texts ??= Encode(member, table, text, new RecordedNews(start.Events, news));
                    start.Events.Write("cell started", ("cell", cell.Name));
                    memory.Within(cell.Name, member.Model.Config, () => Fit(cell, member.Model, texts, folds, new RecordedNews(start.Events, news), number, cells.Length, cancel));
                    start.Events.Write("cell finished", ("cell", cell.Name));
                }
            }
            var rows = cells.Select(Row).OrderBy(row => row.Perplexity.Value).ToArray();
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

    OpenMember Open(MemberConfig config, HubSnapshot? source, Table table, TextTemplate text, MemoryBudget memory)
    {
        var local = OpenMember.Local(config, source);
        var member = MemberModel.Of(local, recipe.Train, () => TextData.Texts(table, text)) with { Device = memory.Device };
        _ = Objective(member, 0);
        using var model = member.BuildLanguage(0, out var report, Device.Meta);
        memory.Check(config.Name!, model, member.MaxLength(model), member.Config.Batch);
        return new(config, member, member.MaxLength(model), local.Model.Folder is null ? [] : [.. report.Lines()], OpenMember.Hash(local.Model, source), source);
    }

    static MaskedTokens Objective(MemberModel member, int seed) => new(member.Tokenizer, seed, member.Config.MaskShare ?? 0.15, member.Config.WholeWords ?? false);

    IEnumerable<Cell> Cells(OpenMember member, Table table) =>
        from seed in member.Config.Seeds
        let identity = new JsonObject { ["settings"] = recipe.FingerprintNode(member.Config, table.ContentHash, member.Weights), ["member"] = member.Name, ["seed"] = seed, ["fold"] = 0 }
        select new Cell(member.Name, seed, 0, files.Cell(member.Name, seed, 0), recipe.Fingerprint(member.Config, table.ContentHash, member.Weights), recipe.Settings(member.Config), identity);

    static bool Finished(Cell cell) => Cell.Recorded(cell.Folder, "fingerprint") == cell.Fingerprint && File.Exists(Path.Combine(cell.Folder.Checkpoint, "model.safetensors"));

    static TextData Encode(OpenMember member, Table table, TextTemplate text, RecordedNews news)
    {
        foreach (var note in member.Notes) news.Report(new NoteNews($"{member.Name}: {note}"));
        var cache = TokenCache.OfUser(note => news.Report(new NoteNews($"{member.Name}: {note}")));
        var texts = TextData.From(table, text, member.Model.Tokenizer, member.MaxLength, cache: cache);
        news.Report(new EncodedNews(member.Name, table.Count, texts.Truncated, texts.LostTokens, texts.AllTokens, member.MaxLength, member.Model.Tokenizer.VocabularySize, cache.Hits > 0));
        return texts;
    }

    bool Fit(Cell cell, MemberModel member, TextData texts, Folds folds, RecordedNews news, int number, int of, CancellationToken cancel)
    {
        if (File.Exists(cell.Folder.Metrics))
        {
            cell.Finished();                                  // what it would go on from belongs to what is replaced now
            File.Delete(cell.Folder.Metrics);
        }
        var clock = Stopwatch.GetTimestamp();
        var objective = Objective(member, cell.Seed);
        Example[] Usable(IEnumerable<int> rows) => [.. texts.Rows(rows).Where(objective.CanMask)];
        var (train, valid) = (Usable(folds.Train(0)), Usable(folds.Valid(0)));
        if (train.Length == 0 || valid.Length == 0) throw new DataException(recipe.Data.Train, $"has {train.Length} texts to learn from and {valid.Length} that are held out with tokens to mask; both need at least 1");
        if (texts.Examples.Count - train.Length - valid.Length is > 0 and var empty) news.Report(new NoteNews(FormattableString.Invariant($"{cell.Name}: {empty} texts have no token to mask and are left out")));
        var resume = new ResumeFolder(cell.Folder.Resume, recipe.Checkpoint.Disk?.Bytes, note => news.Report(new NoteNews($"{cell.Name}: {note}")));
        using var model = member.BuildLanguage(cell.Seed, out _);
        news.Report(new CellNews(cell.Name, number, of, (int)model.Params.Items.Sum(item => item.Stored.Count)));
        var learner = new Learner(model, member.Config, cell.Seed, tokenizer: member.Tokenizer, checkpointFolder: cell.Folder.Checkpoint, store: new FitStore(resume, recipe.Checkpoint.Every.Time, cell.Identity), objective: objective);
        var fit = learner.Fit(train, valid, cell.Progress(news, member.Device), cancel);
        var sums = objective.PerText(model, valid, member.Config.Precision, 4096, cancel);
        WriteMetrics(cell, fit, sums, valid.Length, Stopwatch.GetElapsedTime(clock).TotalSeconds);
        resume.Delete();
        news.Report(new CellDoneNews(cell.Name, fit));
        return true;
    }

    /// <summary>Perplexity and accuracy with intervals from resampled texts; written last, which marks the cell finished.</summary>
    static void WriteMetrics(Cell cell, FitResult fit, double[] sums, int texts, double seconds)
    {
        double Sum(ReadOnlySpan<int> rows, int which)
        {
            var sum = 0.0;
            foreach (var row in rows) sum += sums[(3 * row) + which];
            return sum;
        }
        var scores = Bootstrap.Intervals(texts, rows => [Math.Exp(Sum(rows, 0) / Sum(rows, 1)), Sum(rows, 2) / Sum(rows, 1)]);
        AtomicFile.Write(cell.Folder.Metrics, new JsonObject
        {
            ["fingerprint"] = cell.Fingerprint,
            ["settings"] = cell.Settings,
            ["perplexity"] = Json(scores[0]),
            ["accuracy"] = Json(scores[1]),
            ["maskedTokens"] = Enumerable.Range(0, texts).Sum(row => (long)sums[(3 * row) + 1]),
            ["loss"] = fit.Best.Loss,
            ["bestUpdate"] = fit.Best.Update,
            ["updates"] = fit.Updates,
            ["stoppedEarly"] = fit.StoppedEarly,
            ["tokensPerSecond"] = fit.Tokens / fit.Seconds,
            ["peakBytes"] = fit.PeakBytes,
            ["seconds"] = seconds,
        }.ToJsonString(indented) + "\n");
    }

    static LanguageRow Row(Cell cell)
    {
        var json = JsonNode.Parse(File.ReadAllText(cell.Folder.Metrics))!;
        Score Of(string key) => new(json[key]!["value"]!.GetValue<double>(), json[key]!["low"]!.GetValue<double>(), json[key]!["high"]!.GetValue<double>(), json[key]!["n"]!.GetValue<int>());
        return new(cell.Name, cell.Folder.Checkpoint, Of("perplexity"), Of("accuracy"), json["maskedTokens"]!.GetValue<long>(), json["seconds"]!.GetValue<double>(), json["peakBytes"]!.GetValue<long>());
    }

    static JsonObject Json(LanguageRow row) => new()
    {
        ["name"] = row.Cell,
        ["model"] = row.Folder,
        ["perplexity"] = Json(row.Perplexity),
        ["accuracy"] = Json(row.Accuracy),
        ["maskedTokens"] = row.MaskedTokens,
        ["seconds"] = row.Seconds,
        ["peakBytes"] = row.PeakBytes,
    };

    static JsonObject Json(Score score) => new() { ["value"] = score.Value, ["low"] = score.Low, ["high"] = score.High, ["n"] = score.N };
}
