using System.CommandLine;
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

    public static Command Make()
    {
        var command = new Command("train", "Train every missing cell, blend, evaluate, write the submission; the same command resumes. Tokens of texts are kept in ~/.cache/tutti (TUTTI_CACHE=DIR: elsewhere, off: nowhere).") { recipe, run, set, offline, json };
        command.SetAction(parsed => Session.Guard(parsed, () => Train(parsed.GetRequiredValue(recipe), parsed.GetValue(run), parsed.GetValue(set) ?? [], parsed.GetValue(json), parsed.GetValue(offline))));
        return command;
    }

    /// <summary>Trains a recipe and prints what came out; also what the demo does.</summary>
    public static int Train(string file, string? folder, string[] settings, bool asJson, bool offline = false)
    {
        var loaded = Recipe.Load(file, settings);
        folder ??= Path.Combine("runs", Path.GetFileNameWithoutExtension(file));
        var hub = offline ? HubSettings.OfUser(offline: true) : null;
        if (loaded.Task == RecipeTask.LanguageModel) return TrainLanguage(loaded, folder, hub, asJson);
        var result = Watch.Run(news => new Run(loaded, folder) { Hub = hub }.Train(news, Session.Cancel));
        if (asJson)
        {
            Show.Line(File.ReadAllText(result.Files.Leaderboard).TrimEnd());
            return 0;
        }
        Show.Leaderboard(result.Leaderboard);
        Show.Summary(result.Summary, result.Classes);
        Show.Line($"predictions of the held-out rows: {result.Files.OutOfFold}");
        if (result.Test is not null) Show.Line($"predictions of the test rows: {result.Test}");
        if (result.Submission is not null) Show.Line($"submission: {result.Submission}");
        Show.Line($"report: {result.Files.Report}");
        return 0;
    }

    static int TrainLanguage(Recipe recipe, string folder, HubSettings? hub, bool asJson)
    {
        var rows = Watch.Run(news => new LanguageRun(recipe, folder) { Hub = hub }.Train(news, Session.Cancel));
        if (asJson) Show.Line(File.ReadAllText(new RunFolder(folder).Leaderboard).TrimEnd());
        else
        {
            Show.Perplexities(rows);
            Show.Line($"report: {new RunFolder(folder).Report}");
        }
        return 0;
    }
}
