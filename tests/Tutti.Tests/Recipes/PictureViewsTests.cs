using System.Text.Json.Nodes;
using Tutti.Predictions;
using Tutti.Recipes;
using Tutti.Reports;
using Tutti.Runs;
using Tutti.Tables;
using Tutti.Tests.App;
using Tutti.Vision;

namespace Tutti.Tests.Recipes;

/// <summary>Pictures that are seen in several ways when they are predicted.</summary>
[Collection(RunCollection.Name)]
public sealed class PictureViewsTests : IDisposable
{
    const string Recipe = """
        task: image-classification
        data: { train: train, test: test, folds: 2 }
        train: { batch: 8, epochs: 3, learning-rate: 5e-3 }
        pictures: { size: 24, augment: { rotate: 20 } }
        test-time: dihedral
        members:
          - { model: { network: small-cnn }, name: eye }
        """;

    readonly TempFolder temp = Shared.Temp();

    public PictureViewsTests()
    {
        DrawnShapes.Write(temp, "train", 24, 1);
        DrawnShapes.Write(temp, "test", 4, 2);
    }

    public void Dispose() => temp.Dispose();

    Tutti.Recipes.Recipe Load(params string[] settings) => Tutti.Recipes.Recipe.Load(temp.Write("recipe.yaml", Recipe), settings);

    CellFolder Cell(int fold) => new RunFolder(temp.File("run")).Cell("eye", 1, fold);

    JsonNode Record() => JsonNode.Parse(File.ReadAllText(new RunFolder(temp.File("run")).TestTime))!["eye"]!;

    [Fact]
    public void Turned_pictures_get_the_share_that_the_other_fold_gives_them_and_predicting_does_the_same()
    {
        var news = new KeptNews();
        var gain = Assert.Single(TinyRun.Train(Load(), temp.File("run"), news).Gains);
        var (record, mixed) = (Record(), PredictionFile.Read(temp.File("run/oof.csv")));
        Assert.Equal((48, 48, true), ((int)record["rows"]!, (int)record["cut"]!, (bool)record["fittedToOtherFolds"]!));
        Assert.True((double)record["weight"]! > 0, record.ToJsonString());
        Assert.Contains(news.Notes, note => note.StartsWith("eye: test-time dihedral, 48 of 48 held-out rows are seen otherwise: weight", StringComparison.Ordinal) && note.Contains("95 % interval", StringComparison.Ordinal));
        Assert.Equal(("eye without", (double)record["logLossGain"]!["value"]!), (gain.Over, -Assert.Single(gain.Differences).Loss.Difference.Value));
        foreach (var fold in (int[])[0, 1])
        {
            var (plain, views, weight) = (PredictionFile.Read(Cell(fold).Predictions), PredictionFile.Read(Cell(fold).Views), (double)record["weightByFold"]![fold == 0 ? "0" : "1"]!);
            Assert.NotEqual(plain.Probabilities, views.Probabilities);
            for (var i = 0; i < plain.Count; i++)
                Assert.Equal(((1 - weight) * plain.Row(i)[0]) + (weight * views.Row(i)[0]), mixed.Row(mixed.Ids.Index().First(pair => pair.Item == plain.Ids[i]).Index)[0], 1e-12);
        }
        TinyRun.Predict(temp.File("run"), temp.File("test"), temp.File("p.csv"));
        var (test, predicted) = (PredictionFile.Read(temp.File("run/test.csv")), PredictionFile.Read(temp.File("p.csv")));
        Assert.Equal(test.Ids, predicted.Ids);
        Assert.All(test.Probabilities.Zip(predicted.Probabilities), pair => Assert.Equal(pair.First, pair.Second, 1e-6));
        Assert.NotEqual(PredictionFile.Read(Cell(0).Test).Probabilities, predicted.Probabilities);
    }

    const string Two = """
        task: image-multi-target
        data: { train: train.csv, test: test.csv, picture: file, folds: 2, targets: [shape, { column: level, kind: ordinal, levels: [dim, plain, bright], weight: 0.1 }] }
        train: { batch: 8, epochs: 3, learning-rate: 5e-3 }
        pictures: { size: 24, augment: { rotate: 20 } }
        test-time: dihedral
        members:
          - { model: { network: small-cnn }, name: eye }
          - { model: { network: small-mlp }, name: flat, train: { epochs: 8 } }
        submission: submission.csv
        """;

    [Fact]
    public void What_blend_and_views_bring_to_each_target_is_told_and_predicting_turns_too()
    {
        Targets("train", 24, 1);
        Targets("test", 4, 2);
        var (yaml, news) = (temp.Write("targets.yaml", Two), new KeptNews());
        using var thread = new OneThread();
        var result = new Run(Tutti.Recipes.Recipe.Load(yaml), temp.File("run")).TrainAnswers(news, TestContext.Current.CancellationToken);
        Assert.Equal(["blend (mean)", "eye with dihedral", "flat with dihedral"], result.Gains.Select(gain => gain.Of.Split(" (share")[0]));
        Assert.Equal([$"{result.Leaderboard.Sorted.First(row => row.Cells > 0).Name}, the best member", "eye without", "flat without"], result.Gains.Select(gain => gain.Over));
        Assert.All(result.Gains, gain => Assert.Equal([("shape", "accuracy"), ("level", "levels off")], gain.Differences.Select(one => (one.Name, one.Measure))));
        Assert.Contains(news.All.OfType<PlanNews>(), plan => plan.Pictures == 8);

        var record = JsonNode.Parse(File.ReadAllText(result.Files.TestTime))!;
        var answers = TrainedRun.Open(temp.File("run")).Answers!;
        var oof = AnswerFile.Read(result.Files.OutOfFold, answers);
        string[] members = ["eye", "flat"];
        Assert.True(members.Any(member => (double)record[member]!["weight"]! > 0), record.ToJsonString());
        Assert.Equal(["shape", "level"], record["eye"]!["answers"]!.AsArray().Select(one => (string)one!["name"]!));
        foreach (var fold in (int[])[0, 1])
        {
            // What a member says of a row, by the share that the other fold gives its views.
            Dictionary<string, double> Said(string member)
            {
                AnswerSet Of(Func<CellFolder, string> file) => AnswerFile.Read(file(result.Files.Cell(member, 1, fold)), answers);
                var (plain, views, share) = (Of(cell => cell.Predictions), Of(cell => cell.Views), (double)record[member]!["weightByFold"]![$"{fold}"]!);
                Assert.NotEqual(plain.Values, views.Values);
                return plain.Ids.Index().ToDictionary(pair => pair.Item, pair => ((1 - share) * plain.Row(pair.Index)[0]) + (share * views.Row(pair.Index)[0]));
            }
            var (eye, flat) = (Said("eye"), Said("flat"));
            Assert.All(eye.Keys, id => Assert.Equal((eye[id] + flat[id]) / 2, oof.Row(oof.Ids.Index().First(pair => pair.Item == id).Index)[0], 1e-9));
        }
        Assert.Equal(8, TrainedRun.Open(temp.File("run")).Predict(temp.File("test.csv"), temp.File("out.csv"), TestContext.Current.CancellationToken));
        var (test, again) = (AnswerFile.Read(result.Test!, answers), AnswerFile.Read(temp.File("out.csv"), answers));
        Assert.All(test.Values.Zip(again.Values), pair => Assert.Equal(pair.First, pair.Second, 1e-6));

        var gains = JsonNode.Parse(File.ReadAllText(result.Files.Metrics))!["gains"]!.AsArray();
        Assert.Equal(result.Gains[0].Differences[1].Loss.Difference.High, (double)gains[0]!["differences"]![1]!["loss"]!["high"]!);
        var printed = CommandLine.Run("train", yaml, "--run", temp.File("run"));
        Assert.True(printed.Code == 0, printed.Error);
        foreach (var part in (string[])["Gains: differences on the same held-out rows", ", the best member", "levels off"]) Assert.Contains(part, printed.Out, StringComparison.Ordinal);
        var document = ReportData.Of(new() { Files = result.Files, Task = "image-multi-target", Cells = [] }, null, 100);
        Assert.Equal(["loss", "shape: accuracy", "level: levels off"], document["leaderboard"]!["columns"]!.AsArray().Select(column => (string)column!["name"]!));
        Assert.Equal(result.Leaderboard.Sorted[0].Answers[1].Scores[0].Score.Value, (double)document["leaderboard"]!["rows"]![0]!["scores"]![2]!["value"]!, 1e-5);
        Assert.Equal(6, document["gains"]!.AsArray().Count);
        Assert.Equal(["shape", "level"], document["targets"]!.AsArray().Select(target => (string)target!["name"]!));
        Assert.Equal(46, document["targets"]![0]!["confusion"]!.AsArray().Sum(row => row!.AsArray().Sum(cell => (double)cell!)));

        // Without views again: nothing is trained, and the record goes.
        var plainRun = CommandLine.Run("train", yaml, "--run", temp.File("run"), "--set", "test-time=none");
        Assert.True(plainRun.Code == 0, plainRun.Error);
        Assert.False(File.Exists(result.Files.TestTime));
        Assert.DoesNotContain("eye with dihedral", plainRun.Out, StringComparison.Ordinal);
    }

    /// <summary>A table of drawn pictures with what they show and how bright it is, of which some rows lack one.</summary>
    void Targets(string folder, int count, int seed) => TableWriter.Write(temp.File($"{folder}.csv"), ["file", "shape", "level"], table =>
    {
        foreach (var shape in DrawnShapes.Names)
            for (var i = 0; i < count; i++)
            {
                var draws = new Draws(seed, shape, i);        // as it was drawn: two places, then the level
                string level = (draws.Below(8), draws.Below(8), draws.Below(70)).Item3 switch { < 23 => "dim", < 46 => "plain", _ => "bright" };
                table.Row($"{folder}/{shape}/{i:00}.png", i == 3 ? "" : shape, i % 5 == 4 ? "" : level);
            }
    });

    [Fact]
    public void Ways_to_see_may_be_changed_without_training_again()
    {
        TinyRun.Train(Load("test-time=none", "train.epochs=1"), temp.File("run"));
        Assert.False(File.Exists(Cell(0).Views));
        byte[]? before = null;
        foreach (var views in (string[])["flip", "crops", "augment", "{ views: augment, count: 3 }"])
        {
            var news = new KeptNews();
            TinyRun.Train(Load($"test-time={views}", "train.epochs=1"), temp.File("run"), news);
            Assert.Empty(news.Trained);
            var now = File.ReadAllBytes(Cell(0).Views);
            Assert.NotEqual(before, now);
            before = now;
        }
    }

    [Fact]
    public void Views_of_a_picture_are_mirrored_turned_cut_or_changed()
    {
        var way = new PictureWay(new() { Size = new() { Width = 16, Height = 12 }, Augment = new() { Rotate = 30 } }, Normalization.ImageNet, null);
        PictureItem[] items = [.. DrawnShapes.Names.Select((shape, i) => new PictureItem(temp.File($"train/{shape}/00.png"), shape, shape, i))];
        var plain = way.Examples(items);
        float[][] Seen(TestTimeConfig settings, int row = 0) => [.. new PictureViews(way, settings).Of(items, plain)(row)!.Select(view => view.Picture!.Read(0))];
        var own = plain[0].Picture!.Read(0);

        var mirrored = Seen(TestTimeViews.Flip);
        Assert.Equal(own, mirrored[0]);
        for (var i = 0; i < own.Length; i++) Assert.Equal(own[i], mirrored[1][(i / 16 * 16) + 15 - (i % 16)], 0.05);
        Assert.Equal(8, Seen(TestTimeViews.Dihedral).Select(numbers => string.Join(' ', numbers)).Distinct().Count());
        var crops = Seen(TestTimeViews.Crops);
        Assert.Equal(5, crops.Select(numbers => string.Join(' ', numbers)).Distinct().Count());
        Assert.All(crops, crop => Assert.Equal(own.Length, crop.Length));

        var random = Seen(new() { Views = TestTimeViews.Augment, Count = 3 });
        Assert.Equal(3, random.Select(numbers => string.Join(' ', numbers)).Distinct().Count());
        // A picture is changed alike wherever it stands.
        PictureItem[] alone = [items[1] with { Row = 0 }];
        var again = new PictureViews(way, new() { Views = TestTimeViews.Augment, Count = 3 }).Of(alone, way.Examples(alone))(0)!;
        Assert.Equal(Seen(new() { Views = TestTimeViews.Augment, Count = 3 }, 1), again.Select(view => view.Picture!.Read(0)));
    }

    [Theory]
    [InlineData("windows", "test-time.views: got windows, expected flip, dihedral, crops or augment, which pictures have")]
    [InlineData("{ views: flip, count: 3 }", "test-time.views: is flip, but count or stride are given, which belong to windows, count also to augment")]
    public void Views_of_texts_are_refused(string views, string message) => Assert.Contains(message, Assert.Throws<ConfigException>(() => Load($"test-time={views}")).Message, StringComparison.Ordinal);

    [Fact]
    public void Random_views_need_random_changes() =>
        Assert.Contains("pictures.augment asks for no random changes", Assert.Throws<ConfigException>(() => Load("test-time=augment", "pictures.augment.rotate=0")).Message, StringComparison.Ordinal);
}
