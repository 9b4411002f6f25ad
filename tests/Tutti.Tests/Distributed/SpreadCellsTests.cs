using System.Text.Json.Nodes;
using Tutti.Distributed;
using Tutti.Runs;
using Tutti.Tests.App;

namespace Tutti.Tests.Distributed;

/// <summary>Ranks that train whole cells each: the bytes of one process, whoever trained what, and however often it was begun.</summary>
[Collection(RankCollection.Name)]
public sealed class SpreadCellsTests(SpreadCells run) : IClassFixture<SpreadCells>
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    void IsAlone(string folder)
    {
        var results = CutRun.Results(folder);
        Assert.Equal(run.Alone.Keys.Order(StringComparer.Ordinal), results.Keys.Order(StringComparer.Ordinal));
        Assert.Empty(run.Alone.Where(pair => results[pair.Key] != pair.Value).Select(pair => pair.Key));
    }

    [Fact]
    public void Cells_of_two_ranks_have_the_bytes_of_one_process_and_three_ranks_go_on_with_what_is_missing()
    {
        using var temp = Shared.Temp();
        var outcomes = run.Complete(2, temp.File("run"), "--spread", "cells");
        Assert.Contains("2 ranks: as asked: cells are spread\n", outcomes[0].Error, StringComparison.Ordinal);
        // By layers and widths each cell of deep costs more than that of small; then both ranks have the same, and the first takes it.
        Assert.Contains("rank 0: deep seed 1 fold 0, small seed 1 fold 0; rank 1: deep seed 2 fold 0\n", outcomes[0].Error, StringComparison.Ordinal);
        foreach (var cell in (string[])["[1/3] deep seed 1 fold 0: loss", "[2/3] deep seed 2 fold 0: loss", "[3/3] small seed 1 fold 0: loss"]) Assert.Contains(cell, outcomes[0].Error, StringComparison.Ordinal);
        Assert.DoesNotContain("already trained", outcomes[0].Error, StringComparison.Ordinal);
        IsAlone(temp.File("run"));
        Assert.Equal(["deep seed 1 fold 0", "deep seed 2 fold 0", "small seed 1 fold 0"], SpreadCells.Finished(temp.File("run")).Keys.Order(StringComparer.Ordinal));

        var files = new RunFolder(temp.File("run"));
        Directory.Delete(files.Cell("deep", 2, 0).Root, recursive: true);
        Directory.Delete(files.Cell("small", 1, 0).Root, recursive: true);
        outcomes = run.Complete(3, temp.File("run"), "--spread", "cells");
        Assert.Contains("rank 0: deep seed 2 fold 0; rank 1: small seed 1 fold 0; rank 2: waits for the others\n", outcomes[0].Error, StringComparison.Ordinal);
        IsAlone(temp.File("run"));
        Assert.Equal([1, 2, 2], SpreadCells.Finished(temp.File("run")).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Value));
    }

    [Fact]
    public void What_is_measured_changes_nothing_and_is_kept_to()
    {
        using var temp = Shared.Temp();
        var folder = temp.File("run");
        var said = run.Complete(2, folder)[0].Error;
        Assert.Matches(@"\n2 ranks: 3 cells spread over ranks [0-9.]+ m?s, every update shared [0-9.]+ m?s \(an update of deep .* alone, .* shared of which .* sums; an update of small .*\): (cells are spread|every update is shared)\n", said);
        var record = JsonNode.Parse(File.ReadAllText(new RunFolder(folder).Spread))!;
        var way = (string)record["spread"]!;
        Assert.Contains($"\n{record["why"]}\n", said, StringComparison.Ordinal);
        if (way == "cells") IsAlone(folder);
        else
        {
            run.Complete(2, temp.File("asked"), "--spread", "updates");
            Assert.Equal(CutRun.Results(temp.File("asked")), CutRun.Results(folder));
        }
        // Whatever was measured: a record of the other way is kept to as well.
        record["spread"] = "cells";
        File.WriteAllText(new RunFolder(folder).Spread, record.ToJsonString());
        foreach (var cell in Directory.GetDirectories(new RunFolder(folder).Cells)) Directory.Delete(cell, recursive: true);
        Assert.Contains("2 ranks: as this run was begun: cells are spread\n", run.Complete(2, folder)[0].Error, StringComparison.Ordinal);
        IsAlone(folder);
    }

    [Fact, Trait("Category", "Slow")]
    public void A_folder_that_not_all_ranks_see_is_no_place_for_cells_of_several_ranks()
    {
        using var temp = Shared.Temp();
        RankProcesses Start(params string[] more) => RankProcesses.Tutti(2, rank => run.Train(temp.File($"run{rank}"), more));
        using (var processes = Start("--spread", "cells"))
        {
            var outcomes = processes.Ended(TimeSpan.FromMinutes(3));
            Assert.True(outcomes[0].Code == 2, outcomes[0].Error);
            Assert.Matches(@"tutti: --spread: got cells, .*rank 1 \(process \d+ on .*\) does not see the run folder of rank 0, .*run0; put it on a file system that all ranks share, or take --spread updates\n$", outcomes[0].Error);
            Assert.Equal(RankLostException.ExitCode, outcomes[1].Code);
            Assert.False(Directory.Exists(temp.File("run0")));
        }
        using (var processes = Start())
        {
            var outcomes = processes.Ended(TimeSpan.FromMinutes(3));
            Assert.All(outcomes, outcome => Assert.True(outcome.Code == 0, outcome.Error));
            Assert.Matches(@"\n2 ranks: rank 1 \(process .*\) does not see the run folder of rank 0, .*run0: every update is shared\n", outcomes[0].Error);
        }
        Assert.False(Directory.Exists(temp.File("run1")));
        // Nothing is left of the mark, whose name is eight letters, a dot and three.
        Assert.DoesNotMatch(@"(^|\n)[a-z0-9]{8}\.[a-z0-9]{3}($|\n)", string.Join('\n', Directory.GetFiles(new RunFolder(temp.File("run0")).Locks).Select(Path.GetFileName)));
    }

    [Fact]
    public void A_rank_with_other_settings_is_refused_and_the_difference_named()
    {
        using var temp = Shared.Temp();
        using var processes = RankProcesses.Tutti(2, rank => run.Train(temp.File("run"), ["--spread", "cells", .. rank == 1 ? (string[])["--set", "train.learning-rate=1e-3"] : []]));
        var outcomes = processes.Ended(TimeSpan.FromMinutes(3));
        Assert.Equal((RankLostException.ExitCode, 2), (outcomes[0].Code, outcomes[1].Code));
        Assert.All(outcomes, outcome => Assert.Contains("train.learning-rate", outcome.Error, StringComparison.Ordinal));
        Assert.Contains("rank 1 is lost", outcomes[0].Error, StringComparison.Ordinal);
    }

    [Theory, InlineData("--spread", "both"), InlineData("--spread", "cells", "--reduce", "bf16"), InlineData("--spread", "cells", "--shard-state")]
    public void Options_that_make_no_sense_are_refused(params string[] options)
    {
        using var temp = Shared.Temp();
        using var processes = RankProcesses.Tutti(2, _ => run.Train(temp.File("run"), options));
        Assert.All(processes.Ended(TimeSpan.FromMinutes(1)), outcome => outcome.IsWrongInput(["--spread", options[1]]));
        Assert.False(Directory.Exists(temp.File("run")));
    }

    /// <summary>Settings of a run that lasts long enough to be met in the middle; it saves at the end of every epoch.</summary>
    static readonly string[] longer = ["--set", "train.epochs=30", "--set", "checkpoint.every=10 min"];

    /// <summary>Waits until cells of two ranks have ended their second epoch: what they saved after the first is there.</summary>
    static async Task Begun(RankProcesses processes, string folder)
    {
        while (!File.Exists(Path.Combine(folder, "events.jsonl")) || EventLog.Read(Path.Combine(folder, "events.jsonl")).Where(line => line.Kind == "evaluated").GroupBy(line => (string)line.Fields["cell"]!).Count(cell => cell.Count() > 1) < 2)
        {
            Assert.False(processes[0].HasExited, "the run ended before it got so far");
            await Task.Delay(5, Token);
        }
    }

    [Theory, Trait("Category", "Slow"), InlineData(0), InlineData(1)]
    public async Task A_killed_rank_ends_the_others_and_the_same_command_comes_to_the_bytes_of_one_process(int victim)
    {
        using var temp = Shared.Temp();
        using (var alone = CommandLine.Start(run.Train(temp.File("alone"), longer)))
        {
            var outcome = await CommandLine.Ended(alone);
            Assert.True(outcome.Code == 0, outcome.Error);
        }
        var folder = temp.File("run");
        using (var processes = RankProcesses.Tutti(2, _ => run.Train(folder, ["--spread", "cells", .. longer])))
        {
            await Begun(processes, folder);
            processes[victim].Kill();
            var other = processes.Ended(TimeSpan.FromMinutes(2))[1 - victim];
            Assert.True(other.Code == RankLostException.ExitCode, $"{other.Code}: {other.Error}");
            Assert.Contains($"rank {victim} is lost", Assert.Single(other.Error.TrimEnd().Split('\n'), line => line.StartsWith("tutti: ", StringComparison.Ordinal)), StringComparison.Ordinal);
        }
        Assert.Contains("goes on after update ", run.Complete(2, folder, ["--spread", "cells", .. longer])[0].Error + string.Concat(EventLog.Read(Path.Combine(folder, "events.jsonl")).Where(line => line.Kind == "note").Select(line => (string)line.Fields["text"]!)), StringComparison.Ordinal);
        Assert.Equal(CutRun.Results(temp.File("alone")), CutRun.Results(folder));
    }

    [Fact, Trait("Category", "Slow")]
    public async Task One_that_is_asked_to_end_ends_all_with_their_states_and_three_go_on()
    {
        Signal.SkipWhereThereAreNone();
        using var temp = Shared.Temp();
        var folder = temp.File("run");
        using (var processes = RankProcesses.Tutti(2, _ => run.Train(folder, ["--spread", "cells", .. longer])))
        {
            await Begun(processes, folder);
            Signal.Send(processes[1], Signal.Terminate);
            Assert.All(processes.Ended(TimeSpan.FromMinutes(2)), outcome => Assert.True(outcome.Code == 130, $"{outcome.Code}: {outcome.Error}"));
        }
        run.Complete(3, folder, ["--spread", "cells", .. longer]);
        using var alone = CommandLine.Start(run.Train(temp.File("alone"), longer));
        Assert.Equal(0, (await CommandLine.Ended(alone)).Code);
        Assert.Equal(CutRun.Results(temp.File("alone")), CutRun.Results(folder));
    }
}
