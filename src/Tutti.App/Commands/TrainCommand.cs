using System.CommandLine;
using Tutti.Distributed;
using Tutti.Hub;
using Tutti.Recipes;
using Tutti.Runs;

namespace Tutti.App.Commands;

static class TrainCommand
{
    static readonly Argument<string> recipe = new("RECIPE") { Description = "The recipe file (YAML)." };
    static readonly Option<string?> run = new("--run") { Description = "The run folder; default: runs/<name of the recipe>.", HelpName = "DIR" };
    static readonly Option<string[]> set = new("--set") { Description = "Change a key of the recipe, such as train.learning-rate=2e-5; may be repeated.", HelpName = "k=v" };
    static readonly Option<bool> offline = new("--offline") { Description = "Fetch no model: those of the hub are in the cache, or it is an error." };
    static readonly Option<bool> json = new("--json") { Description = "Print the leaderboard and scores as JSON." };

    static readonly Option<int> jobs = new("--jobs") { Description = "Cells that are trained at a time, as far as their memory allows; the cores are divided among them.", HelpName = "n", DefaultValueFactory = _ => 1 };
    static readonly Option<string?> limit = new("--limit") { Description = "The most time that this command may take, such as 6h; what does not fit is left out, the last seeds first.", HelpName = "TIME" };
    static readonly Option<string?> shard = new("--shard") { Description = "Train only this machine's part of the cells, such as 2/4; auto or auto/4: the part that Slurm or Kubernetes gives.", HelpName = "i/n" };
    static readonly Option<bool> inProcess = new("--in-process") { Description = "Train in this process, not each cell in one of its own." };
    static readonly Option<double> rankTimeout = new("--rank-timeout") { Description = "With several processes (WORLD_SIZE): one that shows no sign of life for so many seconds is lost, and all end.", HelpName = "s", DefaultValueFactory = _ => 30 };
    static readonly Option<double> collectiveTimeout = new("--collective-timeout") { Description = "With several processes: one that lives, but for so many seconds does not come to what the others wait for, is lost, and all end.", HelpName = "s", DefaultValueFactory = _ => 1800 };
    static readonly Option<bool> shardState = new("--shard-state") { Description = "With several processes: each keeps the optimizer's state of its part of the weights only." };
    static readonly Option<string> reduce = new("--reduce") { Description = "With several processes: how gradients are sent, full or bf16 (half the bytes, rounded).", HelpName = "full|bf16", DefaultValueFactory = _ => "full" };
    static readonly Option<string> spread = new("--spread") { Description = "With several processes: what is divided among them, the examples of every update, or cells, each trained by one; auto measures which is done first.", HelpName = "auto|updates|cells", DefaultValueFactory = _ => "auto" };
    static readonly Option<string?> cell = new("--cell") { Hidden = true, HelpName = "NAME" };

    public static Command Make()
    {
        var command = new Command("train", "Train every missing cell, blend, evaluate, write the submission; the same command resumes. Tokens of texts are kept in ~/.cache/tutti (TUTTI_CACHE=DIR: elsewhere, off: nowhere).")
            { recipe, run, set, jobs, limit, shard, inProcess, offline, json, spread, rankTimeout, collectiveTimeout, shardState, reduce, cell };
        command.SetAction(parsed => Session.Guard(parsed, () =>
        {
            var asked = new Asked(parsed.GetRequiredValue(recipe), parsed.GetValue(run), parsed.GetValue(set) ?? [])
            {
                Jobs = parsed.GetValue(jobs),
                Limit = parsed.GetValue(limit),
                Shard = parsed.GetValue(shard),
                InProcess = parsed.GetValue(inProcess),
                Offline = parsed.GetValue(offline),
                Json = parsed.GetValue(json),
            };
            if (parsed.GetValue(cell) is { } name) return TrainCell(asked, name);
            return TrainTogether.Meeting() is { } at ? TrainTogether.Run(asked, at, Options(parsed), Train) : Train(asked);
        }));
        return command;
    }

    static RankOptions Options(ParseResult parsed)
    {
        var (silence, collective, kind) = (Seconds(rankTimeout, 1), Seconds(collectiveTimeout, 10), parsed.GetValue(reduce));
        if (kind is not ("full" or "bf16")) throw new ConfigException("--reduce", $"got '{kind}', expected full or bf16");
        var divided = parsed.GetValue(spread) switch
        {
            "auto" => Spread.Auto,
            "updates" => Spread.Updates,
            "cells" => Spread.Cells,
            var other => throw new ConfigException("--spread", $"got '{other}', expected auto, updates or cells"),
        };
        if (divided == Spread.Cells && (parsed.GetValue(shardState) || kind == "bf16")) throw new ConfigException("--spread", $"got cells, each of which one process trains alone; take out {(kind == "bf16" ? "--reduce" : "--shard-state")}, which is for shared updates");
        return new() { Spread = divided, Silence = silence, Collective = collective, ShardState = parsed.GetValue(shardState), Rounded = kind == "bf16" };

        TimeSpan Seconds(Option<double> option, int least) =>
            parsed.GetValue(option) is var seconds && seconds >= least && seconds < 1e6 ? TimeSpan.FromSeconds(seconds) : throw new ConfigException(option.Name, FormattableString.Invariant($"got {seconds}, expected seconds from {least}"));
    }

    /// <summary>What a command line asks for.</summary>
    public sealed record Asked(string Recipe, string? Run, string[] Settings)
    {
        public int Jobs { get; init; } = 1;
        public string? Limit { get; init; }
        public string? Shard { get; init; }
        public bool InProcess { get; init; }
        public bool Offline { get; init; }
        public bool Json { get; init; }

        /// <summary>The processes that train together; null: this one alone.</summary>
        public Ranks? Ranks { get; init; }

        public string Folder => Run ?? Path.Combine("runs", Path.GetFileNameWithoutExtension(Recipe));
        public HubSettings? Hub => Offline ? HubSettings.OfUser(offline: true) : null;

        public Recipe Load() => Tutti.Recipes.Recipe.Load(Recipe, Limit is null ? Settings : [.. Settings, $"limit={Limit}"]);

        /// <summary>The command line that trains the same cells, without what concerns only the whole of them.</summary>
        public string[] Command => ["train", Recipe, "--run", Folder, .. Settings.SelectMany(setting => new[] { "--set", setting }), .. Offline ? ["--offline"] : Array.Empty<string>()];

        public GridOptions Grid => new()
        {
            Runner = InProcess || Ranks is not null ? null : CellProcess.Of(Command),
            Jobs = Jobs,
            Shard = Shard is null ? null : Tutti.Recipes.Shard.Parse(Shard, Environment.GetEnvironmentVariable),
            Again = $"tutti {string.Join(' ', Command.Select(Quoted))}",
        };

        static string Quoted(string word) => word.All(letter => char.IsAsciiLetterOrDigit(letter) || "-_./=:,+".Contains(letter)) ? word : $"'{word.Replace("'", "'\\''")}'";
    }

    /// <summary>Trains a recipe and prints what came out; also what the demo does.</summary>
    public static int Train(Asked asked)
    {
        if (RatingsRecipe.Is(asked.Recipe)) return TrainRatings(asked);
        var (loaded, grid) = (asked.Load(), asked.Grid);
        try
        {
            return loaded.Task switch
            {
                RecipeTask.LanguageModel => TrainLanguage(loaded, grid, asked),
                RecipeTask.TextClassification or RecipeTask.ImageClassification => ShowClasses(Watch.Run(news => new Run(loaded, asked.Folder) { Hub = asked.Hub, Grid = grid, Ranks = asked.Ranks }.Train(news, Session.Cancel)), asked),
                RecipeTask.Ulmfit => TrainSteps(loaded, asked),
                _ => TrainAnswers(loaded, grid, asked),
            };
        }
        catch (IncompleteRunException e) when (!e.Failed)
        {
            Session.Error.WriteLine($"tutti: {e.Message}");
            return 0;
        }
    }

    static int TrainRatings(Asked asked)
    {
        // Their models are trained in seconds, one after the other in this process.
        foreach (var (option, given) in new[] { ("--jobs", asked.Jobs != 1), ("--limit", asked.Limit is not null), ("--shard", asked.Shard is not null) })
            if (given) throw new ConfigException(option, "is not for task ratings, whose models are trained one after the other");
        var recipe = RatingsRecipe.Load(asked.Recipe, asked.Settings);
        var result = Watch.Run(news => new RatingsRun(recipe, asked.Folder).Train(news, Session.Cancel));
        if (asked.Json) Show.Line(File.ReadAllText(result.Leaderboard).TrimEnd());
        else ShowRatings.Result(result);
        return 0;
    }

    static int TrainSteps(Recipe loaded, Asked asked)
    {
        // The processes of a step's cells are started with the step's own recipe.
        var run = new UlmfitRun(loaded, asked.Folder) { Hub = asked.Hub, Ranks = asked.Ranks, Grid = (file, folder) => (asked with { Recipe = file, Run = folder, Settings = [] }).Grid with { Again = asked.Grid.Again } };
        var result = Watch.Run(news => run.Train(news, Session.Cancel));
        if (!asked.Json)
            foreach (var (step, rows) in run.Steps) Show.Perplexities(rows, step);
        return ShowClasses(result, asked);
    }

    static int ShowClasses(RunResult result, Asked asked)
    {
        if (asked.Json)
        {
            Show.Line(File.ReadAllText(result.Files.Leaderboard).TrimEnd());
            foreach (var warning in result.Blend.Warnings) Show.Warning(warning);
            return 0;
        }
        if (result.Corrections is { } corrections) ShowCorrections.Gain(corrections);
        Show.Leaderboard(result.Leaderboard);
        ShowGains.All(result.Gains);
        Show.Blend(result.Blend);
        ShowScores.Summary(result.Summary, result.Classes);
        Files(result.Files, result.Test, result.Submission);
        Show.Line($"rows whose label is probably wrong: tutti labels --run {result.Files.Root}");
        return 0;
    }

    static int TrainAnswers(Recipe loaded, GridOptions grid, Asked asked)
    {
        var result = Watch.Run(news => new Run(loaded, asked.Folder) { Hub = asked.Hub, Grid = grid, Ranks = asked.Ranks }.TrainAnswers(news, Session.Cancel));
        if (asked.Json)
        {
            Show.Line(File.ReadAllText(result.Files.Leaderboard).TrimEnd());
            return 0;
        }
        ShowAnswers.Board(result.Leaderboard);
        ShowGains.All(result.Gains);
        ShowAnswers.Scores(result.Answers);
        Files(result.Files, result.Test, result.Submission);
        return 0;
    }

    static void Files(RunFolder files, string? test, string? submission)
    {
        Show.Line($"predictions of the held-out rows: {files.OutOfFold}");
        if (test is not null) Show.Line($"predictions of the test rows: {test}");
        if (submission is not null) Show.Line($"submission: {submission}");
        Show.Line($"report: {files.Report}");
    }

    static int TrainLanguage(Recipe recipe, GridOptions grid, Asked asked)
    {
        var rows = Watch.Run(news => new LanguageRun(recipe, asked.Folder) { Hub = asked.Hub, Grid = grid, Ranks = asked.Ranks }.Train(news, Session.Cancel));
        if (asked.Json) Show.Line(File.ReadAllText(new RunFolder(asked.Folder).Leaderboard).TrimEnd());
        else
        {
            Show.Perplexities(rows);
            Show.Line($"report: {new RunFolder(asked.Folder).Report}");
        }
        return 0;
    }

    /// <summary>What the process of one cell does: trains it and tells its news.</summary>
    static int TrainCell(Asked asked, string name)
    {
        if (asked.Limit is not null) throw new ConfigException("--limit", "cannot be given together with --cell: it is for all cells of a run");
        if (asked.Shard is not null) throw new ConfigException("--shard", "cannot be given together with --cell, which names the only one");
        var (loaded, news, cancel) = (asked.Load(), CellProcess.Teller(Session.Out), CellProcess.Orphaned(Session.Cancel));
        try
        {
            if (loaded.Task == RecipeTask.LanguageModel) new LanguageRun(loaded, asked.Folder) { Hub = asked.Hub }.TrainCell(name, news, cancel);
            else new Run(loaded, asked.Folder) { Hub = asked.Hub }.TrainCell(name, news, cancel);
            return 0;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return Session.Interrupted;
        }
    }
}
