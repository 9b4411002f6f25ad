using System.Diagnostics;
using Tutti.Runs;
using Tutti.Tests.Recipes;
using Tutti.Training;

namespace Tutti.Tests.App;

/// <summary>A training process that is asked to end in the middle of a cell, and what the same command makes of it.</summary>
[Collection(RunCollection.Name)]
public sealed class SignalTests(CutRun run)
{
    [Theory, InlineData(Signal.Interrupt), InlineData(Signal.Terminate)]
    public async Task Asked_to_end_in_the_middle_of_an_epoch_it_saves_a_point_and_goes_on_to_the_same_bytes(int signal)
    {
        Signal.SkipWhereThereAreNone();
        using var temp = Shared.Temp();
        using var process = Start(temp.File("run"));
        await InTheMiddle(process, temp.File("run"));
        Signal.Send(process, signal);
        var outcome = await CommandLine.Ended(process);
        Assert.Equal(130, outcome.Code);
        Assert.Equal("", outcome.Out);
        Assert.EndsWith("tutti: interrupted; finished cells and the state of this one are kept, the same command goes on from there\n", outcome.Error, StringComparison.Ordinal);

        var update = Point(temp.File("run"));
        TestContext.Current.TestOutputHelper?.WriteLine($"ended after update {update}");
        Assert.InRange(update, 1, (40 * CutRun.PerEpoch) - 1);
        await GoesOn(temp.File("run"), $"goes on after update {update} of 120");
    }

    [Fact]
    public async Task A_second_signal_ends_it_at_once_and_harms_nothing()
    {
        Signal.SkipWhereThereAreNone();
        using var temp = Shared.Temp();
        using var process = Start(temp.File("run"));
        await InTheMiddle(process, temp.File("run"));
        // Both wait for a process that has been stopped, so the second comes before anything can be saved for the first.
        Signal.Send(process, Signal.Stop);
        Signal.Send(process, Signal.Interrupt);
        Signal.Send(process, Signal.Terminate);
        Signal.Send(process, Signal.Continue);
        var outcome = await CommandLine.Ended(process);
        Assert.Contains(outcome.Code, (int[])[130, 128 + Signal.Terminate]);
        Assert.Equal("", outcome.Out);
        await GoesOn(temp.File("run"), "goes on after update ");
    }

    Process Start(string folder) => CommandLine.Start(run.Train(folder, CutRun.Long));

    /// <summary>Until a cell has points of its own accord, and is beyond them.</summary>
    static async Task InTheMiddle(Process process, string folder)
    {
        while (Updates(folder) < CutRun.PerEpoch + 1)
        {
            Assert.False(process.HasExited, "the process ended before it could be signalled");
            await Task.Delay(2, TestContext.Current.CancellationToken);
        }
    }

    static int Updates(string folder) => File.Exists(Path.Combine(folder, "events.jsonl")) ? EventLog.Read(Path.Combine(folder, "events.jsonl")).Count(line => line.Kind == "step") : 0;

    /// <summary>Updates of the newest point, which must be sound.</summary>
    static long Point(string folder)
    {
        using var point = new ResumeFolder(new RunFolder(folder).Cell("deep", 1, 0).Resume).Open(Assert.Fail);
        return point!.Update;
    }

    async Task GoesOn(string folder, string from)
    {
        using var process = Start(folder);
        var outcome = await CommandLine.Ended(process);
        Assert.True(outcome.Code == 0, outcome.Error);
        Assert.Contains(from, outcome.Error, StringComparison.Ordinal);
        run.OfLong.IsSame(folder, from);
    }
}
