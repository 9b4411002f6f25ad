using System.Text.Json.Nodes;
using Tutti.Recipes;
using Tutti.Tables;
using Tutti.Tests.App;

namespace Tutti.Tests.Recipes;

/// <summary><c>tutti labels</c> of runs that learn labels, numbers or several targets, with planted errors.</summary>
[Collection(RunCollection.Name)]
public sealed class AnswerIssuesTests : IDisposable
{
    readonly TempFolder temp = Shared.Temp();

    public void Dispose() => temp.Dispose();

    /// <summary>Rows of two words, a colour and a size; in r10 the colour is wrong, in r20 the number, in r31 the flag, and r40 lacks a tag.</summary>
    string Train(string task, string what, string seeds = "1")
    {
        string[] colours = ["red", "green", "blue"], sizes = ["small", "large"];
        TableWriter.Write(temp.File("train.csv"), ["id", "text", "colour", "size", "large", "tags"], writer =>
        {
            for (var i = 0; i < 192; i++)
            {
                var (colour, size) = (colours[i % 3], sizes[i / 3 % 2]);
                var isLarge = size == "large" != (i == 31);
                writer.Row($"r{i}", $"{colour} {size} item {i % 7}", i == 10 ? "blue" : colour, i == 20 ? "90000" : size == "large" ? "1200.5" : "400", isLarge ? "1" : "0",
                    string.Join(";", new[] { colour == "green" && i != 40 ? "green" : "", isLarge ? "large" : "" }.Where(tag => tag.Length > 0)));
            }
        });
        var recipe = Recipe.Parse($"task: {task}\ndata:\n  train: train.csv\n  text: \"{{text}}\"\n  id: id\n  {what}\n" + """
              folds: 2
            train: { batch: 8, epochs: 16, learning-rate: 1e-2, max-length: 16 }
            members:
              - { model: { kind: bert, layers: 1, hidden: 16, heads: 2, vocabulary: 100, pooling: mean }, name: a, seeds: [SEEDS] }
            """.Replace("SEEDS", seeds, StringComparison.Ordinal), temp.Path);
        using var thread = new OneThread();
        return new Run(recipe, temp.File("run")).TrainAnswers(cancel: TestContext.Current.CancellationToken).Files.Root;
    }

    static JsonNode Json(params string[] args)
    {
        var outcome = CommandLine.Run([.. args, "--json"]);
        Assert.True(outcome.Code == 0, outcome.Error);
        return JsonNode.Parse(outcome.Out)!;
    }

    static (string, string, string) First(JsonNode target) => ((string)target["queue"]![0]!["id"]!, (string)target["queue"]![0]!["given"]!, (string)target["queue"]![0]!["suggested"]!);

    [Fact]
    public void Labels_that_are_wrong_or_missing_come_first_and_the_out_of_fold_file_says_the_same()
    {
        var run = Train("multi-label", "label: tags\n  separator: \";\"", seeds: "1, 2, 3");
        // On so few rows the counts of confident learning are small: every doubt is asked for.
        string[] doubts = ["--filter", "predicted_neq_given"];
        var target = Assert.Single(Json(["labels", "--run", run, .. doubts])["targets"]!.AsArray())!;
        Assert.Equal(["r31", "r40"], target["queue"]!.AsArray().Take(2).Select(issue => (string)issue!["id"]!).Order());
        var missing = target["queue"]!.AsArray().Single(issue => (string)issue!["id"]! == "r40")!;
        Assert.Equal(("large", "green, large"), ((string)missing["given"]!, (string)missing["suggested"]!));
        Assert.True((int)target["perLabel"]!.AsArray().Single(one => (string)one!["label"]! == "green")!["inverseIssues"]! >= 1);

        Assert.Equal(Json(["labels", "--run", run, .. doubts]).ToJsonString(), Json(["labels", "--probs", Path.Combine(run, "oof.csv"), .. doubts]).ToJsonString());
        Assert.Equal("r31", (string)Json("labels", "--run", run)["targets"]![0]!["queue"]![0]!["id"]!);
        var terminal = CommandLine.Run(["labels", "--run", run, .. doubts, "--out", temp.File("issues.csv")]);
        Assert.Contains("wrongly withheld", terminal.Out, StringComparison.Ordinal);
        Assert.Equal((string)target["queue"]![0]!["id"]!, Table.Read(temp.File("issues.csv"))[0, "id"]);
    }

    [Fact]
    public void A_number_of_another_size_comes_first()
    {
        var target = Assert.Single(Json("labels", "--run", Train("text-regression", "label: size"))["targets"]!.AsArray())!;
        Assert.Equal(("r20", "90000"), ((string)target["queue"]![0]!["id"]!, (string)target["queue"]![0]!["given"]!));
        Assert.Equal("number", (string)target["kind"]!);
    }

    [Fact]
    public void Of_several_targets_each_has_its_planted_error_first_and_similar_rows_are_found_too()
    {
        var run = Train("multi-target", "targets: [colour, { column: size, kind: number }, { column: large, kind: flag }]");
        var targets = Json("labels", "--run", run)["targets"]!.AsArray().ToDictionary(target => (string)target!["name"]!, target => target!);
        Assert.Equal(["labels", "colour", "size"], targets.Keys);
        Assert.Equal(("r10", "blue", "green"), First(targets["colour"]));
        Assert.Equal("r20", First(targets["size"]).Item1);
        Assert.Equal(("r31", "large", ""), First(targets["labels"]));
        Assert.Equal(3, targets["colour"]["perClass"]!.AsArray().Count);
        Assert.Contains("label quality", CommandLine.Run("labels", "--run", run).Out, StringComparison.Ordinal);

        // 42 texts in 192 rows: r10 and r52 say the same and are labelled otherwise.
        var groups = Json("labels", "--run", run, "--duplicates")["duplicates"]!["list"]!.AsArray();
        Assert.Contains(groups, group => (bool)group!["differentLabels"]! && group["rows"]!.AsArray().Select(row => (string)row!["id"]!) is var ids && ids.Contains("r10") && ids.Contains("r52"));
        Assert.NotNull(RunReportTests.Document(Path.Combine(run, "report.html"))["similar"]);
    }
}
