using System.Text.Json.Nodes;
using Tutti.Predictions;
using Tutti.Recipes;
using Tutti.Tables;
using Tutti.Tests.App;
using Tutti.Tests.Reports;
using Tutti.Vision;

namespace Tutti.Tests.Recipes;

/// <summary>Runs of several targets on pictures: which half is bright, what colour it has, and how bright it is, of which rows lack some.</summary>
[Collection(RunCollection.Name)]
public sealed class PictureTargetsRunTests : IClassFixture<Browser>, IDisposable
{
    const int Side = 12;
    static readonly string[] halves = ["left", "right"], colours = ["red", "green", "blue"], levels = ["dim", "plain", "bright"];

    const string Recipe = """
        task: image-multi-target
        data: { train: train.csv, test: test.csv, picture: file, folds: 2, targets: [half, { column: colour, weight: 0.5 }, { column: level, kind: ordinal, levels: [dim, plain, bright] }] }
        train: { batch: 16, epochs: 10, learning-rate: 1e-2 }
        pictures: { size: 12 }
        members:
          - { model: { network: small-mlp } }
        submission: submission.csv
        """;

    readonly TempFolder temp = Shared.Temp();
    readonly Browser browser;

    public PictureTargetsRunTests(Browser browser)
    {
        this.browser = browser;
        Rows("train", 144);
        Rows("test", 12);
        Assert.Equal("red", Table.Read(temp.File("truth.csv"))[0, "colour"]);
    }

    public void Dispose() => temp.Dispose();

    void Rows(string name, int count)
    {
        string[] Cells(int i) => [$"{name}/{i:000}.png", halves[i % 2], colours[i / 2 % 3], levels[i / 6 % 3]];
        Directory.CreateDirectory(temp.File(name));
        for (var i = 0; i < count; i++)
        {
            var (draws, pixels) = (new Draws(7, name, i), new byte[3 * Side * Side]);
            for (var at = 0; at < pixels.Length; at++)
                pixels[at] = (byte)(draws.Below(40) + (at / 3 % Side < Side / 2 == (i % 2 == 0) && at % 3 == i / 2 % 3 ? 80 + (60 * (i / 6 % 3)) : 20));
            PngFile.Write(temp.File(Cells(i)[0]), new(Side, Side, pixels));
        }
        TableWriter.Write(temp.File($"{name}.csv"), ["file", "half", "colour", "level"], table =>
        {
            for (var i = 0; i < count; i++) table.Row([.. Cells(i).Select((cell, column) => column > 0 && i % (4 + column) == 3 ? "" : cell)]);
        });
        if (name == "test")
            TableWriter.Write(temp.File("truth.csv"), ["file", "half", "colour", "level"], table =>
            {
                for (var i = 0; i < count; i++) table.Row(Cells(i));
            });
    }

    AnswersResult Train(string yaml, string folder = "run")
    {
        using var thread = new OneThread();
        return new Run(Tutti.Recipes.Recipe.Load(temp.Write("recipe.yaml", yaml)), temp.File(folder)).TrainAnswers(cancel: TestContext.Current.CancellationToken);
    }

    [Theory, InlineData("weights"), InlineData("uncertainty"), InlineData("gradient-norm")]
    public void One_network_learns_several_targets_of_pictures_from_train_to_submission(string balance)
    {
        var result = Train(Recipe.Replace("learning-rate: 1e-2", $"learning-rate: 1e-2, balance: {balance}", StringComparison.Ordinal));
        Assert.Equal(["half", "colour", "level"], result.Answers.Select(answer => answer.Name));
        Assert.All(result.Answers.Take(2), answer => Assert.InRange(answer.Scores[0].Score.Value, 0.95, 1));
        Assert.InRange(result.Answers[2].Scores[0].Score.Value, 0, 0.2);
        Assert.Equal([115, 120, 123], result.Answers.Select(answer => answer.Scores[0].Score.N));
        Assert.Equal(["small-mlp", "always the same"], result.Leaderboard.Sorted.Select(row => row.Name));
        Assert.True(File.Exists(result.Files.Report));
        var submission = Table.Read(result.Submission!);
        Assert.Equal(["file", "half", "colour", "level"], submission.Columns);
        Assert.Equal(Enumerable.Range(0, 12).Select(i => halves[i % 2]), submission.Column("half"));

        using var thread = new OneThread();
        var run = TrainedRun.Open(temp.File("run"));
        Assert.Equal(12, run.Predict(temp.File("test.csv"), temp.File("out.csv"), TestContext.Current.CancellationToken));
        var (test, again) = (AnswerFile.Read(result.Test!, run.Answers!), AnswerFile.Read(temp.File("out.csv"), run.Answers!));
        Assert.All(test.Values.Zip(again.Values), pair => Assert.Equal(pair.First, pair.Second, 1e-6));
        var scored = run.ScoreAnswers(temp.File("truth.csv"), cancel: TestContext.Current.CancellationToken);
        Assert.Equal((12, 0), (scored.Rows, scored.Seen));
        Assert.InRange(scored.All.Single(answer => answer.Name == "half").Scores[0].Score.Value, 0.9, 1);
        Assert.Equal(144, run.ScoreAnswers(temp.File("train.csv"), cancel: TestContext.Current.CancellationToken).Seen);
    }

    [Fact]
    public void A_target_of_two_runs_is_compared_on_held_out_rows_and_on_those_of_a_file()
    {
        var both = Train(Recipe.Replace("epochs: 10", "epochs: 2", StringComparison.Ordinal), "both");
        var alone = Train(Recipe.Replace("epochs: 10", "epochs: 1", StringComparison.Ordinal).Replace("targets: [half, { column: colour, weight: 0.5 }, ", "targets: [", StringComparison.Ordinal), "alone");
        TableWriter.Write(temp.File("known.csv"), ["file", "half", "colour", "level"], table =>
        {
            for (var i = 0; i < 144; i++) table.Row($"train/{i:000}.png", halves[i % 2], colours[i / 2 % 3], levels[i / 6 % 3]);
        });
        var classes = CommandLine.Run("train", temp.Write("classes.yaml", "task: image-classification\ndata: { train: known.csv, picture: file, label: half, folds: 2 }\ntrain: { batch: 16, epochs: 1, learning-rate: 1e-2 }\npictures: { size: 12 }\nmembers: [ { model: { network: small-mlp } } ]\n"), "--run", temp.File("classes"));
        Assert.True(classes.Code == 0, classes.Error);

        var held = AnswerComparison.Of([both.Files.Root, alone.Files.Root], cancel: TestContext.Current.CancellationToken);
        var level = Assert.Single(held.Targets);
        Assert.Equal(("level", 123, 0), (level.Name, level.Common, level.OtherTruth));
        Assert.Equal(["half", "colour"], held.Others);
        Assert.Equal([both.Answers[2].Scores[0].Score.Value, alone.Answers[0].Scores[0].Score.Value], level.Runs.Select(run => run.Scores.Scores[0].Score.Value));
        Assert.Equal(level.Runs[1].Scores.Scores[0].Score.Value - level.Runs[0].Scores.Scores[0].Score.Value, level.Runs[1].AgainstFirst!.Value.Difference.Value, 1e-9);

        // A run of one class per row has one target, called as its column; both may be asked of a file that nobody held out.
        var half = Assert.Single(AnswerComparison.Of([both.Files.Root, temp.File("classes")], cancel: TestContext.Current.CancellationToken).Targets);
        Assert.Equal(("half", 115), (half.Name, half.Common));
        Assert.Equal([115, 144], half.Runs.Select(run => run.Rows));
        var outcome = CommandLine.Run("compare", both.Files.Root, temp.File("classes"), "--data", temp.File("truth.csv"), "--json");
        Assert.True(outcome.Code == 0, outcome.Error);
        var found = JsonNode.Parse(outcome.Out)!["targets"]![0]!;
        Assert.Equal(("half", 12), ((string)found["name"]!, (int)found["common"]!));
        using (var thread = new OneThread())
            Assert.Equal(TrainedRun.Open(both.Files.Root).ScoreAnswers(temp.File("truth.csv"), cancel: TestContext.Current.CancellationToken).All[0].Scores[0].Score.Value, (double)found["runs"]![0]!["scores"]!["accuracy"]!["value"]!, 1e-9);
        Assert.Contains("was trained on 144 of the rows", CommandLine.Run("compare", both.Files.Root, temp.File("classes"), "--data", temp.File("known.csv")).Error, StringComparison.Ordinal);
        CommandLine.Run("compare", alone.Files.Root, temp.File("classes")).IsWrongInput("has no target in common", "level", "half");
    }

    [Fact]
    public async Task The_report_shows_the_pictures_of_every_target_with_what_is_said_of_them()
    {
        var result = Train(Recipe.Replace("epochs: 10", "epochs: 3", StringComparison.Ordinal));
        var document = RunReportTests.Document(result.Files.Report);
        var (oof, rows) = (Table.Read(result.Files.OutOfFold), document["rows"]!.AsArray());
        Assert.Equal(["half", "colour", "level"], document["targets"]!.AsArray().Select(target => (string)target!["name"]!));
        Assert.Equal(24, document["sample"]!.AsArray().Count);
        Assert.Equal(rows.Count, (int)document["pictures"]!["wanted"]!);
        foreach (var row in rows)
        {
            var at = Enumerable.Range(0, oof.Count).Single(at => oof[at, "id"] == (string)row!["id"]!);
            foreach (var (place, target) in ((string[])["half", "colour", "level"]).Index())
            {
                var classes = document["targets"]![place]!["classes"]!.AsArray();
                var said = row!["says"]![place]!;
                Assert.Equal(oof[at, $"prediction_{target}"], (string)classes[(int)said["predicted"]!]!);
                Assert.Equal(oof[at, $"label_{target}"], said["label"] is { } label ? (string)classes[(int)label]! : null);
            }
            // The picture is the row's own: its bright half, and the channel that is bright there, are those that the row's number says.
            var number = int.Parse(((string)row!["id"]!)[6..9], System.Globalization.CultureInfo.InvariantCulture);
            File.WriteAllBytes(temp.File("shown.jpg"), Convert.FromBase64String((string)document["pictures"]!["jpegs"]![(int)row["picture"]!]!));
            var shown = new PictureSource().Read(new(temp.File("shown.jpg"), "shown.jpg", null, 0));
            Assert.Equal((Side, Side), (shown.Width, shown.Height));
            var brightness = (from half in Enumerable.Range(0, 2)
                              from channel in Enumerable.Range(0, 3)
                              select (half, channel, Value: Enumerable.Range(0, Side * Side).Where(pixel => pixel % Side / (Side / 2) == half).Average(pixel => shown.Pixels[(3 * pixel) + channel]))).MaxBy(one => one.Value);
            Assert.Equal((number % 2, number / 2 % 3), (brightness.half, brightness.channel));
        }

        await using var opened = await browser.Open(result.Files.Report);
        var sample = document["sample"]!.AsArray().Select(place => rows[(int)place!]!).ToArray();
        var cards = opened.Page.Locator("#examples .card");
        Assert.Equal(sample.Select(row => (string)row["id"]!), await cards.Locator("code").AllTextContentsAsync());
        Assert.Equal(sample.Select(row => $"data:image/jpeg;base64,{document["pictures"]!["jpegs"]![(int)row["picture"]!]}"), await cards.Locator("img").EvaluateAllAsync<string[]>("all => all.map(image => image.src)"));
        foreach (var (row, text) in sample.Zip(await cards.AllInnerTextsAsync()))
            foreach (var (place, target) in document["targets"]!.AsArray().Index())
            {
                var said = row["says"]![place]!;
                Assert.Contains($"{target!["name"]}: {target["classes"]![(int)said["predicted"]!]} {Math.Round(100 * (double)said["p"]!)}", text, StringComparison.Ordinal);
                if (said["label"] is { } label && (int)label != (int)said["predicted"]!) Assert.Contains($"true: {target["classes"]![(int)label]}", text, StringComparison.Ordinal);
            }
        Assert.Equal(sample.Sum(row => row["says"]!.AsArray().Count(said => said!["label"] is null)), await cards.Locator("span", new() { HasTextRegex = new("^no truth$") }).CountAsync());
        var cell = document["targets"]![1]!["confusionRows"]!.AsArray().MaxBy(cell => cell!["rows"]!.AsArray().Count)!;
        await opened.Page.Locator("#targets .part").Nth(1).Locator($".confusion button[data-truth='{cell["truth"]}'][data-predicted='{cell["predicted"]}']").ClickAsync();
        while (await opened.Page.Locator("#rows-behind-1 .more").IsVisibleAsync()) await opened.Page.ClickAsync("#rows-behind-1 .more");
        Assert.Equal(cell["rows"]!.AsArray().Select(place => (string)rows[(int)place!]!["id"]!), await opened.Page.Locator("#rows-behind-1 .card code").AllTextContentsAsync());
        Assert.Equal(10, await opened.Page.Locator("#losses tbody img").CountAsync());
        Assert.Empty(opened.Complaints);

        // Without the table the answers are those that the checkpoints keep; the rows stay, their pictures do not.
        File.Delete(temp.File("train.csv"));
        RunReport.Open(result.Files.Root).Write(temp.File("again.html"), cancel: TestContext.Current.CancellationToken);
        var again = RunReportTests.Document(temp.File("again.html"));
        Assert.Null(again["pictures"]);
        Assert.Equal(rows.Select(row => row!["says"]!.ToJsonString()), again["rows"]!.AsArray().Select(row => row!["says"]!.ToJsonString()));
    }

    [Fact]
    public void Targets_of_pictures_are_checked_as_those_of_texts()
    {
        foreach (var (from, to, part) in new[] { ("targets: [half,", "label: half, targets: [half,", "data.label"), ("small-mlp", "resnet0", "resnet0"), ("kind: ordinal", "kind: odd", "ordinal"), ("picture: file", "picture: nothing", "nothing") })
            Assert.Contains(part, Assert.ThrowsAny<InputException>(() => Train(Recipe.Replace(from, to, StringComparison.Ordinal), "refused")).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(temp.File("refused")));
    }

    [Theory, InlineData("rice-leaves.yaml"), InlineData("rice-ensemble.yaml")]
    public void The_sample_recipes_load(string file) => Assert.Equal(["label", "variety"], Tutti.Recipes.Recipe.Load(Path.Combine(Shared.Root, "samples", file)).Data.Targets!.Select(target => target.Column));
}
