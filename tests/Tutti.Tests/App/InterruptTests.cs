using System.Diagnostics;
using System.Runtime.InteropServices;
using Tutti.Tests.Recipes;

namespace Tutti.Tests.App;

/// <summary>The command line as a process: signals, and two processes on one folder.</summary>
[Collection(RunCollection.Name)]
public sealed partial class InterruptTests(TinyRun run)
{
    const int Interrupt = 2;

    [Fact]
    public async Task Interrupted_training_keeps_finished_cells_and_the_same_command_completes()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "signals are sent as on Unix");
        using var temp = Shared.Temp();
        var token = TestContext.Current.CancellationToken;
        using var process = CommandLine.Start("train", run.Input("recipe.yaml"), "--run", temp.File("run"));
        var output = process.StandardOutput.ReadToEndAsync(token);
        await Until(process, "[2/6]", token);
        Assert.Equal(0, Kill(process.Id, Interrupt));
        var rest = await process.StandardError.ReadToEndAsync(token);
        await process.WaitForExitAsync(token);
        Assert.Equal(130, process.ExitCode);
        Assert.Contains("interrupted; finished cells are kept", rest, StringComparison.Ordinal);
        Assert.Equal("", await output);
        Assert.True(File.Exists(temp.File("run/cells/deep-s1-f0/metrics.json")));

        var again = CommandLine.Run("train", run.Input("recipe.yaml"), "--run", temp.File("run"));
        Assert.Equal(0, again.Code);
        Assert.Contains("[1/6] deep seed 1 fold 0: already trained", again.Error, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllText(Path.Combine(run.Folder, "submission.csv")), File.ReadAllText(temp.File("run/submission.csv")));
    }

    [Fact]
    public async Task A_second_process_on_the_same_folder_is_refused()
    {
        using var temp = Shared.Temp();
        var token = TestContext.Current.CancellationToken;
        using var process = CommandLine.Start("train", run.Input("recipe.yaml"), "--run", temp.File("run"), "--set", "train.epochs=40");
        var output = process.StandardOutput.ReadToEndAsync(token);
        await Until(process, "[1/6]", token);
        CommandLine.Run("train", run.Input("recipe.yaml"), "--run", temp.File("run")).IsWrongInput("another process is writing it", "--run");
        Assert.False(process.HasExited);
        Assert.Contains("epochs: 40", await File.ReadAllTextAsync(temp.File("run/recipe.yaml"), token), StringComparison.Ordinal);
        process.Kill();
        await process.WaitForExitAsync(token);
        await output;
        // The lock goes with the process, however it ended.
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

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
