using System.Text.Json.Nodes;
using Tutti.Predictions;
using Tutti.Recipes;
using Tutti.Runs;
using Tutti.Tests.App;

namespace Tutti.Tests.Recipes;

/// <summary>Two run folders made by hand, whose common rows can be counted on one hand.</summary>
public sealed class RunComparisonTests : IDisposable
{
    readonly TempFolder temp = Shared.Temp();

    public void Dispose() => temp.Dispose();

    string Run(string name, string[] ids, double[] ofYes, int[] labels, string[]? classes = null, Func<string, string>? hash = null)
    {
        var files = new RunFolder(temp.File(name));
        classes ??= ["no", "yes"];
        double[] probabilities = [.. ofYes.SelectMany(p => classes[0] == "yes" ? [p, 1 - p] : (double[])[1 - p, p])];
        if (classes.Length > 2) probabilities = [.. ofYes.SelectMany(p => (double[])[1 - p, p, 0])];
        var set = new PredictionSet(ids, classes, probabilities, labels, [.. ids.Select(_ => 0)]);
        PredictionFile.Write(files.OutOfFold, set);
        if (hash is not null) PredictionFile.Write(files.OutOfFoldOf("m"), set, hash);
        return files.Root;
    }

    string First(Func<string, string>? hash = null) => Run("first", ["1", "2", "3", "4", "5"], [0.9, 0.2, 0.4, 0.6, 0.8], [1, 0, 1, 1, 0], hash: hash);

    /// <summary>In another order of rows and classes, and with rows of its own.</summary>
    string Second(Func<string, string>? hash = null) => Run("second", ["5", "9", "3", "1", "2"], [0.1, 0.5, 0.7, 0.3, 0.1], [1, 0, 0, 0, 1], ["yes", "no"], hash);

    static RunComparison Compare(params string[] folders) => RunComparison.Of(folders, cancel: TestContext.Current.CancellationToken);

    [Fact]
    public void Rows_that_all_held_out_are_compared_and_what_changed_is_listed_the_farthest_apart_first()
    {
        var comparison = Compare(First(), Second());
        Assert.Equal((4, 0, 0), (comparison.Common, comparison.OtherText, comparison.OtherLabel));
        var (first, second) = (comparison.Runs[0], comparison.Runs[1]);
        Assert.Equal((5, 5, 0.5, 0.75), (first.Rows, second.Rows, first.Scores.Accuracy.Value, second.Scores.Accuracy.Value));
        Assert.Equal(["5", "3"], second.Fixes.Select(row => row.Id));
        var broken = Assert.Single(second.Breaks);
        Assert.Equal(("1", "yes", "yes", "no"), (broken.Id, broken.Label, broken.First.Class, broken.Other.Class));
        Assert.Equal(0.9, broken.First.OfLabel, 1e-12);
        Assert.Equal(0.3, broken.Other.OfLabel, 1e-12);
        Assert.Equal(0.25, second.AgainstFirst!.Accuracy.Difference.Value, 1e-12);
        Assert.Empty(first.Fixes.Concat(first.Breaks));
        Assert.Null(first.AgainstFirst);
    }

    [Fact]
    public void A_row_of_the_same_id_with_another_text_or_label_is_no_common_row()
    {
        var comparison = Compare(First(id => $"text of {id}"), Second(id => id == "5" ? "other" : $"text of {id}"));
        Assert.Equal((3, 1, 0), (comparison.Common, comparison.OtherText, comparison.OtherLabel));
        var third = Run("third", ["1", "2"], [0.5, 0.5], [0, 0]);
        Assert.Equal((1, 0, 1), (Compare(First(), third).Common, 0, Compare(First(), third).OtherLabel));
        CommandLine.Run("compare", First(id => "a" + id), Second(id => "b" + id)).IsWrongInput("has no held-out row in common", "4 ids are the same, but their texts or labels are not");
    }

    [Fact]
    public void What_cannot_be_compared_is_said()
    {
        CommandLine.Run("compare", First(), temp.File("absent")).IsWrongInput("absent", "is not a run folder: there is no oof.csv");
        CommandLine.Run("compare", First(), Run("other", ["x", "y"], [0.5, 0.6], [0, 1])).IsWrongInput("has no held-out row in common with", "'1', '2', '3', ...", "'x', 'y'");
        CommandLine.Run("compare", First(), Run("classes", ["1", "2"], [0.5, 0.6], [0, 1], ["no", "yes", "perhaps"])).IsWrongInput("has other classes than", "1 more ('perhaps')");
        CommandLine.Run("compare", First(), First()).IsWrongInput("is named twice");
        CommandLine.Run("compare", First(), Second(), "--rows", "-1").IsWrongInput("--rows: got -1");
        var outcome = CommandLine.Run("compare", First());
        Assert.Equal(2, outcome.Code);
    }

    [Fact]
    public void The_command_prints_scores_tests_and_rows()
    {
        var outcome = CommandLine.Run("compare", First(), Second());
        Assert.Equal((0, ""), (outcome.Code, outcome.Error));
        Assert.Contains("4 common held-out rows (of 5, 5)", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("second fixes 2 rows that", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("second breaks 1 rows that", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("= +0.250 (P 1.000)", outcome.Out, StringComparison.Ordinal);
        Assert.Matches(@"second against \S*first: accuracy \+0\.250 \(\S+ to \S+\), log-loss \S+ \(\S+ to \S+\)", outcome.Out);
        var json = JsonNode.Parse(CommandLine.Run("compare", First(), Second(), "--json", "--rows", "1").Out)!;
        Assert.Equal((4, 2, 1), ((int)json["common"]!, (int)json["runs"]![1]!["fixes"]!, json["runs"]![1]!["fixed"]!.AsArray().Count));
        Assert.Equal("5", (string)json["runs"]![1]!["fixed"]![0]!["id"]!);
        Assert.Equal(1, (double)json["runs"]![1]!["againstFirst"]!["mcNemar"]!, 1e-12);
    }
}
