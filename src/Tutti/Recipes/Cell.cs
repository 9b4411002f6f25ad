using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Distributed;
using Tutti.Models;
using Tutti.Predictions;
using Tutti.Runs;
using Tutti.Text;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>What an earlier run left of a cell.</summary>
public enum CellState
{
    /// <summary>Nothing that is finished.</summary>
    Missing,

    /// <summary>It was trained with other settings or data.</summary>
    Stale,

    /// <summary>It is trained, but the test rows are others now.</summary>
    OtherTest,

    Finished,
}

/// <summary>What a cell trains with.</summary>
/// <param name="Config">The member's settings.</param>
/// <param name="Device">Where it trains.</param>
/// <param name="Tokenizer">Kept beside its weights; null for pictures.</param>
/// <param name="Build">Its network, which the cell disposes.</param>
/// <param name="Learnt">What is learnt from where that is more than the labelled rows.</param>
public sealed record CellFit(TrainConfig Config, Device Device, Tokenizer? Tokenizer, Func<Network> Build, Func<Network, Example[], Example[]> Learnt)
{
    /// <summary>What is learnt of one class per row, from the weights of the classes (null: 1 each); null for what the data says.</summary>
    public Func<double[]?, Objective?>? Objective { get; init; }
}

/// <summary>One cell of members x seeds x folds: trained once, then read from its folder.</summary>
/// <param name="Member">The member's name.</param>
/// <param name="Fingerprint">Of everything that decides the result; another one makes the cell stale.</param>
/// <param name="Identity">What the fingerprint hashes, with seed and fold: a resume point of another identity is refused, the difference named.</param>
/// <param name="Settings">The same without the contents of the data, as <see cref="TrainedRun"/> knows it from the recipe alone.</param>
public sealed record Cell(string Member, int Seed, int Fold, CellFolder Folder, string Fingerprint, string Settings, JsonObject Identity)
{
    static readonly JsonSerializerOptions indented = new() { WriteIndented = true };

    public string Name => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Member} seed {Seed} fold {Fold}");

    /// <summary>All cells of a member, in the order of seeds and folds.</summary>
    /// <param name="weights">A hash of what it starts from; null where it starts from nothing.</param>
    public static IEnumerable<Cell> Of(Recipe recipe, RunFolder files, RunData data, MemberConfig member, string? weights)
    {
        var (name, fingerprint, settings) = (member.Name!, recipe.Fingerprint(member, data.Identity, weights), recipe.Settings(member));
        return from seed in member.Seeds
               from fold in Enumerable.Range(0, data.Folds.Count)
               let identity = new JsonObject { ["settings"] = recipe.FingerprintNode(member, data.Identity, weights), ["member"] = name, ["seed"] = seed, ["fold"] = fold }
               select new Cell(name, seed, fold, files.Cell(name, seed, fold), fingerprint, settings, identity);
    }

    /// <summary>How much of this very cell an earlier run finished.</summary>
    /// <param name="test">The hash of the test rows, or null when there are none.</param>
    public CellState State(string? test)
    {
        if (!File.Exists(Folder.Metrics)) return CellState.Missing;
        if (Recorded(Folder, "fingerprint") != Fingerprint) return CellState.Stale;
        if (!File.Exists(Folder.Predictions) || !File.Exists(Path.Combine(Folder.Checkpoint, "model.safetensors"))) return CellState.Missing;
        return test is null || (Recorded(Folder, "test") == test && File.Exists(Folder.Test)) ? CellState.Finished : CellState.OtherTest;
    }

    /// <summary>What a stale cell was trained with that is other now, as a recipe spells it; what can be said of cells that record nothing of it.</summary>
    public string Change()
    {
        return Metrics(Folder)?["identity"]?["settings"] is JsonObject was && SettingsDifference.Of(was, Identity["settings"]!.AsObject()) is { Count: > 0 } lines
            ? string.Join("; ", lines) : "settings or data";
    }

    /// <summary>Refuses a cell that was begun by another recipe: going on would mix two, beginning again would lose what it has.</summary>
    /// <exception cref="ConfigException">Names what differs.</exception>
    public void CheckResume(CheckpointConfig checkpoint)
    {
        if (State(null) != CellState.Missing || new ResumeFolder(Folder.Resume, checkpoint.Disk?.Bytes).Peek()?["identity"] is not JsonObject was || JsonNode.DeepEquals(was, Identity)) return;
        throw new ConfigException(Folder.Resume, $"holds the checkpoint of another recipe: {string.Join("; ", SettingsDifference.Of(was, Identity))}.\n"
            + "Set it back to go on; delete this folder to begin the cell again; or choose another folder with --run.");
    }

    /// <summary>A text that a finished cell recorded; null when the file is missing, damaged or says nothing of it.</summary>
    internal static string? Recorded(CellFolder folder, string key) => Metrics(folder)?[key] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    /// <summary>What a finished cell recorded; null when the file is missing or damaged.</summary>
    internal static JsonObject? Metrics(CellFolder folder)
    {
        if (!File.Exists(folder.Metrics)) return null;
        try
        {
            return JsonNode.Parse(File.ReadAllText(folder.Metrics)) as JsonObject;
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            return null;                                      // another process may be training it again
        }
    }

    /// <summary>A number that a finished cell recorded, or null.</summary>
    internal double? Number(string key) => Metrics(Folder)?[key] is JsonValue value && value.TryGetValue<double>(out var number) ? number : null;

    /// <summary>Predicts other test rows with the cell's checkpoint.</summary>
    public void PredictTest(TrainConfig config, Device device, RunData data)
    {
        using (var model = new TrainedModel(Folder.Checkpoint, config, device))
        {
            var values = model.Probabilities(model.Encode(data.Test!, data.Text, data.Pair));
            if (data.Answers is { } known) AnswerFile.Write(Folder.Test, new(data.TestIds, known.Answers, values));
            else PredictionFile.Write(Folder.Test, new(data.TestIds, data.Labels.Names, values));
        }
        var metrics = JsonNode.Parse(File.ReadAllText(Folder.Metrics))!;
        metrics["test"] = data.Test!.ContentHash;
        AtomicFile.Write(Folder.Metrics, metrics.ToJsonString(indented) + "\n");
    }

    /// <summary>Trains, predicts the held-out and the test rows, and writes the cell's folder; <c>metrics.json</c> comes last and marks it finished.</summary>
    /// <param name="ranks">The processes that train it together; null: this one alone.</param>
    /// <returns>What the fit came to.</returns>
    public FitResult Train(CellFit member, RunData data, IReadOnlyList<Example> train, IReadOnlyList<Example>? test, CheckpointConfig checkpoint, IProgress<RunNews>? news, int number, int of, CancellationToken cancel, Ranks? ranks = null)
    {
        if (File.Exists(Folder.Metrics))
        {
            Finished();                                       // what it would go on from belongs to what is replaced now
            File.Delete(Folder.Metrics);
        }
        var before = (Tensors: LiveTensors.Current.Count, Bytes: Memory.Stats(member.Device).InUse);
        var clock = Stopwatch.GetTimestamp();
        var resume = new ResumeFolder(Folder.Resume, checkpoint.Disk?.Bytes, note => news?.Report(new NoteNews($"{Name}: {note}")));
        FitResult fit;
        using (var model = member.Build())
        {
            news?.Report(new CellNews(Name, number, of, (int)model.Params.Items.Sum(item => item.Stored.Count)));
            var (examples, valid, objective) = Rows(member, data, train, model);
            var store = new FitStore(resume, checkpoint.Every.Time, Identity);
            var learner = new Learner(model, member.Config, Seed, null, member.Tokenizer, Folder.Checkpoint, data.NameOf, store, objective) { Ranks = ranks };
            fit = learner.Fit(examples, valid, news is null ? null : Progress(news, member.Device, examples[0].Picture is null ? null : plan => plan.Pictures(examples[0].Length, member.Config.Batch)), cancel);
            double[] Values(IReadOnlyList<Example> rows) => Cell.Values(model, rows, objective, member, ranks, cancel);
            Write(Folder.Predictions, valid, Values(valid), data.TrainIds, data, Fold);
            if (test is not null) Write(Folder.Test, test, Values(test), data.TestIds, data, null);
        }
        Memory.Trim();
        var after = (Tensors: LiveTensors.Current.Count, Bytes: Memory.Stats(member.Device).InUse);
        WriteMetrics(fit, test is null ? null : data.Test!.ContentHash, Stopwatch.GetElapsedTime(clock).TotalSeconds, after.Tensors - before.Tensors, after.Bytes - before.Bytes);
        resume.Delete();
        news?.Report(new CellDoneNews(Name, fit));
        return fit;
    }

    /// <summary>A process's part of a cell that rank 0 trains: the same fit and the same predictions, of which this one computes its share and writes nothing.</summary>
    internal void Help(CellFit member, RunData data, IReadOnlyList<Example> train, IReadOnlyList<Example>? test, Ranks ranks, CancellationToken cancel)
    {
        using var model = member.Build();
        var (examples, valid, objective) = Rows(member, data, train, model);
        new Learner(model, member.Config, Seed, null, member.Tokenizer, nameOf: data.NameOf, objective: objective) { Ranks = ranks }.Fit(examples, valid, cancel: cancel);
        _ = Values(model, valid, objective, member, ranks, default);
        if (test is not null) _ = Values(model, test, objective, member, ranks, default);
        Memory.Trim();
    }

    /// <summary>Measures an update; writes nothing.</summary>
    internal UpdateTrial Try(CellFit member, RunData data, IReadOnlyList<Example> train, Ranks? ranks, int updates, CancellationToken cancel)
    {
        using var model = member.Build();
        var (examples, valid, objective) = Rows(member, data, train, model);
        var trial = UpdateTrial.Of(model, member.Config, Seed, examples, valid, objective, ranks, updates, cancel);
        Memory.Trim();
        return trial;
    }

    (IReadOnlyList<Example> Learnt, Example[] Valid, Objective Objective) Rows(CellFit member, RunData data, IReadOnlyList<Example> train, Network model)
    {
        var valid = data.Known(data.Folds.Valid(Fold).Select(row => train[row]));
        var labelled = data.Known(data.Folds.Train(Fold).Select(row => train[row]));
        return (member.Learnt(model, labelled), valid, CellObjective.Of(data, member.Config, labelled, model, weights => member.Objective?.Invoke(weights) ?? data.Taught?.Objective(weights, member.Config.LabelSmoothing)));
    }

    // Where several processes predict, none ends before the others.
    static double[] Values(Network model, IReadOnlyList<Example> rows, Objective objective, CellFit member, Ranks? ranks, CancellationToken cancel) =>
        ranks is null ? Predictor.Values(model, rows, objective, member.Config.Precision, cancel: cancel) : SharedFit.Values(ranks, rows, mine => Predictor.Values(model, mine, objective, member.Config.Precision));

    /// <summary>Removes what a finished cell needs no more: a process may have been killed before it could.</summary>
    public void Finished() => new ResumeFolder(Folder.Resume).Delete();

    /// <summary>Hands what happens in the fit on as news of this cell.</summary>
    /// <param name="pictures">Of pictures, how many a plan computes at a time; null for texts.</param>
    internal FitProgress Progress(IProgress<RunNews> news, Device device, Func<MemoryPlan, int>? pictures = null) => new(
        new Forward<StepResult>(step => news.Report(new StepNews(Name, step))),
        new Forward<EvaluationResult>(result => news.Report(new EvaluationNews(Name, result))),
        new Forward<MemoryReport>(memory => news.Report(new PlanNews(Name, memory, Memory.Stats(device).Limit) { Pictures = pictures?.Invoke(memory.Plan) })),
        new Forward<ReplayResult>(replay => news.Report(new ReplayNews(Name, replay) { OfPictures = pictures is not null })),
        new Forward<string>(note => news.Report(new NoteNews($"{Name}: {note}"))));

    /// <summary>Writes predictions; those of a fold's held-out rows with the truth.</summary>
    static void Write(string path, IReadOnlyList<Example> examples, double[] values, IReadOnlyList<string> ids, RunData data, int? fold)
    {
        string[] names = [.. examples.Select(example => ids[example.Row])];
        int[]? folds = fold is { } f ? [.. examples.Select(_ => f)] : null;
        if (data.Answers is { } known) AnswerFile.Write(path, new(names, known.Answers, values, fold is null ? null : [.. examples.SelectMany(example => example.Targets!.Select(value => (double)value))], folds));
        else PredictionFile.Write(path, new(names, data.Labels.Names, values, fold is null ? null : [.. examples.Select(example => example.Label)], folds));
    }

    void WriteMetrics(FitResult fit, string? test, double seconds, long tensors, long bytes) => AtomicFile.Write(Folder.Metrics, new JsonObject
    {
        ["fingerprint"] = Fingerprint,
        ["settings"] = Settings,
        ["identity"] = Identity.DeepClone(),
        ["test"] = test,
        ["loss"] = fit.Best.Loss,
        ["accuracy"] = Number(fit.Best.Accuracy),
        ["macroF1"] = Number(fit.Best.MacroF1),
        ["targets"] = fit.Best.Targets.Count == 0 ? null : new JsonArray([.. fit.Best.Targets.Select(score => (JsonNode)new JsonObject { ["name"] = score.Name, ["measure"] = score.Measure, ["value"] = Number(score.Value) })]),
        ["bestUpdate"] = fit.Best.Update,
        ["updates"] = fit.Updates,
        ["stoppedEarly"] = fit.StoppedEarly,
        ["examplesPerSecond"] = fit.Examples / fit.Seconds,
        ["tokensPerSecond"] = fit.Tokens / fit.Seconds,
        ["dataShare"] = fit.DataSeconds / fit.Seconds,
        ["peakBytes"] = fit.PeakBytes,
        ["seconds"] = seconds,
        ["tensorsLeft"] = tensors,
        ["bytesLeft"] = bytes,
    }.ToJsonString(indented) + "\n");

    /// <summary>Records another run's cell as this one, with what its held-out rows came to by the labels of now.</summary>
    /// <param name="of">What it recorded.</param>
    internal void WriteReused(JsonObject of, double loss, Evaluation.ConfusionMatrix matrix)
    {
        var metrics = of.DeepClone().AsObject();
        metrics["reused"] = of["fingerprint"]?.DeepClone();
        (metrics["fingerprint"], metrics["settings"], metrics["identity"]) = (Fingerprint, Settings, Identity.DeepClone());
        (metrics["loss"], metrics["accuracy"], metrics["macroF1"]) = (loss, Evaluation.Metrics.Accuracy(matrix), Evaluation.Metrics.F1MacroOfPresent(matrix));
        AtomicFile.Write(Folder.Metrics, metrics.ToJsonString(indented) + "\n");
    }

    // Numbers have no accuracy, and JSON no word for that.
    static JsonNode? Number(double value) => double.IsNaN(value) ? null : value;

    /// <summary>Hands progress on at once and in order, which System.Progress does not promise.</summary>
    sealed class Forward<T>(Action<T> to) : IProgress<T>
    {
        public void Report(T value) => to(value);
    }
}
