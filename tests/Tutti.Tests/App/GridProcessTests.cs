using System.Diagnostics;
using Tutti.Runs;
using Tutti.Tests.Recipes;
using Tutti.Torch;

namespace Tutti.Tests.App;

/// <summary>The command line as users have it, each cell in a process of its own: shared, killed, interrupted, refused.</summary>
[Collection(RunCollection.Name)]
public sealed class GridProcessTests(TinyRun run, CutRun cut)
{
    static readonly string[] Results = ["oof.csv", "test.csv", "blend.json", "submission.csv"];

    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_processes_on_one_folder_share_the_cells_and_come_to_the_same_bytes()
    {
        using var temp = Shared.Temp();
        string[] command = ["train", run.Input("recipe.yaml"), "--run", temp.File("run")];
        using Process first = CommandLine.Start(command), second = CommandLine.Start(command);
        var outcomes = await Task.WhenAll(CommandLine.Ended(first), CommandLine.Ended(second));
        Assert.All(outcomes, outcome => Assert.True(outcome.Code == 0, outcome.Error));
        Assert.Equal(outcomes[0].Out, outcomes[1].Out);
        var events = EventLog.Read(temp.File("run/events.jsonl"));
        foreach (var kind in (string[])["cell started", "cell finished"])
        {
            var cells = events.Where(line => line.Kind == kind).Select(line => (string)line.Fields["cell"]!).ToArray();
            Assert.Equal(TinyRun.Cells, cells.Length);
            Assert.Equal(cells.Length, cells.Distinct().Count());
        }
        IsTheRun(temp.File("run"));
        // Both had a part in it: a cell that one trained the other found finished, or waited for.
        Assert.All(outcomes, outcome => Assert.InRange(Trained(outcome.Error), 1, TinyRun.Cells - 1));
        Assert.Equal(TinyRun.Cells, outcomes.Sum(outcome => Trained(outcome.Error)));
    }

    [Fact]
    public async Task Several_jobs_share_the_cores_and_come_to_the_bytes_of_as_many_threads()
    {
        using var temp = Shared.Temp();
        using var process = CommandLine.Start(2, "train", run.Input("recipe.yaml"), "--run", temp.File("run"), "--jobs", "2");
        var outcome = await CommandLine.Ended(process);
        Assert.True(outcome.Code == 0, outcome.Error);
        var events = EventLog.Read(temp.File("run/events.jsonl"));
        var (now, most) = (0, 0);
        foreach (var line in events) most = Math.Max(most, now += line.Kind == "cell started" ? 1 : line.Kind == "cell finished" ? -1 : 0);
        Assert.Equal(2, most);
        IsTheRun(temp.File("run"));
    }

    [Fact]
    public Task Kills_of_parent_and_children_change_no_byte() => Kills(4, 3);

    [Theory, Trait("Category", "Slow"), InlineData(1), InlineData(2)]
    public Task Ten_kills_of_parent_and_children_change_no_byte(int seed) => Kills(10, seed);

    [Fact]
    public async Task A_killed_child_costs_its_cell_and_no_other()
    {
        Signal.SkipWhereThereAreNone();
        using var temp = Shared.Temp();
        using var process = CommandLine.Start("train", cut.Recipe, "--run", temp.File("run"));
        var ended = CommandLine.Ended(process);
        await Until(process, () => Count(temp.File("run"), "step") >= 2);
        Assert.Single(ChildProcesses.Of(process)).Kill();
        var outcome = await ended;
        Assert.Equal(1, outcome.Code);
        Assert.Equal("", outcome.Out);
        Assert.Contains("[1/2] deep seed 1 fold 0: failed, the others go on: its process was killed (signal 9)", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("tutti: 1 of 2 cells failed, so there are no results: deep seed 1 fold 0: its process was killed", outcome.Error, StringComparison.Ordinal);
        Assert.Contains($"what is missing is trained by: tutti train {cut.Recipe} --run {temp.File("run")}\n", outcome.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(temp.File("run/blend.json")));
        Assert.True(File.Exists(temp.File("run/cells/deep-s1-f1/metrics.json")));
        await Completes(temp.File("run"));
        cut.Of(1).IsSame(temp.File("run"), "a killed child");
    }

    [Fact]
    public async Task Ctrl_C_has_the_children_save_their_states_and_end()
    {
        Signal.SkipWhereThereAreNone();
        using var temp = Shared.Temp();
        using var process = CommandLine.Start(["train", cut.Recipe, "--run", temp.File("run"), .. CutRun.Long]);
        var ended = CommandLine.Ended(process);
        await Until(process, () => Count(temp.File("run"), "step") >= CutRun.PerEpoch + 1);
        var child = Assert.Single(ChildProcesses.Of(process));
        Signal.Send(process, Signal.Interrupt);
        var outcome = await ended;
        Assert.Equal(130, outcome.Code);
        Assert.EndsWith("tutti: interrupted; finished cells and the state of this one are kept, the same command goes on from there\n", outcome.Error, StringComparison.Ordinal);
        Assert.True(child.HasExited);
        Assert.NotNull(CutRun.Point(temp.File("run")));
        Assert.Contains("goes on after update ", (await Completes(temp.File("run"), CutRun.Long)).Error, StringComparison.Ordinal);
        cut.OfLong.IsSame(temp.File("run"), "interrupted");
    }

    [Fact]
    public async Task A_child_whose_parent_is_killed_saves_its_state_and_ends_and_the_same_command_waits_for_it()
    {
        Signal.SkipWhereThereAreNone();
        using var temp = Shared.Temp();
        using var process = CommandLine.Start(["train", cut.Recipe, "--run", temp.File("run"), .. CutRun.Long]);
        var ended = CommandLine.Ended(process);
        await Until(process, () => Count(temp.File("run"), "step") >= CutRun.PerEpoch + 1);
        var child = Assert.Single(ChildProcesses.Of(process));
        process.Kill();
        await ended;
        var outcome = await Completes(temp.File("run"), CutRun.Long);
        Assert.True(child.HasExited);
        Assert.Contains("goes on after update ", outcome.Error, StringComparison.Ordinal);
        cut.OfLong.IsSame(temp.File("run"), "an orphan");
    }

    [Fact]
    public async Task What_only_the_child_finds_wrong_is_wrong_input_all_the_same_and_leaves_nothing()
    {
        using var temp = Shared.Temp();
        // Weights and gradients are 120 kB: that nothing fits is found by planning.
        var outcome = await CommandLine.RunProcess("train", run.Input("recipe.yaml"), "--run", temp.File("run"), "--set", "members=[ { model: { kind: bert, layers: 1, hidden: 16, heads: 2, vocabulary: 200 } } ]", "--set", "memory=180 kB");
        Assert.Equal(2, outcome.Code);
        Assert.Contains("needs at least about 0.", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("Raise memory, take a smaller model, or lower train.max-length.", outcome.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(temp.File("run")));
    }

    [Fact]
    public async Task Machines_that_divide_the_cells_end_well_and_the_last_one_blends()
    {
        using var temp = Shared.Temp();
        string[] command = ["train", run.Input("recipe.yaml"), "--run", temp.File("run"), "--in-process"];
        var first = await CommandLine.RunProcess([.. command, "--shard", "1/2"]);
        Assert.True(first.Code == 0, first.Error);
        Assert.Equal("", first.Out);
        Assert.Contains("tutti: part 1/2 ends here; 3 of 6 cells are not finished", first.Error, StringComparison.Ordinal);
        var info = CommandLine.AsProcess(1, [.. command, "--shard", "auto/2"]);
        info.Environment["JOB_COMPLETION_INDEX"] = "1";
        using var second = Process.Start(info)!;
        var outcome = await CommandLine.Ended(second);
        Assert.True(outcome.Code == 0, outcome.Error);
        IsTheRun(temp.File("run"));
    }

    [Theory]
    [InlineData("limit: got 0", "--limit", "0 s")]
    [InlineData("limit: got '-6h'", "--limit", "-6h")]
    [InlineData("limit: got 'soon'", "--limit", "soon")]
    [InlineData("--limit: cannot be given together with --cell", "--limit", "6h", "--cell", "deep seed 1 fold 0")]
    [InlineData("--shard: cannot be given together with --cell", "--shard", "1/2", "--cell", "deep seed 1 fold 0")]
    [InlineData("--cell: got 'deep seed 1 fold 7', which is no cell", "--cell", "deep seed 1 fold 7")]
    [InlineData("--shard: got '3/2', which is part 3 of 2", "--shard", "3/2")]
    [InlineData("--jobs: got 0", "--jobs", "0")]
    [InlineData("--jobs: got 2, but several cells at a time need processes of their own", "--jobs", "2", "--in-process")]
    public void What_contradicts_itself_is_refused_with_nothing_written(string message, params string[] options)
    {
        using var temp = Shared.Temp();
        CommandLine.Run(["train", run.Input("recipe.yaml"), "--run", temp.File("run"), .. options]).IsWrongInput(message);
        Assert.False(Directory.Exists(temp.File("run")));
    }

    /// <summary>Kills parent or child of one run at moments drawn from the seed, then completes it.</summary>
    async Task Kills(int kills, int seed)
    {
        Signal.SkipWhereThereAreNone();
        using var temp = Shared.Temp();
        var (folder, random, said) = (temp.File("run"), RandomStream.Of(seed, "grid kills"), new List<string>());
        for (var i = 0; i < kills; i++)
        {
            var (steps, ofChild) = ((int)(random.Uniform(3 * i) * 4), random.Uniform((3 * i) + 1) < 0.5);
            using var process = CommandLine.Start(2, "train", cut.Recipe, "--run", folder, "--jobs", "2");
            var ended = CommandLine.Ended(process);
            var done = Count(folder, "step");
            while (!process.HasExited && Count(folder, "step") < done + steps) await Task.Delay(1, Token);
            await Task.Delay((int)(random.Uniform((3 * i) + 2) * (steps == 0 ? 1500 : 30)), Token);
            var victim = ofChild ? ChildProcesses.Of(process).FirstOrDefault() : process;
            if (victim is { HasExited: false }) victim.Kill();
            said.Add($"{(victim is null ? "nobody" : ofChild ? "a child" : "the parent")} after {steps} updates");
            var outcome = await ended;
            Assert.Contains(outcome.Code, (int[])[0, 1, 137]);
        }
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join("; ", said));
        var last = await Completes(folder, "--jobs", "2");
        Assert.DoesNotContain("damaged", last.Error, StringComparison.Ordinal);
        cut.Of(1).IsSame(folder, string.Join("; ", said));
    }

    async Task<Outcome> Completes(string folder, params string[] settings)
    {
        using var process = CommandLine.Start(settings.Contains("--jobs") ? 2 : 1, ["train", cut.Recipe, "--run", folder, .. settings]);
        var outcome = await CommandLine.Ended(process);
        Assert.True(outcome.Code == 0, outcome.Error);
        return outcome;
    }

    /// <summary>A folder has the results of the run that one process made.</summary>
    void IsTheRun(string folder) => Assert.All(Results, name => Assert.Equal(File.ReadAllText(Path.Combine(run.Folder, name)), File.ReadAllText(Path.Combine(folder, name))));

    /// <summary>Cells that a process trained, by what it said.</summary>
    static int Trained(string error) => error.Split('\n').Count(line => line.Contains(" tok/s, ", StringComparison.Ordinal));

    static int Count(string folder, string kind) => File.Exists(Path.Combine(folder, "events.jsonl")) ? EventLog.Read(Path.Combine(folder, "events.jsonl")).Count(line => line.Kind == kind) : 0;

    static async Task Until(Process process, Func<bool> so)
    {
        while (!so())
        {
            Assert.False(process.HasExited, "the process ended before it got so far");
            await Task.Delay(2, Token);
        }
    }
}
