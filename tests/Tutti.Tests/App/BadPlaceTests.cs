using Tutti.Runs;
using Tutti.Tests.Recipes;

namespace Tutti.Tests.App;

/// <summary>Places that cannot be written, and runs that cannot be read: exit code 2, and nothing left behind or changed.</summary>
[Collection(RunCollection.Name)]
public sealed class BadPlaceTests(TinyRun run) : IDisposable
{
    readonly BadInput input = new();

    public void Dispose() => input.Dispose();

    [Fact]
    public void A_run_folder_that_is_a_file_or_below_one()
    {
        input.Write("file", "mine");
        input.Refused(["train", input.At("recipe.yaml"), "--run", input.At("file")], "file", "choose another");
        input.Refused(["train", input.At("recipe.yaml"), "--run", input.At("file/deep/run")], "file/deep/run", "choose another");
    }

    [Fact]
    public void A_read_only_disk()
    {
        var disk = input.Mount("disk", "ro,size=1m");
        input.Refused(["train", input.At("recipe.yaml"), "--run", Path.Combine(disk, "run")], Path.Combine(disk, "run"), "Read-only");
        input.Refused(["predict", "--run", run.Folder, "--data", run.Input("test.csv"), "--out", Path.Combine(disk, "p.csv")], Path.Combine(disk, "p.csv"), "read-only");
    }

    [Theory]
    [InlineData("4k")]                                                                    // not even the recipe fits
    [InlineData("64k")]                                                                   // the first checkpoint does not
    public void A_full_disk(string size)
    {
        var disk = input.Mount("disk", $"size={size}");
        var outcome = CommandLine.Run("train", input.At("recipe.yaml"), "--run", Path.Combine(disk, "new", "run"));
        Assert.Equal(2, outcome.Code);
        var lines = outcome.Error.TrimEnd().Split('\n');
        Assert.StartsWith("tutti: ", lines[^1], StringComparison.Ordinal);
        Assert.Contains(disk, lines[^1], StringComparison.Ordinal);
        Assert.Contains("space", lines[^1], StringComparison.OrdinalIgnoreCase);
        Assert.Empty(Directory.EnumerateFileSystemEntries(disk));
    }

    [Fact]
    public void A_full_disk_for_predictions_leaves_no_half_file()
    {
        var disk = input.Mount("disk", "size=4k");
        File.WriteAllBytes(Path.Combine(disk, "full"), new byte[4000]);
        var outcome = CommandLine.Run("predict", "--run", run.Folder, "--data", run.Input("test.csv"), "--out", Path.Combine(disk, "p.csv"));
        outcome.IsWrongInput("p.csv", "space");
        Assert.Equal([Path.Combine(disk, "full")], Directory.EnumerateFileSystemEntries(disk));
    }

    [Theory]
    [InlineData("file/p.csv", "file/p.csv")]
    [InlineData("folder", "folder")]
    public void Predictions_to_a_place_that_takes_none(string output, string naming)
    {
        input.Write("file", "mine");
        Directory.CreateDirectory(input.At("folder"));
        input.Refused(["predict", "--run", run.Folder, "--data", run.Input("test.csv"), "--out", input.At(output)], naming, "cannot be written");
    }

    [Fact]
    public void A_folder_that_is_no_run()
    {
        Directory.CreateDirectory(input.At("folder"));
        foreach (var place in new[] { "folder", "absent", "train.csv" })
        {
            input.Refused(["predict", "--run", input.At(place), "--data", input.At("test.csv"), "--out", input.At("p.csv")], place, "is not a run folder", "tutti train");
            input.Refused(["evaluate", "--run", input.At(place), "--data", input.At("train.csv")], place, "is not a run folder");
        }
    }

    [Fact]
    public void A_run_that_is_not_finished()
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        File.Delete(new RunFolder(folder).Cell("deep", 1, 0).Metrics);
        input.Refused(["predict", "--run", folder, "--data", input.At("test.csv"), "--out", input.At("p.csv")], "deep-s1-f0", "not finished", "tutti train");
        File.Delete(new RunFolder(folder).Folds);
        input.Refused(["predict", "--run", folder, "--data", input.At("test.csv"), "--out", input.At("p.csv")], "folds.csv", "train it again");
    }

    [Theory]
    [InlineData("config.json", "{", "config.json", "not valid JSON")]
    [InlineData("model.safetensors", "short", "model.safetensors")]
    [InlineData("tokenizer_config.json", "{", "tokenizer_config.json")]
    public void A_run_whose_checkpoint_is_damaged(string file, string content, params string[] naming)
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        File.WriteAllText(Path.Combine(new RunFolder(folder).Cell("deep", 1, 0).Checkpoint, file), content);
        input.Refused(["predict", "--run", folder, "--data", input.At("test.csv"), "--out", input.At("p.csv")], ["deep-s1-f0", .. naming]);
    }

    [Theory]
    [InlineData("id,keyword,location,text\n1,a,b,\"c\n", "line 2", "never closed")]
    [InlineData("id,keyword,location\n1,a,b\n", "no column 'text'")]
    [InlineData("keyword,location,text\na,b,c\n", "no column 'id'")]
    [InlineData("id,keyword,location,text\n", "no rows")]
    [InlineData("", "the file is empty")]
    public void Rows_to_predict_that_cannot_be_read(string text, params string[] naming)
    {
        input.Write("rows.csv", text);
        input.Refused(["predict", "--run", run.Folder, "--data", input.At("rows.csv"), "--out", input.At("p.csv")], ["rows.csv", .. naming]);
        input.Refused(["predict", "--run", run.Folder, "--data", input.At("none.csv"), "--out", input.At("p.csv")], "none.csv", "no such file");
    }

    [Fact]
    public void A_fault_in_the_last_of_many_rows_is_found_before_anything_is_written()
    {
        input.Write("rows.csv", [.. System.Text.Encoding.UTF8.GetBytes("id,keyword,location,text\n" + string.Concat(Enumerable.Range(0, 9000).Select(i => $"{i},,,word\n"))), .. "x,,,"u8, 0xFF, 0x0A]);
        input.Refused(["predict", "--run", run.Folder, "--data", input.At("rows.csv"), "--out", input.At("p.csv")], "rows.csv, line 9002", "are not utf-8");
    }

    [Theory]
    [InlineData("id,keyword,location,text,target\n1,,,a,0\n2,,,b,yes\n", "line 3", "column 'target'", "the label 'yes' is none of the classes of training", "0, 1")]
    [InlineData("id,keyword,location,text,target\n1,,,a,0\n2,,,b,\n", "line 3", "the label is empty")]
    [InlineData("id,keyword,location,text\n1,,,a\n", "no column 'target'")]
    [InlineData("id,keyword,location,text,target\n1,,,a,0\n1,,,b,1\n", "the id '1' is there twice")]
    public void Rows_that_cannot_be_evaluated(string text, params string[] naming)
    {
        input.Write("rows.csv", text);
        input.Refused(["evaluate", "--run", run.Folder, "--data", input.At("rows.csv")], ["rows.csv", .. naming]);
    }
}
