using System.Diagnostics;
using System.Globalization;
using Tutti.Distributed;
using Tutti.Runs;
using Tutti.Tests.App;
using Tutti.Tests.Recipes;
using Tutti.Torch;

namespace Tutti.Tests.Distributed;

/// <summary>Three processes of one training, of which one is killed, stopped or asked to end: the others say who and end in time, and the same command comes to the bytes of a run that nothing disturbed.</summary>
[Collection(RunCollection.Name)]
public sealed class KilledRanksTests(CutRun run)
{
    const int Size = 3, Steps = 2 * CutRun.Updates, Silence = 8;

    /// <summary>Until silence is noticed, and what a process takes to end.</summary>
    static TimeSpan Stated(int silence) => TimeSpan.FromSeconds(silence + 15);

    static readonly Lock gate = new();
    static CutRun.Whole? whole;

    RankProcesses Start(string folder, params string[] more) => RankProcesses.Tutti(Size, _ => [.. run.Train(folder), "--spread", "updates", .. more]);

    /// <summary>The run that nothing disturbed.</summary>
    CutRun.Whole Undisturbed(TempFolder temp)
    {
        lock (gate)
        {
            if (whole is not null) return whole;
            var clock = Stopwatch.GetTimestamp();
            Complete(temp.File("whole"));
            return whole = new(temp.File("whole"), CutRun.Results(temp.File("whole")), default, Stopwatch.GetElapsedTime(clock));
        }
    }

    void Complete(string folder)
    {
        using var processes = Start(folder);
        var outcomes = processes.Ended(TimeSpan.FromMinutes(3));
        Assert.All(outcomes, outcome => Assert.True(outcome.Code == 0, outcome.Error));
        Assert.All(outcomes[1..], outcome => Assert.Equal("", outcome.Out + outcome.Error));
        Assert.Contains("3 processes train together", outcomes[0].Error, StringComparison.Ordinal);
    }

    static int Updates(string folder) => File.Exists(Path.Combine(folder, "events.jsonl")) ? EventLog.Read(Path.Combine(folder, "events.jsonl")).Count(line => line.Kind == "step") : 0;

    /// <summary>Waits for so many updates; false where the run ended before.</summary>
    static async Task<bool> Reached(RankProcesses processes, string folder, int updates)
    {
        while (Updates(folder) < updates)
        {
            if (processes[0].HasExited) return false;
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
        return true;
    }

    static void HaveEnded(Outcome[] outcomes, int lost)
    {
        foreach (var (outcome, rank) in outcomes.Select((outcome, rank) => (outcome, rank)).Where(item => item.rank != lost))
        {
            Assert.True(outcome.Code == RankLostException.ExitCode, $"rank {rank} ended with {outcome.Code}: {outcome.Error}");
            var last = Assert.Single(outcome.Error.TrimEnd().Split('\n'), line => line.StartsWith("tutti: ", StringComparison.Ordinal));
            Assert.Contains($"rank {lost} is lost", last, StringComparison.Ordinal);
        }
    }

    async Task Kill(int victim, int updates, int milliseconds)
    {
        using var temp = Shared.Temp();
        var (undisturbed, folder) = (Undisturbed(temp), temp.File("run"));
        using (var processes = Start(folder))
        {
            await Reached(processes, folder, updates);
            await Task.Delay(milliseconds, TestContext.Current.CancellationToken);
            processes[victim].Kill();
            var clock = Stopwatch.GetTimestamp();
            var outcomes = processes.Ended(TimeSpan.FromMinutes(2));
            Assert.True(Stopwatch.GetElapsedTime(clock) < Stated(30), $"the others ended after {Stopwatch.GetElapsedTime(clock)}");
            if (outcomes[victim].Code == 0 || outcomes.All(outcome => outcome.Code is 0 or 137)) return;      // it was at its end already
            HaveEnded(outcomes, victim);
        }
        if (CutRun.Point(folder) is null && updates > 0) Assert.True(File.Exists(new RunFolder(folder).Cell("deep", 1, 0).Metrics), "no point is left");
        Complete(folder);
        undisturbed.IsSame(folder, $"rank {victim} killed after {updates} updates");
    }

    [Theory, InlineData(0, 4), InlineData(1, 11), InlineData(2, 7)]
    public Task A_killed_process_is_named_and_the_same_command_comes_to_the_same_bytes(int victim, int updates) => Kill(victim, updates, 5);

    [Theory, Trait("Category", "Slow"), InlineData(0), InlineData(1), InlineData(2)]
    public async Task Each_of_them_killed_at_ten_moments(int victim)
    {
        var random = RandomStream.Of(9, "killed ranks", victim);
        for (var i = 0; i < 10; i++) await Kill(victim, 1 + random.Below(2 * i, Steps - 1), random.Below((2 * i) + 1, 60));
    }

    [Fact]
    public async Task A_stopped_process_is_named_when_it_has_been_silent_for_the_stated_time()
    {
        using var temp = Shared.Temp();
        using var processes = Start(temp.File("run"), [.. CutRun.Long, "--rank-timeout", Silence.ToString(CultureInfo.InvariantCulture)]);
        Assert.True(await Reached(processes, temp.File("run"), 5));
        Signal.Send(processes[1], Signal.Stop);
        var clock = Stopwatch.GetTimestamp();
        processes[0].WaitForExit((int)TimeSpan.FromMinutes(1).TotalMilliseconds);
        processes[2].WaitForExit((int)TimeSpan.FromMinutes(1).TotalMilliseconds);
        var took = Stopwatch.GetElapsedTime(clock);
        processes[1].Kill();
        HaveEnded(processes.Ended(TimeSpan.FromMinutes(1)), 1);
        Assert.InRange(took, TimeSpan.FromSeconds(Silence - 1), Stated(Silence));
    }

    [Fact]
    public async Task One_that_is_asked_to_end_ends_all_with_their_state_kept()
    {
        using var temp = Shared.Temp();
        var (undisturbed, folder) = (Undisturbed(temp), temp.File("run"));
        using (var processes = Start(folder))
        {
            Assert.True(await Reached(processes, folder, 5));
            Signal.Send(processes[2], Signal.Terminate);
            Assert.All(processes.Ended(TimeSpan.FromMinutes(2)), outcome => Assert.True(outcome.Code == 130, $"{outcome.Code}: {outcome.Error}"));
        }
        Assert.NotNull(CutRun.Point(folder));
        Complete(folder);
        undisturbed.IsSame(folder, "asked to end");
    }

    [Fact]
    public void A_process_with_another_recipe_is_refused_and_the_difference_named()
    {
        using var temp = Shared.Temp();
        using var processes = RankProcesses.Tutti(2, rank => [.. run.Train(temp.File("run")), .. rank == 1 ? (string[])["--set", "train.learning-rate=1e-3"] : []]);
        var outcomes = processes.Ended(TimeSpan.FromMinutes(2));
        Assert.Equal(2, outcomes[1].Code);
        Assert.Contains("train.learning-rate", outcomes[1].Error, StringComparison.Ordinal);
        Assert.Equal(RankLostException.ExitCode, outcomes[0].Code);
        Assert.Contains("rank 1 is lost", outcomes[0].Error, StringComparison.Ordinal);
        Assert.Contains("train.learning-rate", outcomes[0].Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Tasks_and_options_of_single_processes_are_refused()
    {
        using var temp = Shared.Temp();
        using var processes = RankProcesses.Tutti(2, _ => [.. run.Train(temp.File("run")), "--shard", "1/2"]);
        Assert.Contains(processes.Ended(TimeSpan.FromMinutes(2)), outcome => outcome.Code == 2 && outcome.Error.Contains("--shard", StringComparison.Ordinal));
        Assert.False(Directory.Exists(temp.File("run")));
    }
}
