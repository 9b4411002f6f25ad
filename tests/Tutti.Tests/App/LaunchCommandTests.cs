using System.Diagnostics;
using Tutti.Runs;

namespace Tutti.Tests.App;

/// <summary>Several processes of one command: who they are, whose lines are whose, and what happens when one of them ends.</summary>
[Collection(ProcessCollection.Name)]
public sealed class LaunchCommandTests(CutRun cut)
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_rank_runs_the_command_and_lines_of_all_but_the_first_say_whose_they_are()
    {
        var alone = await CommandLine.RunProcess("doctor");
        var outcome = await CommandLine.RunProcess("launch", "--processes", "3", "doctor");
        Assert.True(outcome.Code == 0, outcome.Error);
        Assert.Equal(Lines(alone.Out).Length, Lines(outcome.Out).Length);
        foreach (var rank in (int[])[1, 2]) Assert.Equal(Lines(alone.Out).Length, Lines(outcome.Error).Count(line => line.StartsWith($"rank {rank}: ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Wrong_input_ends_all_at_once_with_its_exit_code_and_is_not_tried_again()
    {
        var outcome = await CommandLine.RunProcess("launch", "--processes", "2", "--restarts", "5", "train", "no-such-recipe.yaml");
        Assert.Equal(2, outcome.Code);
        Assert.Equal("", outcome.Out);
        Assert.Contains("no-such-recipe.yaml", outcome.Error, StringComparison.Ordinal);
        Assert.Single(Lines(outcome.Error), line => line.StartsWith("tutti: rank ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--processes", "0"), InlineData("--restarts", "-1"), InlineData("--port", "70000"), InlineData("--patience", "-5")]
    public void Numbers_out_of_range_are_named(string option, string value)
    {
        string[] processes = option == "--processes" ? [] : ["--processes", "2"];
        CommandLine.Run(["launch", .. processes, option, value, "doctor"]).IsWrongInput([option, value]);
    }

    [Fact]
    public async Task A_killed_rank_ends_the_others_and_is_named()
    {
        Signal.SkipWhereThereAreNone();
        using var temp = Shared.Temp();
        using var process = Launch(temp.File("run"), "--patience", "0");
        var ended = CommandLine.Ended(process);
        await Begun(process, temp.File("run"));
        var ranks = ChildProcesses.Of(process);
        Assert.Equal(2, ranks.Length);
        ranks[1].Kill();
        var outcome = await ended;
        Assert.Equal(137, outcome.Code);
        Assert.Matches(@"\ntutti: rank \d was ended by signal 9, so all were ended; the same command goes on from the run's newest state\n$", outcome.Error);
        Assert.All(ranks, rank => Assert.True(rank.HasExited));
    }

    [Fact]
    public async Task With_a_restart_left_all_begin_again_and_the_run_comes_to_its_end()
    {
        Signal.SkipWhereThereAreNone();
        using var temp = Shared.Temp();
        using var process = Launch(temp.File("run"), "--patience", "0", "--restarts", "1");
        var ended = CommandLine.Ended(process);
        await Begun(process, temp.File("run"));
        ChildProcesses.Of(process)[0].Kill();
        var outcome = await ended;
        Assert.True(outcome.Code == 0, outcome.Error);
        Assert.Matches(@"tutti: rank \d was ended by signal 9, so all were ended; starting again \(1 of 1 restarts left\)\n", outcome.Error);
        Assert.True(File.Exists(temp.File("run/submission.csv")));
    }

    [Theory]
    [InlineData(0), InlineData(1)]
    public async Task A_run_that_was_started_again_after_a_kill_comes_to_the_bytes_of_one_that_was_not_disturbed(int victim)
    {
        Signal.SkipWhereThereAreNone();
        string[] brief = ["--set", "train.epochs=10", "--set", "data.folds=null", "--set", "data.validation=0.3"];
        using var temp = Shared.Temp();
        using var undisturbed = CommandLine.Start(["launch", "--processes", "2", .. cut.Train(temp.File("whole"), brief)]);
        var whole = await CommandLine.Ended(undisturbed);
        Assert.True(whole.Code == 0, whole.Error);
        using var process = CommandLine.Start(["launch", "--processes", "2", "--restarts", "1", "--patience", "5", .. cut.Train(temp.File("run"), brief)]);
        var ended = CommandLine.Ended(process);
        await Begun(process, temp.File("run"));
        // The process of a rank says which it is.
        ChildProcesses.Of(process).Single(rank => File.ReadAllText($"/proc/{rank.Id}/environ").Split('\0').Contains($"RANK={victim}")).Kill();
        var outcome = await ended;
        Assert.True(outcome.Code == 0, outcome.Error);
        Assert.Contains("starting again (1 of 1 restarts left)", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("goes on after update ", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(CutRun.Results(temp.File("whole")), CutRun.Results(temp.File("run")));
    }

    [Fact]
    public async Task Ranks_do_not_outlive_a_launcher_that_is_killed()
    {
        Signal.SkipWhereThereAreNone();
        using var temp = Shared.Temp();
        using var process = Launch(temp.File("run"));
        var ended = CommandLine.Ended(process);
        await Begun(process, temp.File("run"));
        var ranks = ChildProcesses.Of(process);
        process.Kill();
        await ended;
        await Task.WhenAll(ranks.Select(rank => rank.WaitForExitAsync(Token))).WaitAsync(TimeSpan.FromMinutes(2), Token);
    }

    Process Launch(string folder, params string[] options) => CommandLine.Start(["launch", "--processes", "2", .. options, .. cut.Train(folder, CutRun.Long)]);

    static async Task Begun(Process process, string folder)
    {
        while (!File.Exists(Path.Combine(folder, "events.jsonl")) || EventLog.Read(Path.Combine(folder, "events.jsonl")).Count(line => line.Kind == "step") < 2)
        {
            Assert.False(process.HasExited, "the process ended before it got so far");
            await Task.Delay(5, Token);
        }
    }

    static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
