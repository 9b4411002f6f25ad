using System.Security.Cryptography;
using Tutti.Runs;
using Tutti.Tests.Recipes;

namespace Tutti.Tests.App;

/// <summary>A run that was cut short in its second cell, and what the command line makes of it: damage, other recipes, a full disk.</summary>
[Collection(RunCollection.Name)]
public sealed class CutRunTests(CutRun run) : IDisposable
{
    const string GoesOn = "deep seed 1 fold 1: goes on after update ";

    readonly TempFolder temp = Shared.Temp();

    string Folder => temp.File("run");
    string Resume => new RunFolder(Folder).Cell("deep", 1, 1).Resume;

    public void Dispose() => temp.Dispose();

    [Fact]
    public void It_goes_on_where_it_was_says_so_and_logs_it()
    {
        run.HalfIn(Folder);
        var before = EventLog.Read(Path.Combine(Folder, "events.jsonl"));
        Assert.Contains($"{GoesOn}5 of {CutRun.Updates}\n", Completes(), StringComparison.Ordinal);
        var added = EventLog.Read(Path.Combine(Folder, "events.jsonl"))[before.Count..];
        Assert.Equal($"{GoesOn}5 of {CutRun.Updates}", added.Single(line => line.Kind == "note").Fields["text"]!.GetValue<string>());
        Assert.Equal([6, 7, 8, 9], added.Where(line => line.Kind == "step").Select(line => line.Fields["update"]!.GetValue<int>()));
        Assert.Equal(["started", "cell started", "encoded", "planned", "note", "step"], added.Take(6).Select(line => line.Kind));
    }

    [Theory]
    [InlineData("point-*.json")]
    [InlineData("point-*.safetensors")]
    public void A_flipped_byte_in_the_newest_point_is_said_and_the_one_before_is_used(string file)
    {
        run.HalfIn(Folder);
        Flip(Newest(file));
        var said = Completes();
        Assert.Single(said.Split('\n'), line => line.Contains("is damaged", StringComparison.Ordinal) && line.Contains(Path.GetFileName(Newest(file, run.Half)), StringComparison.Ordinal) && line.Contains("the point before it is used", StringComparison.Ordinal));
        Assert.Contains(GoesOn, said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("point-*.json", "point-*.json")]
    [InlineData("point-*.safetensors", "point-*.safetensors")]
    [InlineData("point-*.json", "point-*.safetensors")]
    [InlineData("best-*.safetensors", null)]                                              // both points refer to it
    public void When_both_points_are_damaged_it_is_said_and_the_cell_begins_again(string newest, string? before)
    {
        run.HalfIn(Folder);
        Flip(Newest(newest));
        if (before is not null) Flip(Directory.GetFiles(Resume, before).Order(StringComparer.Ordinal).First());
        var said = Completes();
        Assert.Equal(2, said.Split('\n').Count(line => line.Contains("is damaged", StringComparison.Ordinal) && line.Contains("so the cell begins again", StringComparison.Ordinal)));
        Assert.DoesNotContain(GoesOn, said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("train.batch=16", "train.batch: was 20, is 16")]
    [InlineData("train.learning-rate=1e-3", "train.learning-rate: was 0.003, is 0.001")]
    [InlineData("train.precision=bf16", "train.precision: was auto, is bf16")]
    [InlineData("data.text={text}", "data.text: was '{keyword} | {location} | {text}', is '{text}'")]
    [InlineData("data.folds.seed=8", "data.folds.seed: was 7, is 8")]
    [InlineData("members.0.model.hidden=16", "model.hidden: was 32, is 16")]
    public void Another_recipe_is_refused_with_the_difference_and_nothing_is_changed(string setting, string difference)
    {
        run.HalfIn(Folder);
        File.Delete(new RunFolder(Folder).Cell("deep", 1, 0).Metrics);           // no cell may be finished by the other recipe either
        var before = Snapshot();
        CommandLine.Run(run.Train(Folder, "--set", setting)).IsWrongInput(Resume, "holds the checkpoint of another recipe", difference, "--run");
        Assert.Equal(before, Snapshot());
    }

    [Fact]
    public void Other_training_rows_are_refused_too()
    {
        run.HalfIn(Folder);
        TinyRun.Rows("train.csv", temp.File("other.csv"), 1, TinyRun.TrainRows);
        var before = Snapshot();
        CommandLine.Run(run.Train(Folder, "--set", $"data.train={temp.File("other.csv")}")).IsWrongInput("data.train: the contents of its files are others");
        Assert.Equal(before, Snapshot());
    }

    [Theory]
    [InlineData("memory=1 GB")]
    [InlineData("checkpoint.every=1 h")]
    [InlineData("checkpoint.disk=1 GB")]
    [InlineData("train.micro-tokens=1000")]
    [InlineData("blend=geometric")]
    public void What_does_not_decide_the_result_may_change(string setting)
    {
        run.HalfIn(Folder);
        Assert.Contains($"{GoesOn}5 of {CutRun.Updates}\n", Completes(whole: setting != "blend=geometric", "--set", setting), StringComparison.Ordinal);
        SameCells();
    }

    [Fact]
    public void Other_test_rows_may_come()
    {
        run.HalfIn(Folder);
        TinyRun.Rows("test.csv", temp.File("other.csv"), 5, TinyRun.TestRows);
        string[] settings = ["--set", $"data.test={temp.File("other.csv")}", "--set", "data.sample=null"];
        Assert.Contains($"{GoesOn}5 of {CutRun.Updates}\n", Completes(whole: false, settings), StringComparison.Ordinal);
        SameCells(except: "test.csv");
        var fresh = CommandLine.Run(run.Train(temp.File("fresh"), settings));
        Assert.True(fresh.Code == 0, fresh.Error);
        Assert.Equal(CutRun.Results(temp.File("fresh")), CutRun.Results(Folder));
    }

    [Fact]
    public void What_a_process_left_that_was_killed_as_it_finished_a_cell_goes()
    {
        run.HalfIn(Folder);
        var (done, open) = (new RunFolder(Folder).Cell("deep", 1, 0), new RunFolder(Folder).Cell("deep", 1, 1));
        Directory.CreateDirectory(done.Resume);
        foreach (var file in Directory.GetFiles(open.Resume)) File.Copy(file, Path.Combine(done.Resume, Path.GetFileName(file)));
        Directory.CreateDirectory(open.Checkpoint);
        File.WriteAllText(Path.Combine(open.Checkpoint, ".model.safetensors.abcdefgh.xyz.tmp"), "half");
        File.WriteAllText(Path.Combine(Folder, ".oof.csv.abcdefgh.xyz.tmp"), "half");
        Completes();
        Assert.False(Directory.Exists(done.Resume));
    }

    [Fact]
    public void A_finished_cell_of_another_recipe_is_trained_again_though_a_point_was_left_beside_it()
    {
        run.HalfIn(Folder);
        var (done, open) = (new RunFolder(Folder).Cell("deep", 1, 0), new RunFolder(Folder).Cell("deep", 1, 1));
        Directory.Move(open.Resume, done.Resume);
        Directory.Delete(open.Root, recursive: true);
        var outcome = CommandLine.Run(run.Train(Folder, "--set", "train.epochs=1"));
        Assert.True(outcome.Code == 0, outcome.Error);
        Assert.Contains("changed: train.epochs: was 3, is 1; 1 of 2 cells were trained before that and are trained again: deep seed 1 fold 0", outcome.Error, StringComparison.Ordinal);
    }

    /// <summary>The same command to the end; what it said.</summary>
    /// <param name="whole">Everything must be as in the run that was not cut.</param>
    /// <param name="settings">More of the command line.</param>
    string Completes(bool whole = true, params string[] settings)
    {
        var outcome = CommandLine.Run(run.Train(Folder, settings));
        Assert.True(outcome.Code == 0, outcome.Error);
        if (whole) run.Of(1).IsSame(Folder, string.Join(' ', settings));
        return outcome.Error;
    }

    void SameCells(string except = "none")
    {
        static Dictionary<string, string> Cells(Dictionary<string, string> results, string except) => results.Where(pair => pair.Key.Contains("-s1-", StringComparison.Ordinal) && Path.GetFileName(pair.Key) != except).ToDictionary();
        Assert.Equal(Cells(run.Of(1).Results, except), Cells(CutRun.Results(Folder), except));
    }

    string Newest(string pattern, string? folder = null) => Directory.GetFiles(folder is null ? Resume : new RunFolder(folder).Cell("deep", 1, 1).Resume, pattern).Order(StringComparer.Ordinal).Last();

    static void Flip(string file)
    {
        var bytes = File.ReadAllBytes(file);
        bytes[bytes.Length / 2] ^= 4;
        File.WriteAllBytes(file, bytes);
    }

    string[] Snapshot() => [.. Directory.EnumerateFileSystemEntries(Folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        .Select(path => Directory.Exists(path) ? path : $"{path} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path)))}")];
}
