using System.Diagnostics;
using Tutti.Tests.Recipes;

namespace Tutti.Tests.App;

/// <summary>The command line as a process: signals, and two processes on one folder.</summary>
[Collection(RunCollection.Name)]
public sealed class InterruptTests(TinyRun run)
{
    [Fact]
    public async Task Interrupted_training_keeps_finished_cells_and_the_same_command_completes()
    {
        Signal.SkipWhereThereAreNone();
        using var temp = Shared.Temp();
        var token = TestContext.Current.CancellationToken;
        using var process = CommandLine.Start("train", run.Input("recipe.yaml"), "--run", temp.File("run"));
        var output = process.StandardOutput.ReadToEndAsync(token);
        await Until(process, "[2/6]", token);
        Signal.Send(process, Signal.Interrupt);
        var rest = await process.StandardError.ReadToEndAsync(token);
        await process.WaitForExitAsync(token);
        Assert.Equal(130, process.ExitCode);
        Assert.Contains("interrupted; finished cells and the state of this one are kept, the same command goes on from there", rest, StringComparison.Ordinal);
        Assert.Equal("", await output);
        Assert.True(File.Exists(temp.File("run/cells/deep-s1-f0/metrics.json")));

        var again = CommandLine.Run("train", run.Input("recipe.yaml"), "--run", temp.File("run"));
        Assert.Equal(0, again.Code);
        Assert.Contains("[1/6] deep seed 1 fold 0: already trained", again.Error, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllText(Path.Combine(run.Folder, "submission.csv")), File.ReadAllText(temp.File("run/submission.csv")));
    }

    [Fact]
    public async Task A_second_process_with_another_recipe_on_the_same_folder_is_refused()
    {
        using var temp = Shared.Temp();
        var token = TestContext.Current.CancellationToken;
        using var process = CommandLine.Start("train", run.Input("recipe.yaml"), "--run", temp.File("run"), "--set", "train.epochs=40", "--set", "checkpoint.every=0 s");
        var output = process.StandardOutput.ReadToEndAsync(token);
        await Until(process, "[1/6]", token);
        CommandLine.Run("train", run.Input("recipe.yaml"), "--run", temp.File("run"), "--set", "train.epochs=40", "--set", "memory=3 GB").IsWrongInput("another process is training this folder's run", "memory: was not set, is '3 GB'", "--run");
        CommandLine.Run("train", run.Input("recipe.yaml"), "--run", temp.File("run"), "--set", "train.epochs=41").IsWrongInput("another process is training this folder's run", "train.epochs: was 40, is 41", "--run");
        Assert.False(process.HasExited);
        Assert.DoesNotContain("3 GB", await File.ReadAllTextAsync(temp.File("run/recipe.yaml"), token), StringComparison.Ordinal);
        var resume = temp.File("run/cells/deep-s1-f0/resume");
        while (!Directory.Exists(resume) || !Directory.EnumerateFiles(resume, "point-*.json").Any()) await Task.Delay(2, token);
        process.Kill();
        await process.WaitForExitAsync(token);
        await output;
        // The lock goes with the process, however it ended. A cell that was begun stays another recipe's.
        CommandLine.Run("train", run.Input("recipe.yaml"), "--run", temp.File("run")).IsWrongInput("resume", "train.epochs: was 40, is 2");
        Directory.Delete(temp.File("run/cells"), recursive: true);
        Assert.Equal(0, CommandLine.Run("train", run.Input("recipe.yaml"), "--run", temp.File("run")).Code);
    }

    [Fact]
    public async Task The_process_returns_the_codes_of_the_contract()
    {
        Assert.Equal(0, (await CommandLine.RunProcess()).Code);
        Assert.Equal(2, (await CommandLine.RunProcess("train", "absent.yaml")).Code);
        (await CommandLine.RunProcess("nonsense")).IsWrongInput("nonsense");
    }

    static async Task Until(Process process, string text, CancellationToken token)
    {
        while (await process.StandardError.ReadLineAsync(token) is { } line)
            if (line.Contains(text, StringComparison.Ordinal)) return;
        Assert.Fail($"the process ended before it printed {text}");
    }
}
