using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Distributed;

/// <summary>What two and three processes have computed together, once for all tests.</summary>
public sealed class SharedRuns : IDisposable
{
    readonly TempFolder temp = Shared.Temp();
    readonly Dictionary<int, Lazy<string>> folders;

    public SharedRuns() => folders = ((int[])[2, 3]).ToDictionary(size => size, size => new Lazy<string>(() => Run(size)));

    internal Dictionary<string, double[]> Of(int size, string name, int rank = 0) => SharedTasks.Read(Path.Combine(Folder(size), $"{name} {rank}"));

    internal string Folder(int size) => folders[size].Value;

    string Run(int size)
    {
        var folder = temp.File($"of {size}");
        foreach (var half in (string[])["half", "half again"]) SharedTasks.Half(null, Path.Combine(folder, half));
        using var workers = RankProcesses.Workers(size, folder);
        foreach (var outcome in workers.Ended(TimeSpan.FromMinutes(6))) Assert.True(outcome.Code == 0, outcome.Out + outcome.Error);
        return folder;
    }

    public void Dispose() => temp.Dispose();
}

/// <summary>One update is one update, however many processes share it: ragged lengths, class weights, label smoothing, dropout, a last short update.</summary>
public sealed class SharedUpdateTests(SharedRuns runs) : EngineTest(threads: 1), IClassFixture<SharedRuns>
{
    // The largest difference over the largest number of the same name. Key biases have a true gradient of zero: there the largest of all is the measure.
    static double Worst(Dictionary<string, double[]> one, Dictionary<string, double[]> several)
    {
        var scale = one.Values.Max(values => values.DefaultIfEmpty().Max(Math.Abs));
        Assert.Equal(one.Keys.Order(StringComparer.Ordinal), several.Keys.Where(name => name != "cuts").Order(StringComparer.Ordinal));
        return one.Max(pair => pair.Value.Zip(several[pair.Key]).Max(values => Math.Abs(values.First - values.Second)) / (pair.Key.EndsWith("key.bias", StringComparison.Ordinal) ? scale : Math.Max(1e-12 * scale, pair.Value.Max(Math.Abs))));
    }

    static void Close(Dictionary<string, double[]> one, Dictionary<string, double[]> several, double relative)
    {
        var worst = Worst(one, several);
        TestContext.Current.TestOutputHelper?.WriteLine($"worst relative difference {worst:0.0e0}");
        Assert.True(worst <= relative, $"differs by {worst:0.0e0}, allowed {relative:0.0e0}");
    }

    /// <summary>Two texts for three processes: one has none.</summary>
    public static TheoryData<int, int, DType, bool> Updates() => [.. from size in (int[])[2, 3] from count in (int[])[64, 5, 2] from dtype in (DType[])[DType.Float64, DType.Float32] from checkpointing in (bool[])[false, true] select (size, count, dtype, checkpointing)];

    [Theory, MemberData(nameof(Updates))]
    public void Gradients_do_not_depend_on_the_number_of_processes(int size, int count, DType dtype, bool checkpointing)
    {
        var one = SharedTasks.Gradients(null, count, dtype, checkpointing);
        for (var rank = 0; rank < size; rank++) Close(one, runs.Of(size, $"gradients {dtype} {count} {checkpointing}", rank), dtype == DType.Float64 ? 1e-10 : 1e-5);
        Assert.True(Worst(one, SharedTasks.Gradients(null, count + 1, dtype, checkpointing)) > 1e-3, "the comparison sees no difference between different updates");
    }

    [Theory, InlineData(2), InlineData(3)]
    public void A_fit_comes_to_the_same_weights_and_scores(int size)
    {
        var one = SharedTasks.Fit(null, DType.Float64);
        var several = runs.Of(size, "fit Float64");
        Assert.Equal([16, 16, 10, 16, 16, 10, 16, 16, 10], one["examples"]);
        Assert.Equal(one["examples"], several["examples"]);
        Close(Only(one, "losses", "norms"), Only(several, "losses", "norms"), 1e-10);
        Close(Only(one, "scores"), Only(several, "scores"), 1e-10);
        // Adam divides by the root of small squares, which makes more of a difference.
        Close(Weights(one), Weights(several), 1e-7);
        for (var rank = 1; rank < size; rank++) Assert.Equal(Weights(several), Weights(runs.Of(size, "fit Float64", rank)));
    }

    [Theory, InlineData(2), InlineData(3)]
    public void In_float32_a_fit_differs_by_rounding_only(int size)
    {
        var (one, several) = (SharedTasks.Fit(null, DType.Float32), runs.Of(size, "fit Float32"));
        Close(Only(one, "losses"), Only(several, "losses"), 1e-5);
        Close(Only(one, "scores"), Only(several, "scores"), 1e-4);
        for (var rank = 1; rank < size; rank++) Assert.Equal(Weights(several), Weights(runs.Of(size, "fit Float32", rank)));
    }

    [Theory, InlineData(2), InlineData(3)]
    public void A_process_short_of_memory_changes_no_gradient_and_all_go_on_with_its_cut(int size)
    {
        var one = SharedTasks.Gradients(null, 64, DType.Float64);
        var shrunk = 0;
        foreach (var limit in RankWorker.Shares.Where(share => File.Exists(Path.Combine(runs.Folder(size), $"shortage {share} 0"))))
        {
            var shortOne = runs.Of(size, $"shortage {limit}", 1);
            if (shortOne["cuts"][0] < 60) shrunk++;
            for (var rank = 0; rank < size; rank++)
            {
                var other = runs.Of(size, $"shortage {limit}", rank);
                Close(one, other, 1e-10);
                Assert.Equal(shortOne["cuts"][0], other["cuts"][1]);
                if (rank != 1) Assert.Equal(60, other["cuts"][0]);
            }
        }
        Assert.True(shrunk > 0, "no limit was short enough");
    }

    [Theory, InlineData(2), InlineData(3)]
    public void Memory_that_ends_in_any_micro_batch_of_one_process_changes_no_gradient(int size)
    {
        var one = SharedTasks.Gradients(null, 64, DType.Float64);
        foreach (var where in RankWorker.Moments)
            foreach (var share in RankWorker.ShortShares)
                for (var rank = 0; rank < size; rank++) Close(one, runs.Of(size, FormattableString.Invariant($"short in the {where} {share}"), rank), 1e-10);
    }

    [Theory, InlineData(2), InlineData(3)]
    public void A_process_that_plans_with_less_memory_makes_smaller_micro_batches_of_all_and_the_same_fit(int size)
    {
        var one = SharedTasks.Fit(null, DType.Float64);
        var planned = Assert.Single(runs.Of(size, "short in planning")["planned"]);
        Assert.InRange(planned, 1, 59);
        for (var rank = 0; rank < size; rank++)
        {
            var several = runs.Of(size, "short in planning", rank);
            Assert.Equal([planned], several["planned"]);
            Close(Only(one, "losses", "norms"), Only(several, "losses", "norms"), 1e-10);
            Close(Weights(one), Weights(several), 1e-7);
        }
    }

    [Theory, InlineData(2), InlineData(3)]
    public void What_one_process_began_several_go_on_with(int size)
    {
        var (one, several) = (SharedTasks.Fit(null, DType.Float64), runs.Of(size, "resumed"));
        Close(Weights(one), Weights(several), 1e-7);
        Assert.Equal(5, several["losses"].Length);
        Close(new() { ["losses"] = one["losses"][4..] }, Only(several, "losses"), 1e-10);
        Close(new() { ["losses"] = one["losses"][4..] }, Only(runs.Of(size, "resumed in parts"), "losses"), 1e-10);
    }

    [Theory, InlineData(2, "half of all"), InlineData(3, "half of all"), InlineData(2, "half in parts"), InlineData(3, "half in parts")]
    public void What_several_began_one_goes_on_with(int size, string half)
    {
        var (one, rest) = (SharedTasks.Fit(null, DType.Float64), SharedTasks.Rest(null, Path.Combine(runs.Folder(size), half)));
        Assert.Equal(4, rest["losses"].Length);             // all finished the update that they were in when one was asked to end
        Close(new() { ["losses"] = one["losses"][5..] }, Only(rest, "losses"), 1e-10);
        Close(Weights(one), Weights(rest), 1e-7);
    }

    [Theory, InlineData(2), InlineData(3)]
    public void Optimizer_state_in_parts_comes_to_the_same_bits(int size)
    {
        for (var rank = 0; rank < size; rank++) Assert.Equal(runs.Of(size, "fit Float64"), runs.Of(size, "fit in parts", rank));
    }

    [Theory, InlineData(2), InlineData(3)]
    public void Rounded_reductions_point_the_same_way_and_say_what_they_lost(int size)
    {
        var (one, rounded) = (SharedTasks.Gradients(null, 64, DType.Float32), runs.Of(size, "gradients rounded"));
        double Sum(Func<double, double, double> of) => one.Keys.Where(name => name != "loss").Sum(name => one[name].Zip(rounded[name]).Sum(pair => of(pair.First, pair.Second)));
        Assert.True(Sum((a, b) => a * b) / Math.Sqrt(Sum((a, _) => a * a) * Sum((_, b) => b * b)) > 0.9999);
        Assert.True(Math.Sqrt(Sum((a, b) => (a - b) * (a - b)) / Sum((a, _) => a * a)) is > 1e-5 and < 1e-2, "nothing was rounded, or too much");
        Close(Only(one, "loss"), Only(rounded, "loss"), 1e-5);
        for (var rank = 1; rank < size; rank++) Assert.Equal(rounded, runs.Of(size, "gradients rounded", rank));
        var note = Assert.Single(File.ReadAllLines(Path.Combine(runs.Folder(size), "rounded.txt")), line => line.Contains("bfloat16", StringComparison.Ordinal));
        Assert.Matches(@"rounded off [1-3]\.[0-9]e-3 of their norm", note);
    }

    static Dictionary<string, double[]> Only(Dictionary<string, double[]> all, params string[] names) => names.ToDictionary(name => name, name => all[name]);
    static Dictionary<string, double[]> Weights(Dictionary<string, double[]> all) => all.Where(pair => pair.Key.Contains('.', StringComparison.Ordinal)).ToDictionary();
}
