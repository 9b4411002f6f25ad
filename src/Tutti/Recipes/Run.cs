using System.Globalization;
using System.Security.Cryptography;
using Tutti.Ensembling;
using Tutti.Evaluation;
using Tutti.Predictions;
using Tutti.Reports;
using Tutti.Runs;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>
/// The story of a run, from file to submission: open and check everything; show the data; train every missing cell; blend; evaluate; write
/// leaderboard and submission. Repeating a run trains only what is missing or changed.
/// </summary>
/// <param name="recipe">What to do.</param>
/// <param name="folder">The run folder; created when everything has been checked.</param>
public sealed class Run(Recipe recipe, string folder)
{
    readonly RunFolder files = new(folder);

    /// <summary>Trains every missing cell, blends, evaluates and writes the results.</summary>
    /// <exception cref="InputException">Something the user can mend; nothing was written unless cells had been trained already.</exception>
    /// <exception cref="TrainingException">The numbers of a cell broke.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; finished cells are kept.</exception>
    public RunResult Train(IProgress<RunNews>? news = null, CancellationToken cancel = default)
    {
        recipe.Check();
        var data = RunData.Open(recipe);
        var members = OpenMembers(data);
        CheckSample(data);
        var cells = Cells(data);

        using var events = Begin(data, cells);
        news?.Report(new DataNews(recipe.Data.Train, data.Summary(), [.. Enumerable.Range(0, data.Folds.Count).Select(fold => data.Folds.Valid(fold).Length)], data.Test?.Count ?? 0));
        var number = 0;
        foreach (var (config, member) in recipe.Members.Zip(members))
            number = TrainMember(config, member, data, cells, number, events, news, cancel);

        var oof = Blended(cells, cell => cell.Folder.Predictions, out var perMember, data.TrainIds);
        PredictionFile.Write(files.OutOfFold, oof);
        Blend.Record(Kind, BlendMembers(perMember)).Write(files.Blend);
        if (data.Test is not null) WriteTest(data, cells);
        var result = Evaluate(oof, perMember, cells, data);
        events.Write("finished", ("accuracy", result.Summary.Scores[0].Score.Value));
        return result;
    }

    BlendKind Kind => recipe.Blend == RecipeBlend.Geometric ? BlendKind.Geometric : BlendKind.Mean;

    /// <summary>Tokenizers and, once, every model that comes from a folder: what cannot be loaded is said before anything is written.</summary>
    MemberModel[] OpenMembers(RunData data)
    {
        var texts = TextData.Texts(data.Train, data.Text);
        var all = data.Pair is null ? texts : [.. texts, .. TextData.Texts(data.Train, data.Pair)];
        var members = recipe.Members.Select(config => MemberModel.Of(config, recipe.Train, () => all)).ToArray();
        foreach (var member in members.Where(member => member.Spec.Folder is not null))
            member.Build(data.Labels.Names, 0, out _).Dispose();
        return members;
    }

    void CheckSample(RunData data)
    {
        if (recipe.Submission is null || recipe.SampleFile is not { } sample) return;
        var uniform = new PredictionSet(data.TestIds, data.Labels.Names, [.. Enumerable.Repeat(1.0 / data.Labels.Count, data.TestIds.Count * data.Labels.Count)]);
        Submission.Check(sample, uniform, recipe.Data.Id ?? "id");
    }

    Cell[] Cells(RunData data)
    {
        var hashes = recipe.Members.ToDictionary(member => member.Name!, member => recipe.Fingerprint(member, data.Train.ContentHash, ModelHash(member.Model)));
        return [.. from member in recipe.Members
                   from seed in member.Seeds
                   from fold in Enumerable.Range(0, data.Folds.Count)
                   select new Cell(member.Name!, seed, fold, files.Cell(member.Name!, seed, fold), hashes[member.Name!])];
    }

    /// <summary>Creates the folder and writes what the run is: recipe in effect, hashes, folds.</summary>
    EventLog Begin(RunData data, Cell[] cells)
    {
        var facts = new (string Name, object? Value)[]
        {
            ("tutti", typeof(Run).Assembly.GetName().Version?.ToString(3)), ("libtorch", Engine.Version), ("threads", Engine.Threads),
            ("train", data.Train.ContentHash), ("test", data.Test?.ContentHash), ("cells", cells.Length),
        };
        AtomicFile.Write(files.Recipe, recipe.ToYaml(string.Join("\n", facts.Select(fact => string.Create(CultureInfo.InvariantCulture, $"{fact.Name}: {fact.Value ?? "none"}")))));
        data.Folds.Save(files.Folds, data.TrainIds);
        SeenRows.Write(files.SeenRows, data);
        var events = new EventLog(files.Events);
        events.Write("started", facts);
        return events;
    }

    static int TrainMember(MemberConfig config, MemberModel member, RunData data, Cell[] all, int number, EventLog events, IProgress<RunNews>? news, CancellationToken cancel)
    {
        var cells = all.Where(cell => cell.Member == config.Name).ToArray();
        TextData.Encoded? train = null, test = null;
        foreach (var cell in cells)
        {
            number++;
            if (cell.Finished(data.Test is not null))
            {
                news?.Report(new SkippedNews(cell.Name, number, all.Length));
                continue;
            }
            if (File.Exists(cell.Folder.Metrics)) news?.Report(new NoteNews($"{cell.Name} was trained with other settings or data and is trained again"));
            if (train is null) (train, test) = Encode(config, member, data, news);
            events.Write("cell started", ("cell", cell.Name));
            var fit = cell.Train(member, data, train, test, new Recorded(events, news), number, all.Length, cancel);
            events.Write("cell finished", ("cell", cell.Name), ("loss", fit.Best.Loss), ("accuracy", fit.Best.Accuracy), ("seconds", fit.Seconds), ("peakBytes", fit.PeakBytes));
        }
        return number;
    }

    /// <summary>Encodes the rows once per member; says what was cut and what starts fresh.</summary>
    static (TextData.Encoded Train, TextData.Encoded? Test) Encode(MemberConfig config, MemberModel member, RunData data, IProgress<RunNews>? news)
    {
        int length;
        using (var model = member.Build(data.Labels.Names, 0, out var report))
        {
            length = member.MaxLength(model);
            if (member.Spec.Folder is not null)
                foreach (var line in report.Lines()) news?.Report(new NoteNews($"{config.Name}: {line}"));
        }
        var classes = data.Labels.Names;
        var train = TextData.From(data.Train, data.Text, data.Pair, data.Truth, data.TrainIds, classes, member.Tokenizer, length);
        var test = data.Test is null ? null : TextData.From(data.Test, data.Text, data.Pair, null, data.TestIds, classes, member.Tokenizer, length);
        news?.Report(new EncodedNews(config.Name!, data.Train.Count, train.Truncated, train.LostTokens, train.AllTokens, length, member.Tokenizer.VocabularySize));
        return (train, test);
    }

    /// <summary>Folds joined, seeds averaged, members blended. Rows stand in the order of the ids.</summary>
    PredictionSet Blended(Cell[] cells, Func<Cell, string> file, out Dictionary<string, PredictionSet> perMember, IReadOnlyList<string> order)
    {
        perMember = [];
        foreach (var member in cells.GroupBy(cell => cell.Member))
        {
            var seeds = member.GroupBy(cell => cell.Seed).Select(folds => PredictionSet.Join([.. folds.Select(cell => PredictionFile.Read(file(cell)))], order));
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
            Submission.Write(Path.Combine(files.Root, submission.File), test, recipe.Data.Id ?? "id", recipe.Data.Label, recipe.SampleFile);
    }

    RunResult Evaluate(PredictionSet oof, Dictionary<string, PredictionSet> perMember, Cell[] cells, RunData data)
    {
        var summary = EvaluationSummary.Of(oof);
        var rows = perMember.Select(pair => LeaderboardRow.Of(pair.Key, pair.Value, [.. cells.Where(cell => cell.Member == pair.Key).Select(cell => cell.Folder.Metrics)])).ToList();
        if (perMember.Count > 1) rows.Add(LeaderboardRow.Of($"blend ({recipe.Blend.ToString().ToLowerInvariant()})", oof, []));
        var baseline = Baselines.Majority(oof, fold => Shares(data, fold));
        rows.Add(LeaderboardRow.Of($"always '{baseline.Classes[baseline.Predicted(0)]}'", baseline, []));
        var leaderboard = new Leaderboard([.. rows]);
        leaderboard.Write(files.Leaderboard);
        AtomicFile.Write(files.Metrics, EvaluationJson.Text(summary));
        return new(files, leaderboard, summary, oof.Classes, recipe.Submission is { } s && data.Test is not null ? Path.Combine(files.Root, s.File) : null);
    }

    static double[] Shares(RunData data, int fold)
    {
        var rows = data.Folds.Train(fold);
        return [.. Enumerable.Range(0, data.Labels.Count).Select(c => rows.Count(row => data.Truth[row] == c) / (double)rows.Length)];
    }

    /// <summary>A hash of a model folder's files, so that a changed checkpoint makes cells stale; null for a model from nothing.</summary>
    static string? ModelHash(ModelSpec spec)
    {
        if ((spec.Folder ?? spec.Tokenizer) is not { } path) return null;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var found = Directory.Exists(path) ? Directory.EnumerateFiles(path).Order(StringComparer.Ordinal) : (IEnumerable<string>)[path];
        foreach (var file in found)
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes(Path.GetFileName(file)));
            using var stream = File.OpenRead(file);
            hash.AppendData(SHA256.HashData(stream));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Writes evaluations to the event log on their way to whoever watches.</summary>
    sealed class Recorded(EventLog events, IProgress<RunNews>? to) : IProgress<RunNews>
    {
        public void Report(RunNews value)
        {
            if (value is EvaluationNews { Result: var r } news)
                events.Write("evaluated", ("cell", news.Cell), ("update", r.Update), ("loss", r.Loss), ("accuracy", r.Accuracy), ("macroF1", r.MacroF1), ("best", r.Best));
            if (value is StepNews { Step: var s })
                events.Write("step", ("cell", ((StepNews)value).Cell), ("update", s.Update), ("loss", s.Loss), ("rate", s.Rate), ("norm", s.GradientNorm), ("tokens", s.Tokens), ("seconds", s.Seconds), ("bytes", s.Memory.InUse));
            to?.Report(value);
        }
    }
}
