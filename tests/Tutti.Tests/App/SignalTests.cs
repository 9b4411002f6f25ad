using System.Diagnostics;
using Tutti.Runs;

namespace Tutti.Tests.App;

/// <summary>A training process that is asked to end in the middle of a cell, and what the same command makes of it.</summary>
[Collection(ProcessCollection.Name)]
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

        var update = CutRun.Point(temp.File("run"));
        TestContext.Current.TestOutputHelper?.WriteLine($"ended after update {update}");
        Assert.InRange(update!.Value, 1, (40 * CutRun.PerEpoch) - 1);
        await GoesOn(temp.File("run"), $"goes on after update {update} of 120");
    }

    [Fact]
    public async Task A_second_signal_ends_it_at_once_and_harms_nothing()
    {
        Signal.SkipWhereThereAreNone();
        // Now and then the point of the first signal is written before the second one is looked at.
        for (var attempt = 1; attempt <= 5; attempt++)
            if (await EndedBySecondSignal()) return;
        Assert.Fail("five times a process wrote its point in spite of the second signal");
    }

    /// <returns>Whether the process ended without its last words.</returns>
    async Task<bool> EndedBySecondSignal()
    {
        using var temp = Shared.Temp();
        using var process = Start(temp.File("run"));
        await InTheMiddle(process, temp.File("run"));
        // Both wait for a process that has been stopped, so that they come together.
        foreach (var signal in (int[])[Signal.Stop, Signal.Interrupt, Signal.Terminate, Signal.Continue]) Signal.Send(process, signal);
        var outcome = await CommandLine.Ended(process);
        Assert.Contains(outcome.Code, (int[])[130, 128 + Signal.Terminate]);
        Assert.Equal("", outcome.Out);
        await GoesOn(temp.File("run"), "goes on after update ");
        return !outcome.Error.Contains("interrupted", StringComparison.Ordinal);
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

    async Task GoesOn(string folder, string from)
    {
        using var process = Start(folder);
        var outcome = await CommandLine.Ended(process);
        Assert.True(outcome.Code == 0, outcome.Error);
        Assert.Contains(from, outcome.Error, StringComparison.Ordinal);
        run.OfLong.IsSame(folder, from);
    }
}
