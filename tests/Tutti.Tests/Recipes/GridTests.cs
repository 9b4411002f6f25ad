using System.Text.Json.Nodes;
using Tutti.Recipes;
using Tutti.Runs;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Recipes;

/// <summary>Members x seeds x folds: cells that fail, parts, and time that ends.</summary>
[Collection(RunCollection.Name)]
public sealed class GridTests(TinyRun run)
{
    static readonly string[] Results = ["oof.csv", "blend.json", "submission.csv", "leaderboard.json", "metrics.json"];

    /// <summary>The recipe with a learning rate at which the numbers of one member break.</summary>
    Recipe Broken => run.Recipe with { Members = [run.Recipe.Members[0] with { Train = new() { LearningRate = 1e30, Warmup = 0, MaxGradientNorm = 0 } }, run.Recipe.Members[1]] };

    static RunResult Train(Recipe recipe, string folder, GridOptions options, IProgress<RunNews>? news = null)
    {
        using var thread = new OneThread();
        return new Run(recipe, folder) { Grid = options }.Train(news, TestContext.Current.CancellationToken);
    }

    [Fact]
    public void A_cell_that_fails_costs_no_other_and_there_are_no_results()
    {
        using var temp = Shared.Temp();
        var news = new KeptNews();
        var error = Assert.Throws<IncompleteRunException>(() => Train(Broken, temp.File("run"), new() { Again = "tutti train r.yaml" }, news));
        Assert.True(error.Failed);
        Assert.StartsWith("4 of 6 cells failed, so there are no results: deep seed 1 fold 0: update ", error.Message, StringComparison.Ordinal);
        Assert.EndsWith("2 cells are finished and kept; what is missing is trained by: tutti train r.yaml", error.Message, StringComparison.Ordinal);
        Assert.InRange(error.Message.Split('\n').Length, 1, 3);
        Assert.Equal(["small seed 1 fold 0", "small seed 1 fold 1"], news.Trained);
        Assert.Equal(["deep seed 1 fold 0", "deep seed 1 fold 1", "deep seed 2 fold 0", "deep seed 2 fold 1"], news.All.OfType<FailedNews>().Select(failed => failed.Cell));
        Assert.DoesNotContain(Results, name => File.Exists(temp.File($"run/{name}")));
        Assert.Equal(4, EventLog.Read(temp.File("run/events.jsonl")).Count(line => line.Kind == "cell failed"));

        news = new();
        Train(run.Recipe, temp.File("run"), new(), news);
        Assert.Equal(4, news.Trained.Length);
        Assert.Equal(File.ReadAllText(Path.Combine(run.Folder, "oof.csv")), File.ReadAllText(temp.File("run/oof.csv")));
    }

    [Fact]
    public void Parts_divide_the_cells_and_the_last_one_makes_the_results()
    {
        using var temp = Shared.Temp();
        var news = new KeptNews();
        var error = Assert.Throws<IncompleteRunException>(() => Train(run.Recipe, temp.File("run"), new() { Shard = new(2, 2) }, news));
        Assert.False(error.Failed);
        Assert.StartsWith("part 2/2 ends here; 3 of 6 cells are not finished: deep seed 1 fold 0, deep seed 2 fold 0, small seed 1 fold 0", error.Message, StringComparison.Ordinal);
        Assert.Equal(["deep seed 1 fold 1", "deep seed 2 fold 1", "small seed 1 fold 1"], news.Trained);
        Assert.DoesNotContain(Results, name => File.Exists(temp.File($"run/{name}")));
        news = new();
        Train(run.Recipe, temp.File("run"), new() { Shard = new(1, 2) }, news);
        Assert.Equal(["deep seed 1 fold 0", "deep seed 2 fold 0", "small seed 1 fold 0"], news.Trained);
        Assert.All(["oof.csv", "blend.json", "submission.csv"], name => Assert.Equal(File.ReadAllText(Path.Combine(run.Folder, name)), File.ReadAllText(temp.File($"run/{name}"))));
    }

    [Fact]
    public void When_time_ends_whole_seeds_are_blended_and_the_rest_is_said_and_goes_on_later()
    {
        using var temp = Shared.Temp();
        var (clock, news) = (new Hands(), new KeptNews());
        var slow = new Slow(news, cell => cell.Contains("seed 2", StringComparison.Ordinal), clock);
        var result = Train(run.Recipe with { Limit = "100 h" }, temp.File("run"), new() { Again = "tutti train", Clock = clock }, slow);
        Assert.Equal(["deep seed 1 fold 0", "deep seed 1 fold 1", "small seed 1 fold 0", "small seed 1 fold 1"], news.Trained);
        Assert.Equal("limit: 2 of 6 cells are not trained; left out of the results: deep seed 2; tutti train goes on with them", news.Notes[^1]);
        var rows = JsonNode.Parse(File.ReadAllText(result.Files.Leaderboard))!.AsArray();
        Assert.Equal(2, (int)rows.Single(row => (string)row!["name"]! == "deep")!["cells"]!);
        TinyRun.Predict(temp.File("run"), run.Input("test.csv"), temp.File("out.csv"));
        Assert.Equal(TinyRun.TestRows + 1, File.ReadLines(temp.File("out.csv")).Count());

        Train(run.Recipe, temp.File("run"), new());
        Assert.False(File.Exists(result.Files.LeftOut));
        Assert.Equal(File.ReadAllText(Path.Combine(run.Folder, "oof.csv")), File.ReadAllText(temp.File("run/oof.csv")));
    }

    [Fact]
    public void A_limit_shorter_than_any_missing_cell_took_is_refused_before_anything_is_trained()
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        Directory.Delete(new RunFolder(folder).Cell("small", 1, 1).Root, recursive: true);
        var metrics = new RunFolder(folder).Cell("small", 1, 0).Metrics;
        var json = JsonNode.Parse(File.ReadAllText(metrics))!;
        json["seconds"] = 500.0;
        File.WriteAllText(metrics, json.ToJsonString());
        var news = new KeptNews();
        var error = Assert.Throws<ConfigException>(() => Train(run.Recipe with { Limit = "6 min" }, folder, new(), news));
        Assert.Contains("limit: got 6 min, of which cells have 324 s, but a cell of small takes about 500 s", error.Message, StringComparison.Ordinal);
        Assert.Empty(news.Trained);
        Train(run.Recipe with { Limit = "1 h" }, folder, new(), news);
        Assert.Equal(["small seed 1 fold 1"], news.Trained);
    }

    [Fact]
    public void Time_that_ends_before_any_seed_is_whole_leaves_states_and_no_results()
    {
        using var temp = Shared.Temp();
        var (clock, news) = (new Hands(), new KeptNews());
        var error = Assert.Throws<IncompleteRunException>(() => Train(run.Recipe with { Limit = "100 h" }, temp.File("run"), new() { Clock = clock }, new Slow(news, _ => true, clock)));
        Assert.True(error.Failed);
        Assert.Contains("time ended before any member had all folds of a seed; 0 of 6 cells are finished", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Results, name => File.Exists(temp.File($"run/{name}")));
        Assert.True(new ResumeFolder(new RunFolder(temp.File("run")).Cell("deep", 1, 0).Resume).Exists);
    }

    [Fact]
    public void The_cells_of_a_member_are_planned_before_they_share_the_memory()
    {
        using var temp = Shared.Temp();
        List<string> order = [];
        // A runner that trains nothing and fails: it shows what is begun, and how many threads each may use.
        CellRunner runner = (cell, _, _) =>
        {
            lock (order) order.Add($"{cell.Cell} {cell.Threads}");
            return new(CellFate.Failed, "is not trained here");
        };
        var before = Memory.Stats(Device.Cpu).InUse;
        var error = Assert.Throws<IncompleteRunException>(() => Train(run.Recipe, temp.File("run"), new() { Runner = runner, Jobs = 3 }));
        Assert.StartsWith("6 of 6 cells failed", error.Message, StringComparison.Ordinal);
        Assert.Contains("is not trained here", error.Message, StringComparison.Ordinal);
        Assert.Equal(TinyRun.Cells, order.Count);
        Assert.All(order, cell => Assert.EndsWith(" 1", cell, StringComparison.Ordinal));
        Memory.Trim();
        Assert.InRange(Memory.Stats(Device.Cpu).InUse, 0, before + (1 << 16));
    }

    [Theory]
    [InlineData(2, 2, 40)]
    [InlineData(2, 1, 2)]
    public void Cells_are_trained_side_by_side_as_far_as_the_memory_allows(int jobs, int most, int megabytes)
    {
        using var temp = Shared.Temp();
        var (now, peak) = (0, 0);
        CellRunner runner = (_, news, _) =>
        {
            peak = Math.Max(peak, Interlocked.Increment(ref now));
            Thread.Sleep(300);
            Interlocked.Decrement(ref now);
            return new(CellFate.Failed, "is not trained here");
        };
        Memory.Trim();
        var recipe = run.Recipe with { Members = [run.Recipe.Members[0]], Memory = new MemorySize(Memory.Stats(Device.Cpu).InUse + (megabytes * 1_000_000L)), Train = run.Recipe.Train with { MicroTokens = 128 } };
        Assert.Throws<IncompleteRunException>(() => Train(recipe, temp.File("run"), new() { Runner = runner, Jobs = jobs }));
        Assert.Equal(most, peak);
    }

    [Fact]
    public void Wrong_input_that_the_process_of_a_cell_finds_ends_the_run_and_leaves_nothing()
    {
        using var temp = Shared.Temp();
        var error = Assert.Throws<CellInputException>(() => Train(run.Recipe, temp.File("run"), new() { Runner = (_, _, _) => new(CellFate.WrongInput, "memory: got 1 MB") }));
        Assert.Equal("memory: got 1 MB", error.Message);
        Assert.False(Directory.Exists(temp.File("run")));
    }

    [Fact]
    public void A_cell_of_another_process_is_waited_for_and_taken_over_when_that_ends()
    {
        using var temp = Shared.Temp();
        var recipe = TinyRun.Single(run.Recipe);
        var files = new RunFolder(temp.File("run"));
        FileLock? other = FileLock.Try(files.ClaimOf(files.Cell("small", 1, 1)));
        var news = new KeptNews();
        Train(recipe, temp.File("run"), new(), new On(news, note =>
        {
            if (!note.Contains("waiting for another process that trains small seed 1 fold 1", StringComparison.Ordinal)) return;
            other?.Dispose();
            other = null;
        }));
        Assert.Null(other);
        Assert.Equal(["small seed 1 fold 0", "small seed 1 fold 1"], news.Trained);
    }

    [Theory]
    [InlineData(0, "--jobs: got 0, expected a whole number from 1")]
    [InlineData(2, "--jobs: got 2, but several cells at a time need processes of their own")]
    public void Jobs_that_cannot_be_are_refused_with_nothing_written(int jobs, string why)
    {
        using var temp = Shared.Temp();
        Assert.StartsWith(why, Assert.Throws<ConfigException>(() => Train(run.Recipe, temp.File("run"), new() { Jobs = jobs })).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(temp.File("run")));
    }

    [Fact]
    public void A_limit_of_nothing_is_refused() =>
        Assert.Contains("limit: got 0, in which nothing can be trained", Assert.Throws<ConfigException>(() => (run.Recipe with { Limit = "0 s" }).Check()).Message, StringComparison.Ordinal);

    /// <summary>The first update of some cells takes until all time is over.</summary>
    sealed class Slow(IProgress<RunNews> to, Func<string, bool> which, Hands clock) : IProgress<RunNews>
    {
        public void Report(RunNews value)
        {
            if (value is StepNews news && which(news.Cell)) clock.Pass(100 * 3600);
            to.Report(value);
        }
    }

    sealed class On(IProgress<RunNews> to, Action<string> note) : IProgress<RunNews>
    {
        public void Report(RunNews value)
        {
            to.Report(value);
            if (value is NoteNews news) note(news.Text);
        }
    }
}
