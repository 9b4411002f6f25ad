using System.Text.Json.Nodes;
using Tutti.Labels;
using Tutti.Recipes;
using Tutti.Runs;
using Tutti.Tables;
using Tutti.Tests.App;

namespace Tutti.Tests.Recipes;

/// <summary>A run whose rows hold planted duplicates and outliers, trained once for these tests.</summary>
public sealed class PlantedRun : IDisposable
{
    /// <summary>Of training: a copy with the other label, one with more spaces and another case, and a text of another world.</summary>
    internal const string Contradiction = "copy-1", Alike = "copy-2", Odd = "odd";

    /// <summary>Test rows whose texts stand in training.</summary>
    internal static readonly string[] Leaked = ["leak-1", "leak-2"];

    readonly TempFolder temp = Shared.Temp();
    readonly Lazy<RunResult> result;

    public PlantedRun()
    {
        TinyRun.Write(temp);
        var (train, test) = (Table.Read(temp.File("train.csv")), Table.Read(temp.File("test.csv")));
        Originals = [.. train.Ids("id").Skip(3).Take(4)];
        Rewrite(train, "train.csv", (3, [("id", Contradiction), ("target", train[3, "target"] == "1" ? "0" : "1")]), (4, [("id", Alike), ("text", "  " + train[4, "text"]!.ToUpperInvariant().Replace(" ", "   ", StringComparison.Ordinal))]),
            (5, [("id", Odd), ("keyword", "zzz"), ("location", "%%%"), ("text", "zq zq jx jx zq %% %% jx zq jx %% zq zq jx")]));
        Rewrite(test, "test.csv", (0, [("id", Leaked[0]), .. Cells(train, 5)]), (0, [("id", Leaked[1]), .. Cells(train, 6)]));
        File.Delete(temp.File("sample.csv"));
        File.WriteAllText(temp.File("recipe.yaml"), File.ReadAllText(temp.File("recipe.yaml")).Replace("  sample: sample.csv\n", "", StringComparison.Ordinal));
        result = new(() => TinyRun.Train(TinyRun.Single(Recipe.Load(temp.File("recipe.yaml"))), temp.File("run")));
    }

    /// <summary>The rows that were copied, in the order of the copies.</summary>
    internal string[] Originals { get; }

    /// <summary>Only to be read.</summary>
    internal RunFolder Files => result.Value.Files;

    public void Dispose() => temp.Dispose();

    static (string, string)[] Cells(Table table, int row) => [("keyword", table[row, "keyword"] ?? ""), ("location", table[row, "location"] ?? ""), ("text", table[row, "text"] ?? "")];

    // The file with more rows, each like one of it but for some cells.
    void Rewrite(Table table, string name, params (int Like, (string, string)[] Cells)[] more) => TableWriter.Write(temp.File(name), table.Columns, writer =>
    {
        for (var row = 0; row < table.Count; row++) writer.Row([.. table.Columns.Select(column => table[row, column])]);
        foreach (var (like, cells) in more)
        {
            var other = cells.ToDictionary();
            writer.Row([.. table.Columns.Select(column => other.TryGetValue(column, out var cell) ? cell : table[like, column])]);
        }
    });
}

/// <summary>Outliers and near duplicates of a run, from its models' embeddings.</summary>
[Collection(RunCollection.Name)]
public sealed class RunSimilarityTests(PlantedRun planted, TinyRun tiny) : IClassFixture<PlantedRun>
{
    SimilarRows Find() => RunSimilarity.Open(planted.Files.Root).Find(TestContext.Current.CancellationToken);

    [Fact]
    public void Planted_duplicates_are_found_with_what_is_wrong_with_them()
    {
        using var thread = new OneThread();
        DuplicateGroup With(string id) => Find().Groups.Single(group => group.Rows.Any(row => row.Id == id));
        var contradiction = With(PlantedRun.Contradiction);
        Assert.Contains(planted.Originals[0], contradiction.Rows.Select(row => row.Id));
        Assert.True(contradiction is { DifferentLabels: true, AcrossTest: false, AcrossFolds: false });      // the same text is held out by one fold
        Assert.Equal(0, contradiction.Distance);
        Assert.Equal(contradiction.Rows, Find().Groups[0].Rows);                                             // what needs a decision comes first
        Assert.Contains(planted.Originals[1], With(PlantedRun.Alike).Rows.Select(row => row.Id));
        foreach (var (leak, original) in PlantedRun.Leaked.Zip(planted.Originals.Skip(2)))
        {
            var group = With(leak);
            Assert.True(group.AcrossTest);
            Assert.Contains(original, group.Rows.Where(row => !row.IsTest).Select(row => row.Id));
            Assert.Equal(group.Rows.Single(row => row.Id == original).Text, group.Rows.Single(row => row.Id == leak).Text);
        }
    }

    [Fact]
    public void A_planted_text_of_another_world_is_the_least_usual()
    {
        using var thread = new OneThread();
        var found = Find();
        Assert.Equal(TinyRun.TrainRows + 3 + TinyRun.TestRows + 2, found.Scored);
        Assert.Equal((PlantedRun.Odd, true), (found.Outliers[0].Row.Id, found.Outliers[0].Beyond));
        Assert.Equal("small seed 1", found.By);
    }

    [Fact]
    public void Any_number_of_threads_gives_the_same_answer_and_so_does_what_the_folder_keeps()
    {
        using var thread = new OneThread();
        EmbeddingFindings Search(int threads) => RunSimilarity.Open(planted.Files.Root).Search(double.PositiveInfinity, TestContext.Current.CancellationToken, threads)!;
        var (one, four) = (Search(1), Search(4));
        Assert.Equal(one.Outliers, four.Outliers);
        Assert.Equal(one.Groups.Select(group => (string.Join(' ', group.Rows), group.Distance)), four.Groups.Select(group => (string.Join(' ', group.Rows), group.Distance)));
        var kept = JsonNode.Parse(File.ReadAllText(planted.Files.Similar))!;
        Assert.Equal(one.Outliers.Select(outlier => outlier.Score), kept["outliers"]!.AsArray().Select(outlier => (double)outlier!["score"]!));
        Assert.Equal(one.Groups.Select(group => string.Join(' ', group.Rows)), kept["groups"]!.AsArray().Select(group => string.Join(' ', group!["rows"]!.AsArray().Select(row => (int)row!))));
    }

    [Fact]
    public void What_is_kept_of_other_cells_or_damaged_is_found_again()
    {
        using var thread = new OneThread();
        using var folder = Shared.Temp();
        var copy = tiny.Copy(folder);
        var file = new RunFolder(copy).Similar;
        var first = File.ReadAllText(file);
        foreach (var damaged in (string[])[first.Replace("\"key\":\"", "\"key\":\"0", StringComparison.Ordinal), first[..(first.Length / 2)], first.Replace("\"row\":", "\"row\":9", StringComparison.Ordinal), "[]"])
        {
            File.WriteAllText(file, damaged);
            RunSimilarity.Open(copy).Find(TestContext.Current.CancellationToken);
            Assert.Equal(first, File.ReadAllText(file));
        }
        File.WriteAllText(file, first.Replace("\"scored\":", "\"scored\":1", StringComparison.Ordinal));      // of these cells: it is believed
        Assert.Equal(1126, RunSimilarity.Open(copy).Find(TestContext.Current.CancellationToken).Scored);
        File.Delete(file);
        Assert.Null(RunSimilarity.Open(copy).Find(1000, TestContext.Current.CancellationToken));             // too much work
        Assert.False(File.Exists(file));
    }

    [Fact]
    public void Rows_that_were_changed_since_are_refused()
    {
        using var folder = Shared.Temp();
        var (copy, train) = (tiny.Copy(folder), folder.File("moved.csv"));
        TinyRun.Rows("train.csv", train, 1, TinyRun.TrainRows);
        var recipe = Path.Combine(copy, "recipe.yaml");
        File.WriteAllText(recipe, File.ReadAllText(recipe).Replace(tiny.Input("train.csv"), train, StringComparison.Ordinal));
        CommandLine.Run("labels", "--run", copy, "--duplicates").IsWrongInput(train, "is not what", "was trained on any more");
    }

    [Fact]
    public void The_command_prints_and_writes_both_with_ids_texts_and_scores()
    {
        using var folder = Shared.Temp();
        var duplicates = CommandLine.Run("labels", "--run", planted.Files.Root, "--duplicates", "--out", folder.File("d.csv"));
        Assert.Equal(0, duplicates.Code);
        Assert.Contains("with different labels for nearly the same text", duplicates.Out, StringComparison.Ordinal);
        Assert.Contains("groups hold rows of training and test", duplicates.Error, StringComparison.Ordinal);
        var table = Table.Read(folder.File("d.csv"));
        Assert.Equal(["group", "set", "id", "fold", "given", "distance", "text"], table.Columns);
        var first = Enumerable.Range(0, table.Count).Where(row => table[row, "group"] == "1").ToArray();
        Assert.Equal([planted.Originals[0], PlantedRun.Contradiction], first.Select(row => table[row, "id"]));
        Assert.Equal(["0", "1"], first.Select(row => table[row, "given"]).Order());
        Assert.Equal("test", table[Enumerable.Range(0, table.Count).Single(row => table[row, "id"] == PlantedRun.Leaked[0]), "set"]);

        var outliers = CommandLine.Run("labels", "--run", planted.Files.Root, "--outliers", "--top", "1", "--out", folder.File("o.csv"));
        Assert.Contains("zq zq jx jx", outliers.Out, StringComparison.Ordinal);
        var written = Table.Read(folder.File("o.csv"));
        Assert.Equal(["set", "id", "fold", "given", "score", "outlier", "text"], written.Columns);
        Assert.Equal((PlantedRun.Odd, "yes"), (written[0, "id"], written[0, "outlier"]));

        var json = JsonNode.Parse(CommandLine.Run("labels", "--run", planted.Files.Root, "--outliers", "--duplicates", "--top", "2", "--json").Out)!;
        Assert.Equal(PlantedRun.Odd, (string)json["outliers"]!["queue"]![0]!["id"]!);
        Assert.Equal(2, json["duplicates"]!["list"]!.AsArray().Count);
        Assert.True((int)json["duplicates"]!["groups"]! >= 4);
        Assert.True((bool)json["duplicates"]!["list"]![0]!["differentLabels"]!);
        Assert.True((int)json["duplicates"]!["acrossTest"]! >= 2);
    }

    [Fact]
    public void Wrong_use_is_named()
    {
        using var folder = Shared.Temp();
        CommandLine.Run("labels", "--probs", folder.Write("p.csv", "p0,p1,label\n0.9,0.1,0\n"), "--outliers").IsWrongInput("--outliers", "expected --run DIR");
        CommandLine.Run("labels", "--run", planted.Files.Root, "--outliers", "--duplicates", "--out", folder.File("a.csv")).IsWrongInput("--out", "one of both");
        CommandLine.Run("labels", "--run", folder.Path, "--duplicates").IsWrongInput(folder.Path, "is not a run folder");
    }

    [Fact]
    public void The_report_of_a_small_run_has_them_without_being_asked()
    {
        var similar = RunReportTests.Document(planted.Files.Report)["similar"]!;
        Assert.Equal("small seed 1", (string)similar["by"]!);
        Assert.Equal(PlantedRun.Odd, (string)similar["outliers"]!["queue"]![0]!["id"]!);
        var first = similar["duplicates"]!["list"]![0]!;
        Assert.Equal((true, 2), ((bool)first["differentLabels"]!, (int)first["count"]!));
        Assert.Equal([planted.Originals[0], PlantedRun.Contradiction], first["rows"]!.AsArray().Select(row => (string)row!["id"]!));
    }
}
