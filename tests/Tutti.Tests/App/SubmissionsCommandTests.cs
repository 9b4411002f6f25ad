using System.Text.Json.Nodes;
using Tutti.Recipes;
using Tutti.Tables;
using Tutti.Tests.Recipes;

namespace Tutti.Tests.App;

/// <summary>The ledger of submissions from the command line.</summary>
[Collection(RunCollection.Name)]
public sealed class SubmissionsCommandTests(TinyRun run)
{
    static JsonArray List(string folder) => JsonNode.Parse(CommandLine.Run("submissions", "--run", folder, "--json").Out)!.AsArray();

    [Fact]
    public void Training_notes_a_submission_once_and_outside_scores_are_added_to_it()
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        Assert.Equal(0, CommandLine.Run("train", run.Input("recipe.yaml"), "--run", folder).Code);
        var entry = Assert.Single(List(folder))!;
        Assert.Equal(("submission.csv", TinyRun.Cells), ((string)entry["file"]!, entry["cells"]!.AsArray().Count));
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(Path.Combine(folder, "submission.csv")))), (string)entry["sha256"]!);
        Assert.Equal(TinyRun.CellsOf(folder).Select(cell => Cell.Recorded(cell, "fingerprint")), entry["cells"]!.AsArray().Select(cell => (string)cell!["fingerprint"]!));
        var ours = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "metrics.json")))!["scores"]!["accuracy"]!;
        var noted = entry["scores"]!.AsArray().First(score => (string)score!["name"]! == "accuracy")!;
        Assert.Equal(((double)ours["value"]!, (double)ours["low"]!, (double)ours["high"]!), ((double)noted["value"]!, (double)noted["low"]!, (double)noted["high"]!));

        // Another name is another submission, though its content is the same.
        Assert.Equal(0, CommandLine.Run("train", run.Input("recipe.yaml"), "--run", folder, "--set", "submission=second.csv").Code);
        Assert.Equal(["submission.csv", "second.csv"], List(folder).Select(one => (string)one!["file"]!));

        Assert.Equal((0, "submission 2, second.csv: outside score 0.8\n"), (CommandLine.Run("submissions", "add", "--run", folder, "--score", "0.8", "--note", "public board") is { Code: var code, Out: var said } ? (code, said.ReplaceLineEndings("\n")) : default));
        Assert.Equal(0, CommandLine.Run("submissions", "add", "--run", folder, "--score", "0.75", "--number", "1").Code);
        Assert.Equal(0, CommandLine.Run("submissions", "add", "--run", folder, "--score", "0.76", "--file", "submission.csv").Code);
        Assert.Equal([0.75, 0.76], List(folder)[0]!["outside"]!.AsArray().Select(outside => (double)outside!["score"]!));
        var list = CommandLine.Run("submissions", "--run", folder);
        foreach (var word in (string[])["2 submissions", "second.csv", "public board", "0.7600"]) Assert.Contains(word, list.Out, StringComparison.Ordinal);

        var plot = CommandLine.Run("submissions", "plot", "--run", folder);
        Assert.Equal((0, ""), (plot.Code, plot.Error));
        foreach (var word in (string[])["our accuracy", "outside less ours: ", "correlation: unknown"]) Assert.Contains(word, plot.Out, StringComparison.Ordinal);
        var points = JsonNode.Parse(CommandLine.Run("submissions", "plot", "--run", folder, "--json").Out)!;
        Assert.Equal([0.76, 0.8], points["points"]!.AsArray().Select(point => (double)point!["outside"]!));
        Assert.Equal(0.78 - (double)ours["value"]!, (double)points["meanDifference"]!, 1e-9);
        Assert.Null(points["pearson"]);
    }

    [Fact]
    public void Wrong_use_is_named()
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        CommandLine.Run("submissions", "add", "--run", folder, "--score", "high").IsWrongInput("--score: got 'high', expected a number such as 0.81");
        CommandLine.Run("submissions", "add", "--run", folder, "--score", "NaN").IsWrongInput("--score: got 'NaN'");
        CommandLine.Run("submissions", "add", "--run", folder, "--score", "0.8", "--file", "submision.csv").IsWrongInput("--file: the ledger has no submission 'submision.csv'", "did you mean 'submission.csv'");
        CommandLine.Run("submissions", "add", "--run", folder, "--score", "0.8", "--number", "9").IsWrongInput("--number: got '9', expected a number from 1 to 1");
        CommandLine.Run("submissions", "add", "--run", folder, "--score", "0.8", "--number", "1", "--file", "x").IsWrongInput("--number: is given together with --file");
        CommandLine.Run("submissions", "plot", "--run", folder).IsWrongInput("no submission has an outside score yet");
        CommandLine.Run("submissions", "--run", folder, "--metric", "speed").IsWrongInput("--metric: got 'speed'", "log-loss");
        CommandLine.Run("submissions", "--run", temp.File("nothing")).IsWrongInput("there is no ledger of submissions");
        CommandLine.Run("submissions", "add", "--run", temp.File("nothing"), "--score", "1").IsWrongInput("there is no ledger of submissions");
        Assert.False(Directory.Exists(temp.File("nothing")));
    }

    [Fact]
    public void A_sample_with_other_ids_is_refused_before_anything_is_trained()
    {
        using var temp = Shared.Temp();
        var ids = Table.Read(run.Input("test.csv")).Ids("id");
        TableWriter.Write(temp.File("sample.csv"), ["id", "target"], writer =>
        {
            foreach (var id in ids.Skip(2).Append("x1").Append("x2").Append("x3")) writer.Row(id, "0");
        });
        CommandLine.Run("train", run.Input("recipe.yaml"), "--run", temp.File("run"), "--set", $"data.sample={temp.File("sample.csv")}")
            .IsWrongInput("3 of its 31 ids have no prediction: 'x1', 'x2', 'x3'", "2 of 30 predictions are not asked for", ids[0]);
        Assert.False(Directory.Exists(temp.File("run")));
    }
}
