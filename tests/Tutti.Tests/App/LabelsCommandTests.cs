using System.Text.Json.Nodes;
using Tutti.Predictions;
using Tutti.Runs;
using Tutti.Tests.Labels;

namespace Tutti.Tests.App;

/// <summary><c>tutti labels</c>: from any probabilities and from a run folder; errors.</summary>
public sealed class LabelsCommandTests
{
    const string Rows = "id,p_ham,p_spam,label,note\na,0.9,0.1,ham,x\nb,0.2,0.8,spam,x\nc,0.3,0.7,spam,x\nd,0.05,0.95,ham,x\n";

    [Fact]
    public void A_wrong_label_is_listed_with_the_suggested_one_and_written()
    {
        using var folder = Shared.Temp();
        var (file, written) = (folder.Write("p.csv", Rows), folder.File("issues.csv"));
        var outcome = CommandLine.Run("labels", "--probs", file, "--labels", "label", "--out", written);
        Assert.Equal(0, outcome.Code);
        Assert.Contains("Label issues: 1 of 4 rows; overall label health 0.750", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("columns not read: note", outcome.Error, StringComparison.Ordinal);
        Assert.Equal("id,given,suggested,quality,label,who,when,why\nd,ham,spam,0.05,,,,\n", File.ReadAllText(written));
        Assert.Equal(Rows, File.ReadAllText(file));
    }

    [Fact]
    public void Json_says_the_same()
    {
        using var folder = Shared.Temp();
        var outcome = CommandLine.Run("labels", "--probs", folder.Write("p.csv", Rows), "--json", "--filter", "low-self-confidence", "--score", "normalized_margin");
        var json = JsonNode.Parse(outcome.Out)!;
        Assert.Equal((4, 1, "low_self_confidence", "normalized_margin"), ((int)json["rows"]!, (int)json["issues"]!, (string)json["filter"]!, (string)json["score"]!));
        var issue = json["queue"]![0]!;
        Assert.Equal(("d", 3, "ham", "spam"), ((string)issue["id"]!, (int)issue["row"]!, (string)issue["given"]!, (string)issue["suggested"]!));
        Assert.Equal(0.05, (double)issue["quality"]!, 1e-12);
    }

    [Fact]
    public void Labels_come_from_a_file_by_id_or_in_order_and_may_be_class_numbers()
    {
        using var folder = Shared.Temp();
        var named = folder.Write("p.csv", "id,p_ham,p_spam\na,0.9,0.1\nb,0.2,0.8\nc,0.3,0.7\nd,0.05,0.95\n");
        var plain = folder.Write("q.csv", "p0,p1\n0.9,0.1\n0.2,0.8\n0.3,0.7\n0.05,0.95\n");
        var byId = CommandLine.Run("labels", "--probs", named, "--labels", folder.Write("by-id.csv", "id,label\nd,0\nc,1\nb,spam\na,ham\n"), "--json");
        var inOrder = CommandLine.Run("labels", "--probs", plain, "--labels", folder.Write("in-order.csv", "y\n0\n1\n1\n0\n"), "--json");
        Assert.Equal("d", (string)JsonNode.Parse(byId.Out)!["queue"]![0]!["id"]!);
        Assert.Equal("4", (string)JsonNode.Parse(inOrder.Out)!["queue"]![0]!["id"]!);
    }

    [Fact]
    public void A_npy_file_gives_what_the_same_numbers_as_csv_give()
    {
        using var folder = Shared.Temp();
        var (rows, labels, k) = LabelAuditTests.Made(4, 400, 3);
        LabelAuditTests.WriteNpy(folder.File("p.npy"), rows, k, single: false);
        var csv = folder.Write("p.csv", "p0,p1,p2\n" + string.Concat(labels.Select((_, row) => FormattableString.Invariant($"{rows[row * k]:R},{rows[(row * k) + 1]:R},{rows[(row * k) + 2]:R}\n"))));
        var given = folder.Write("labels.csv", "label\n" + string.Concat(labels.Select(label => FormattableString.Invariant($"{label}\n"))));
        var (first, second) = (CommandLine.Run("labels", "--probs", folder.File("p.npy"), "--labels", given, "--json"), CommandLine.Run("labels", "--probs", csv, "--labels", given, "--json"));
        Assert.Equal(0, first.Code);
        Assert.Equal(first.Out, second.Out);
    }

    [Fact]
    public void A_run_gives_its_cells_votes()
    {
        using var folder = Shared.Temp();
        var run = new RunFolder(folder.File("run"));
        string[] ids = ["a", "b", "c", "d"], classes = ["ham", "spam"];
        double[] blended = [0.9, 0.1, 0.2, 0.8, 0.3, 0.7, 0.05, 0.95];
        PredictionFile.Write(run.OutOfFold, new(ids, classes, blended, [0, 1, 1, 0]));
        PredictionFile.Write(run.Cell("one", 1, 0).Predictions, new(ids, classes, blended, [0, 1, 1, 0]));
        PredictionFile.Write(run.Cell("two", 1, 0).Predictions, new(ids, classes, [0.9, 0.1, 0.2, 0.8, 0.3, 0.7, 0.6, 0.4], [0, 1, 1, 0]));
        var outcome = CommandLine.Run("labels", "--run", run.Root, "--json");
        Assert.Equal(0, outcome.Code);
        var issue = Assert.Single(JsonNode.Parse(outcome.Out)!["queue"]!.AsArray())!;
        Assert.Equal("d", (string)issue["id"]!);
        Assert.Equal([1, 1], issue["votes"]!.AsArray().Select(count => (int)count!));
        Assert.Contains("ham 1, spam 1", CommandLine.Run("labels", "--run", run.Root).Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("line 2: probabilities sum to 1.1", "p0,p1,label\n0.9,0.2,0\n")]
    [InlineData("line 2: probability NaN is not a finite number", "p0,p1,label\nNaN,0.2,0\n")]
    [InlineData("line 3, column 'p1': 'x' is not a number", "p0,p1,label\n0.9,0.1,0\n0.5,x,0\n")]
    [InlineData("line 2, column 'label': the label '2' is neither a class (0, 1) nor a number 0 to 1", "p0,p1,label\n0.9,0.1,2\n")]
    [InlineData("'label' is neither a column", "p0,p1\n0.9,0.1\n")]
    [InlineData("1 columns of probabilities", "p0,label\n1,0\n")]
    public void Bad_rows_are_named_with_their_line(string message, string rows)
    {
        using var folder = Shared.Temp();
        CommandLine.Run("labels", "--probs", folder.Write("p.csv", rows)).IsWrongInput(message, "p.csv");
    }

    [Fact]
    public void Labels_in_another_number_than_rows_are_named()
    {
        using var folder = Shared.Temp();
        CommandLine.Run("labels", "--probs", folder.Write("p.csv", "p0,p1\n0.9,0.1\n0.2,0.8\n"), "--labels", folder.Write("y.csv", "label\n0\n")).IsWrongInput("y.csv", "has 1 labels; expected one for each of the 2 rows");
    }

    [Theory]
    [InlineData("there is no 'prune_by_clas'; did you mean 'prune_by_class'?", "--filter", "prune_by_clas")]
    [InlineData("there is no 'self-confidense'; did you mean 'self_confidence'?", "--score", "self-confidense")]
    [InlineData("--top: got 0", "--top", "0")]
    [InlineData("expected --run DIR, or --probs FILE", "--run", "somewhere")]
    public void Wrong_use_is_named(string message, string option, string value)
    {
        using var folder = Shared.Temp();
        CommandLine.Run("labels", "--probs", folder.Write("p.csv", Rows), option, value).IsWrongInput(message);
    }
}
