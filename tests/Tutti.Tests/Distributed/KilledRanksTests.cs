using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Tutti.Distributed;
using Tutti.Runs;
using Tutti.Tests.App;
using Tutti.Torch;

namespace Tutti.Tests.Distributed;

/// <summary>Three processes of one training, of which one is killed, stopped or asked to end: the others say who and end in time, and the same command comes to the bytes of a run that nothing disturbed.</summary>
[Collection(RankCollection.Name)]
public sealed class KilledRanksTests(CutRun run)
{
    const int Size = 3, Steps = 2 * CutRun.Updates, Silence = 8, PerRun = 2;

    /// <summary>Until silence is noticed, and what a process takes to end.</summary>
    static TimeSpan Stated(int silence) => TimeSpan.FromSeconds(silence + 15);

    static readonly Lock gate = new();
    static Undisturbed? whole;

    RankProcesses Start(string folder, params string[] more) => RankProcesses.Tutti(Size, _ => [.. run.Train(folder), "--spread", "updates", .. more]);

    /// <summary>The run that nothing disturbed.</summary>
    /// <param name="Results">What it came to.</param>
    /// <param name="Times">Seconds from when its processes had met: until then, until each update, until their end.</param>
    sealed record Undisturbed(CutRun.Whole Results, double[] Times)
    {
        /// <summary>A moment between the first and the last update, or of all that is left behind so many updates: after how many in all, and seconds behind that.</summary>
        /// <param name="share">Of the time in question.</param>
        public (int Updates, double Seconds) Moment(int done, bool anywhere, double share)
        {
            var (from, to) = anywhere ? (Times[Math.Min(done, Times.Length - 2)], Times[^1]) : (Times[1], Times[^2]);
            var at = from + (share * (to - from));
            var updates = Array.FindLastIndex(Times, Times.Length - 2, time => time <= at);
            return (updates, at - Times[updates]);
        }
    }

    Undisturbed Whole(TempFolder temp)
    {
        lock (gate)
        {
            if (whole is not null) return whole;
            var (folder, took) = (temp.File("whole"), Complete(temp.File("whole")));
            var steps = EventLog.Read(Path.Combine(folder, "events.jsonl")).Where(line => line.Kind == "step").Select(line => (line.Time - took.Joined).TotalSeconds);
            return whole = new(new(folder, CutRun.Results(folder), default, took.Ended - took.Joined), [0, .. steps, (took.Ended - took.Joined).TotalSeconds]);
        }
    }

    (DateTimeOffset Joined, DateTimeOffset Ended) Complete(string folder)
    {
        using var processes = Start(folder);
        Assert.True(processes.Joined.Wait(TimeSpan.FromMinutes(3), TestContext.Current.CancellationToken), "they have not met");
        var joined = TimeProvider.System.GetUtcNow();
        var outcomes = processes.Ended(TimeSpan.FromMinutes(3));
        Assert.All(outcomes, outcome => Assert.True(outcome.Code == 0, outcome.Error));
        Assert.All(outcomes[1..], outcome => Assert.Equal("", outcome.Out + outcome.Error));
        Assert.Contains("3 processes train together", outcomes[0].Error, StringComparison.Ordinal);
        return (joined, TimeProvider.System.GetUtcNow());
    }

    static int Updates(string folder) => File.Exists(Path.Combine(folder, "events.jsonl")) ? EventLog.Read(Path.Combine(folder, "events.jsonl")).Count(line => line.Kind == "step") : 0;

    /// <summary>Waits for so many updates; false where the run ended before.</summary>
    static async Task<bool> Reached(RankProcesses processes, string folder, int updates)
    {
        while (Updates(folder) < updates)
        {
            if (processes[0].HasExited) return false;
            await Task.Delay(5, TestContext.Current.CancellationToken);
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

    /// <summary>
    /// Kills processes at moments that are drawn from the time of an undisturbed run. A run is killed twice, first while it learns, then anywhere in what that left, with its beginning and its last files;
    /// then it comes to its end.
    /// </summary>
    async Task Kills(int kills, params int[] victims)
    {
        using var temp = Shared.Temp();
        var (undisturbed, said) = (Whole(temp), new ConcurrentBag<string>());
        var runs = from victim in victims from number in Enumerable.Range(0, kills / PerRun) select (victim, number);
        // Two runs at a time: while one waits for silence to be noticed, the other computes.
        await Parallel.ForEachAsync(runs, new ParallelOptions { MaxDegreeOfParallelism = 2, CancellationToken = TestContext.Current.CancellationToken }, async (one, _) =>
        {
            var (folder, random, draw) = (temp.File($"run {one.victim} {one.number}"), RandomStream.Of(9, "killed ranks", one.victim, one.number), 0);
            for (var killed = 0; killed < PerRun;)
                if (await Kill(folder, one.victim, undisturbed, anywhere: killed > 0, random.Uniform(draw++)) is { } line)
                {
                    said.Add(line);
                    killed++;
                }
                else                                          // it had come to its end
                {
                    undisturbed.Results.IsSame(folder, "not killed");
                    Directory.Delete(folder, recursive: true);
                }
            Complete(folder);
            undisturbed.Results.IsSame(folder, $"rank {one.victim} killed, run {one.number}");
        });
        foreach (var line in said.Order(StringComparer.Ordinal)) TestContext.Current.TestOutputHelper?.WriteLine(line);
    }

    /// <returns>When it was killed and how long the others took to end; null where the run came to its end first.</returns>
    async Task<string?> Kill(string folder, int victim, Undisturbed undisturbed, bool anywhere, double share)
    {
        var done = Updates(folder);
        var (updates, seconds) = undisturbed.Moment(done, anywhere, share);
        using var processes = Start(folder);
        await processes.Joined;
        await Reached(processes, folder, updates);
        await Task.Delay(TimeSpan.FromSeconds(seconds), TestContext.Current.CancellationToken);
        processes[victim].Kill();
        var clock = Stopwatch.GetTimestamp();
        var outcomes = processes.Ended(TimeSpan.FromMinutes(2));
        var took = Stopwatch.GetElapsedTime(clock);
        if ((victim != 0 && outcomes[0].Code == 0) || outcomes[victim].Code == 0 || outcomes.All(outcome => outcome.Code is 0 or 137)) return null;
        HaveEnded(outcomes, victim);
        Assert.True(took < Stated(30), $"the others ended after {took}");
        if (CutRun.Point(folder) is null && updates > 0) Assert.True(File.Exists(new RunFolder(folder).Cell("deep", 1, 0).Metrics), "no point is left");
        return FormattableString.Invariant($"rank {victim} killed {seconds:0.000} s after {updates} of {Steps} updates ({done} done before): the others ended after {took.TotalSeconds:0.0} s");
    }

    [Fact, Trait("Category", "Slow")]
    public Task Each_of_them_killed_is_named_and_the_same_command_comes_to_the_same_bytes() => Kills(2, 0, 1, 2);

    [Theory, Trait("Category", "Slow"), InlineData(0), InlineData(1), InlineData(2)]
    public Task Each_of_them_killed_at_ten_moments(int victim) => Kills(10, victim);

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

    [Fact, Trait("Category", "Slow")]
    public void A_process_that_lives_but_never_comes_to_a_collective_is_named_and_ended()
    {
        using var temp = Shared.Temp();
        using var workers = RankProcesses.Workers(Size, temp.Path, nameof(RankWorker.Waits_for_one_that_never_comes));
        var outcomes = workers.Ended(TimeSpan.FromMinutes(3));
        foreach (var rank in (int[])[0, 1])
            Assert.Matches(@"rank 2 is lost: process \d+ on \S+ shows signs of life, but for 10 s it has not come to what the others wait for", File.ReadAllText(temp.File($"lost {rank}")));
        Assert.Equal(RankLostException.ExitCode, outcomes[2].Code);
    }

    [Fact]
    public async Task One_that_is_asked_to_end_ends_all_with_their_state_kept()
    {
        using var temp = Shared.Temp();
        var (undisturbed, folder) = (Whole(temp), temp.File("run"));
        using (var processes = Start(folder))
        {
            Assert.True(await Reached(processes, folder, 5));
            Signal.Send(processes[2], Signal.Terminate);
            Assert.All(processes.Ended(TimeSpan.FromMinutes(2)), outcome => Assert.True(outcome.Code == 130, $"{outcome.Code}: {outcome.Error}"));
        }
        Assert.NotNull(CutRun.Point(folder));
        Complete(folder);
        undisturbed.Results.IsSame(folder, "asked to end");
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
