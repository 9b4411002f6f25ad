using System.Text.Json.Nodes;
using Tutti.App;
using Tutti.Tests.Recipes;
using Tutti.Torch;

namespace Tutti.Tests.App;

/// <summary>What <c>tutti doctor --distributed</c> finds before processes train together, and what training itself refuses.</summary>
[Collection(RankCollection.Name)]
public sealed class DoctorTogetherTests : IDisposable
{
    readonly TempFolder temp = Shared.Temp();

    public void Dispose() => temp.Dispose();

    [Fact]
    public async Task Ranks_that_agree_are_shown_side_by_side()
    {
        var outcome = await CommandLine.RunProcess("launch", "--processes", "2", "doctor", "--distributed", Recipe("a"));
        Assert.True(outcome.Code == 0, outcome.Error);
        var lines = outcome.Out.TrimEnd().Split('\n');
        Assert.Equal("2 ranks reach each other and agree.", lines[^1].Trim());
        var rows = lines.Where(line => line.Contains(", process ", StringComparison.Ordinal)).Select(line => line.Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).ToArray();
        Assert.Equal(["0", "1"], rows.Select(row => row[0]));
        // All but rank and process are the same.
        Assert.Equal(rows[0][2..], rows[1][2..]);
        Assert.DoesNotContain("tutti: ", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_process_alone_learns_which_variables_are_missing()
    {
        var outcome = await CommandLine.RunProcess("doctor", "--distributed");
        Assert.Equal(1, outcome.Code);
        Assert.Equal("tutti: WORLD_SIZE, RANK, MASTER_ADDR, MASTER_PORT are not set, so this process is alone; let a launcher start it, such as: tutti launch --processes 2 doctor --distributed\n", outcome.Error);
    }

    [Fact]
    public async Task Other_recipes_data_and_kernels_are_named_one_line_each()
    {
        var other = Recipe("b");
        File.WriteAllText(other, File.ReadAllText(other).Replace("batch: 16", "batch: 12", StringComparison.Ordinal));
        TinyRun.Rows("train.csv", temp.File("b/train.csv"), 1, TinyRun.TrainRows);
        var port = RankCommand.FreePort();
        var outcomes = await RankCommand.Ended([RankCommand.Start(0, 2, "127.0.0.1", port, ["doctor", "--distributed", Recipe("a")]), RankCommand.Start(1, 2, "127.0.0.1", port, ["doctor", "--distributed", other], null, ("TUTTI_SIMD", "plain"))]);
        Assert.Equal([1, 1], outcomes.Select(outcome => outcome.Code));
        Assert.Equal("", outcomes[1].Error);
        string[] faults = [.. outcomes[0].Error.TrimEnd().Split('\n')];
        Assert.Equal("tutti: rank 1 has another recipe or other data than rank 0: data.train: the contents of its files are others; train.batch: was 16, is 12", faults[^1]);
        if (Engine.Kernels == "plain") Assert.Single(faults);
        else
        {
            Assert.Equal(2, faults.Length);
            Assert.Equal($"tutti: instructions of kernels: {Engine.Kernels} on rank 0, plain on rank 1; set TUTTI_SIMD=avx2 or TUTTI_SIMD=plain on all, or results come apart", faults[0]);
        }
    }

    [Fact]
    public async Task An_interface_that_a_rank_does_not_have_is_named_with_those_that_it_has()
    {
        var port = RankCommand.FreePort();
        var outcomes = await RankCommand.Ended([RankCommand.Start(0, 2, "127.0.0.1", port, ["doctor", "--distributed"]), RankCommand.Start(1, 2, "127.0.0.1", port, ["doctor", "--distributed"], null, ("GLOO_SOCKET_IFNAME", "nosuch0"))]);
        Assert.Equal([1, 1], outcomes.Select(outcome => outcome.Code));
        Assert.Matches(@"^tutti: rank 1: GLOO_SOCKET_IFNAME names 'nosuch0', which this machine does not have; it has .*\blo\b.*\n$", outcomes[0].Error);
    }

    [Fact]
    public async Task A_master_that_does_not_answer_is_named_by_who_cannot_reach_it_and_the_missing_by_the_master()
    {
        var port = RankCommand.FreePort();
        var outcomes = await RankCommand.Ended([RankCommand.Start(1, 3, "127.0.0.1", port, ["doctor", "--distributed", "--wait", "1"])]);
        Assert.Equal(1, outcomes[0].Code);
        Assert.StartsWith(FormattableString.Invariant($"tutti: rank 1: MASTER_ADDR and MASTER_PORT say 127.0.0.1:{port}, where no connection is taken ("), outcomes[0].Error, StringComparison.Ordinal);
        outcomes = await RankCommand.Ended([RankCommand.Start(0, 3, "127.0.0.1", port, ["doctor", "--distributed", "--wait", "5"]), RankCommand.Start(2, 3, "127.0.0.1", port, ["doctor", "--distributed", "--wait", "30"])]);
        Assert.Equal([1, 1], outcomes.Select(outcome => outcome.Code));
        Assert.Equal("tutti: rank 1 did not come within 5 s: it was not started, or cannot reach MASTER_ADDR and MASTER_PORT\n", outcomes[0].Error);
    }

    [Fact]
    public async Task A_master_of_another_machine_is_refused_by_rank_0()
    {
        var outcomes = await RankCommand.Ended([RankCommand.Start(0, 2, "192.0.2.7", 29571, ["doctor", "--distributed", "--wait", "1"])]);     // TEST-NET-1: nobody's
        Assert.Equal(1, outcomes[0].Code);
        Assert.Contains("192.0.2.7:29571, which is not this machine's address; expected rank 0's own", outcomes[0].Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Versions_are_compared_with_rank_0s_and_ranks_that_are_alike_share_a_line()
    {
        var first = new RankFacts { Rank = 0, Where = "a, process 1", Address = "192.0.2.1", Tutti = "0.1.0", Libtorch = "1.13.0", Kernels = "AVX2", System = "" };
        RankFacts[] facts = [first, first with { Rank = 1, Libtorch = "2.1.0" }, first with { Rank = 2, Tutti = "0.2.0" }, first with { Rank = 3, Libtorch = "2.1.0" }];
        Assert.Empty(RankFaults.Of([first, first with { Rank = 1 }], 2, 60, new Dictionary<int, IReadOnlyList<Unreached>>()));
        Assert.Equal(["Tutti: 0.1.0 on rank 0, 0.2.0 on rank 2; install one version on all", "libtorch: 1.13.0 on rank 0, 2.1.0 on ranks 1, 3; install one version on all"],
            RankFaults.Of(facts, 4, 60, new Dictionary<int, IReadOnlyList<Unreached>>()));
    }

    [Fact]
    public void Who_cannot_be_reached_is_said_once_with_all_who_tried()
    {
        var first = new RankFacts { Rank = 0, Where = "a, process 1", Address = "192.0.2.1", Tutti = "0.1.0", Libtorch = "1.13.0", Kernels = "AVX2", System = "" };
        RankFacts[] facts = [first, first with { Rank = 1, Address = "192.0.2.2" }, first with { Rank = 2, Address = "198.51.100.1" }];
        Dictionary<int, IReadOnlyList<Unreached>> unreached = new() { [0] = [new(2, "no answer within 5 s")], [1] = [new(2, "no answer within 5 s")], [2] = [] };
        Assert.Equal(["rank 2 cannot be reached at 198.51.100.1 by ranks 0, 1 (no answer within 5 s): set GLOO_SOCKET_IFNAME on rank 2 to the interface that they share, or open its firewall"], RankFaults.Of(facts, 3, 60, unreached));
    }

    [Fact]
    public void Facts_are_the_same_after_their_way_through_the_store()
    {
        var facts = new RankFacts { Rank = 3, Where = "a, process 1", Address = "192.0.2.1", Port = 7, Tutti = "0.1.0", Libtorch = "1.13.0", Kernels = "AVX2", System = "linux", Recipe = new JsonObject { ["seed"] = 1 }, Faults = ["none is free"] };
        Assert.Equal(facts.ToText(), RankFacts.Parse(facts.ToText()).ToText());
    }

    [Fact]
    public async Task A_recipe_belongs_to_the_distributed_doctor() =>
        (await CommandLine.RunProcess("doctor", Recipe("a"))).IsWrongInput(["RECIPE", "--distributed"]);

    [Theory]
    [InlineData("recipe", "train.batch: was 16, is 12"), InlineData("train.csv", "data.train: the contents of its files are others"), InlineData("test.csv", "data.test: the contents of its files are others")]
    public async Task Training_refuses_a_rank_with_another_recipe_or_other_data(string what, string difference)
    {
        var (first, other) = (Recipe("a"), Recipe("b"));
        string[] changed = what == "recipe" ? ["--set", "train.batch=12"] : [];
        if (what != "recipe") TinyRun.Rows(what, temp.File($"b/{what}"), 2, what == "train.csv" ? TinyRun.TrainRows : TinyRun.TestRows - 1);
        string[] common = ["--set", "submission=null", "--set", "data.sample=null"];
        var outcomes = await RankCommand.RunAll(["train", first, "--run", temp.File("run"), .. common], ["train", other, "--run", temp.File("run"), .. common, .. changed]);
        Assert.Equal(2, outcomes[1].Code);
        Assert.Contains("rank 1 has another recipe or other data than rank 0: ", outcomes[1].Error, StringComparison.Ordinal);
        Assert.Contains(difference, outcomes[1].Error, StringComparison.Ordinal);
        Assert.Equal(75, outcomes[0].Code);
        var line = Assert.Single(outcomes[0].Error.Split('\n'), line => line.StartsWith("tutti: rank 1 is lost: ", StringComparison.Ordinal));
        Assert.Contains(difference, line, StringComparison.Ordinal);
    }

    /// <summary>A copy of a small recipe and its data, as another machine would have it.</summary>
    string Recipe(string folder)
    {
        if (Directory.Exists(temp.File(folder))) return temp.File($"{folder}/recipe.yaml");
        Directory.CreateDirectory(temp.File(folder));
        using var made = Shared.Temp();
        TinyRun.Write(made);
        foreach (var file in Directory.EnumerateFiles(made.Path)) File.Copy(file, Path.Combine(temp.File(folder), Path.GetFileName(file)));
        return temp.File($"{folder}/recipe.yaml");
    }
}
