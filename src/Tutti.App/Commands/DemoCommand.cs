using System.CommandLine;

namespace Tutti.App.Commands;

static class DemoCommand
{
    static readonly Option<string?> run = new("--run") { Description = "The run folder; default: runs/demo.", HelpName = "DIR" };

    // Its four cells take seconds each: processes of their own would cost as much again.
    public static Command Make()
    {
        var command = new Command("demo", "Train a small ensemble on the data shipped with Tutti; about a minute on two cores, no download.") { run };
        command.SetAction(parsed => Session.Guard(parsed, () => TrainCommand.Train(new(Recipe(), parsed.GetValue(run) ?? Path.Combine("runs", "demo"), []) { InProcess = true })));
        return command;
    }

    /// <summary>The demo's recipe, beside its data in samples/.</summary>
    static string Recipe()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Path.Combine(folder.FullName, "samples", "disaster", "demo.yaml") is var file && File.Exists(file)) return file;
        throw new ConfigException("samples/disaster/demo.yaml", $"was not found in any folder above {AppContext.BaseDirectory}; run the demo from a checkout of Tutti");
    }
}
