using System.Text.Json.Nodes;
using Tutti.Evaluation;
using Tutti.Predictions;
using Tutti.Recipes;
using Tutti.Runs;
using Tutti.Tables;

namespace Tutti.Tests.Recipes;

/// <summary>Rows that are seen in several ways when they are predicted: what that is worth, and where it is nothing.</summary>
[Collection(RunCollection.Name)]
public sealed class TestTimeTests(TinyRun run)
{
    static double Accuracy(PredictionSet set) => EvaluationSummary.Of(set).Scores[0].Score.Value;

    static JsonNode Record(string folder) => JsonNode.Parse(File.ReadAllText(new RunFolder(folder).TestTime))!["reader"]!;

    static CellFolder[] Cells(string folder) => [.. Enumerable.Range(0, 2).Select(fold => new RunFolder(folder).Cell("reader", 1, fold))];

    [Fact]
    public void Windows_find_the_word_that_stands_beyond_what_the_model_reads()
    {
        using var temp = Shared.Temp();
        var news = new KeptNews();
        TinyRun.Train(LongTexts.Write(temp), temp.File("run"), news);

        var plain = PredictionSet.Join([.. Cells(temp.File("run")).Select(cell => PredictionFile.Read(cell.Predictions))], [.. Table.Read(temp.File("train.csv")).Ids("id")]);
        var mixed = PredictionFile.Read(temp.File("run/oof.csv"));
        Assert.True(Accuracy(mixed) > Accuracy(plain) + 0.15, $"{Accuracy(plain)} plain, {Accuracy(mixed)} with windows");
        var record = Record(temp.File("run"));
        Assert.True((double)record["weight"]! > 0.2, record.ToJsonString());
        Assert.Equal((240, 240, true), ((int)record["rows"]!, (int)record["cut"]!, (bool)record["fittedToOtherFolds"]!));
        Assert.True((double)record["logLossGain"]!["low"]! > 0 && (double)record["accuracyGain"]!["low"]! > 0, record.ToJsonString());
        Assert.Contains(news.Notes, note => note.StartsWith("reader: test-time windows, 240 of 240 held-out rows are cut: weight 0.", StringComparison.Ordinal) && note.Contains("95 % interval", StringComparison.Ordinal));
        // Each fold is scored with the share that was fitted to the other one.
        var (one, views) = (PredictionFile.Read(Cells(temp.File("run"))[0].Predictions), PredictionFile.Read(Cells(temp.File("run"))[0].Views));
        var weight = (double)record["weightByFold"]!["0"]!;
        var row = mixed.Ids.Index().First(pair => pair.Item == one.Ids[0]).Index;
        Assert.Equal(((1 - weight) * one.Row(0)[0]) + (weight * views.Row(0)[0]), mixed.Row(row)[0], 1e-12);

        // A file is predicted as the test rows were, by the command and in an application.
        TinyRun.Predict(temp.File("run"), temp.File("test.csv"), temp.File("p.csv"));
        var (test, predicted) = (PredictionFile.Read(temp.File("run/test.csv")), PredictionFile.Read(temp.File("p.csv")));
        using var classifier = TextClassifier.Load(temp.File("run"));
        var texts = Table.Read(temp.File("test.csv")).Column("text").Select(text => text!).ToArray();
        var apart = classifier.Probabilities(texts);
        for (var i = 0; i < test.Count; i++)
        {
            Assert.Equal((test.Ids[i], test.Row(i)[0], test.Row(i)[0]), (predicted.Ids[i], predicted.Row(i)[0], apart[2 * i]), new Near());
        }
        LongTexts.Rows(temp.File("new.csv"), 2000, 40);
        using var thread = new OneThread();
        Assert.True(TrainedRun.Open(temp.File("run")).Score(temp.File("new.csv"), cancel: TestContext.Current.CancellationToken).All.Scores[0].Score.Value > Accuracy(plain) + 0.1);
    }

    sealed class Near : IEqualityComparer<(string Id, double A, double B)>
    {
        public bool Equals((string Id, double A, double B) x, (string Id, double A, double B) y) => x.Id == y.Id && Math.Abs(x.A - y.A) < 1e-6 && Math.Abs(x.B - y.B) < 1e-6;
        public int GetHashCode((string Id, double A, double B) obj) => 0;
    }

    [Fact]
    public void Views_may_be_changed_without_training_again()
    {
        using var temp = Shared.Temp();
        var recipe = LongTexts.Write(temp, 24, "test-time=none", "train.epochs=2");
        TinyRun.Train(recipe, temp.File("run"));
        Assert.False(File.Exists(temp.File("run/test-time.json")) || File.Exists(Cells(temp.File("run"))[0].Views));
        var plain = File.ReadAllBytes(temp.File("run/oof.csv"));

        var news = new KeptNews();
        TinyRun.Train(recipe with { TestTime = TestTimeViews.HeadTail }, temp.File("run"), news);
        Assert.Empty(news.Trained);
        Assert.Equal("head-tail", (string)Record(temp.File("run"))["settings"]!["views"]!);
        var tails = File.ReadAllBytes(Cells(temp.File("run"))[0].Views);
        TinyRun.Train(recipe with { Members = [recipe.Members[0] with { TestTime = new() { Views = TestTimeViews.Windows, Stride = 3, Count = 5 } }] }, temp.File("run"));
        Assert.NotEqual(tails, File.ReadAllBytes(Cells(temp.File("run"))[0].Views));
        Assert.Equal((5, 3), ((int)Record(temp.File("run"))["settings"]!["count"]!, (int)Record(temp.File("run"))["settings"]!["stride"]!));

        TinyRun.Train(recipe, temp.File("run"));
        Assert.Equal(plain, File.ReadAllBytes(temp.File("run/oof.csv")));
        Assert.False(File.Exists(temp.File("run/test-time.json")) || File.Exists(Cells(temp.File("run"))[0].ViewsRecord));
    }

    [Fact]
    public void Where_nothing_is_cut_views_are_the_plain_predictions_and_weigh_nothing()
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        var news = new KeptNews();
        TinyRun.Train(run.Recipe with { TestTime = TestTimeViews.Windows, Train = run.Recipe.Train with { MaxLength = 40 } }, folder, news);
        var cells = TinyRun.CellsOf(folder);
        var cut = cells.Sum(cell => (int)JsonNode.Parse(File.ReadAllText(cell.ViewsRecord))!["cut"]!);
        Assert.Empty(news.Trained);
        // Short texts of the same recipe: nothing is cut.
        using var other = Shared.Temp();
        TinyRun.Train(LongTexts.Write(other, words: 10, "train.epochs=1"), other.File("run"));
        foreach (var cell in Cells(other.File("run")))
        {
            Assert.Equal(File.ReadAllBytes(cell.Predictions), File.ReadAllBytes(cell.Views));
            Assert.Equal(File.ReadAllBytes(cell.Test), File.ReadAllBytes(cell.TestViews));
        }
        var record = Record(other.File("run"));
        Assert.Equal((0, 0.0, 0.0), ((int)record["cut"]!, (double)record["weight"]!, (double)record["logLossGain"]!["value"]!));
        Assert.True(cut > 0, "the shared run has texts that are cut");
    }

    [Fact]
    public void A_run_whose_shares_were_not_fitted_does_not_predict()
    {
        using var temp = Shared.Temp();
        TinyRun.Train(LongTexts.Write(temp, 24, "train.epochs=1"), temp.File("run"));
        File.Delete(temp.File("run/test-time.json"));
        var error = Assert.Throws<DataException>(() => TrainedRun.Open(temp.File("run")));
        Assert.Contains("repeat tutti train", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("test-time: is for tasks text-classification, image-classification and image-multi-target", "test-time=windows")]
    [InlineData("data.unlabelled: is for task text-classification", "data.unlabelled={ file: more.csv, run: teacher }")]
    [InlineData("distill: is for task text-classification", "distill={ run: teacher }")]
    public void Other_tasks_have_neither_views_nor_teachers(string expected, string change)
    {
        string[] changes = ["task=language-model", "test-time=none", "data.label=null", "data.folds=null", "data.test=null", change];
        using var temp = Shared.Temp();
        Assert.StartsWith($"{expected}, not language-model", Assert.Throws<ConfigException>(() => LongTexts.Write(temp, 24, changes)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("test-time={ views: head-tail, stride: 4 }", "test-time.views: is head-tail, but count or stride are given")]
    [InlineData("test-time={ views: windows, stride: 14 }", "test-time.stride: got 14, expected less than max-length (14)")]
    [InlineData("test-time={ views: windows, count: 1 }", "test-time.count")]
    [InlineData("test-time=mirrors", "expected none, windows, head-tail, flip, dihedral, crops or augment")]
    [InlineData("test-time=flip", "test-time.views: got flip, expected windows or head-tail, which texts have")]
    [InlineData("members.0.test-time={ views: windows, stride: 20 }", "members.0.test-time.stride: got 20")]
    public void Settings_that_do_not_fit_are_refused(string change, string message)
    {
        using var temp = Shared.Temp();
        Assert.Contains(message, Assert.Throws<ConfigException>(() => LongTexts.Write(temp, 24, change)).Message, StringComparison.Ordinal);
    }
}
