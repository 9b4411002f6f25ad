using Tutti.Evaluation;
using Tutti.Predictions;
using Tutti.Recipes;
using Tutti.Runs;
using Tutti.Tables;

namespace Tutti.Tests.Recipes;

/// <summary>A finished run predicts files and texts.</summary>
[Collection(RunCollection.Name)]
public sealed class TrainedRunTests(TinyRun run)
{
    const int LongerThanAWindow = TrainedRun.WindowRows + 200;

    [Fact]
    [Trait("Category", "Slow")]
    public void A_file_of_any_length_is_predicted_in_constant_memory()
    {
        using var temp = Shared.Temp();
        var trained = SmallRun(temp);
        Assert.Equal(2000, TinyRun.Predict(trained, Long(temp, 2_000), temp.File("short.csv")));
        var before = Working();
        Assert.Equal(50_000, TinyRun.Predict(trained, Long(temp, 50_000), temp.File("long.csv")));
        // 50,000 rows of this file are 12 MB as objects, their tokens as much again; what is held at a time is a tenth of that.
        Assert.InRange(Working() - before, long.MinValue, 100L << 20);
        Assert.Equal(50_001, File.ReadLines(temp.File("long.csv")).Count());
        // The rows repeat every 30 rows: so must what is predicted for them, across chunks too.
        var rows = PredictionFile.Read(temp.File("long.csv"));
        Assert.Equal("49999", rows.Ids[^1]);
        for (var row = 0; row < rows.Count; row += 997) Assert.Equal(rows.Row(row % TinyRun.TestRows)[0], rows.Row(row)[0], 1e-5);
    }

    [Fact]
    public void Each_row_of_a_file_longer_than_a_window_gets_what_its_text_alone_gets()
    {
        using var temp = Shared.Temp();
        var trained = SmallRun(temp);
        TinyRun.Predict(trained, Long(temp, LongerThanAWindow), temp.File("p.csv"));
        var set = PredictionFile.Read(temp.File("p.csv"));
        Assert.Equal(Enumerable.Range(0, LongerThanAWindow).Select(i => $"{i}"), set.Ids);
        var (table, text) = (Table.Read(Long(temp, LongerThanAWindow)), TrainedRun.Open(trained).Text);
        using var classifier = TextClassifier.Load(trained);
        foreach (var row in Enumerable.Range(0, 40).Concat(Enumerable.Range(TrainedRun.WindowRows - 20, 40)).Append(LongerThanAWindow - 1))
            Assert.Equal(classifier.Probabilities([text.Render(table, row)])[0], set.Row(row)[0], 1e-6);
    }

    [Fact]
    public void A_broken_row_of_a_later_window_is_named_and_nothing_is_written()
    {
        using var temp = Shared.Temp();
        var file = temp.Write("broken.csv", "id,keyword,location,text\n" + string.Concat(Enumerable.Range(0, LongerThanAWindow).Select(i => i == LongerThanAWindow - 2 ? "1,2,3\n" : $"{i},,,fire {i}\n")));
        var error = Assert.Throws<DataException>(() => TinyRun.Predict(run.Folder, file, temp.File("out.csv")));
        Assert.Equal(LongerThanAWindow, error.Row);            // the header is line 1
        Assert.False(File.Exists(temp.File("out.csv")));
    }

    [Fact]
    public void Cancelled_prediction_writes_nothing_and_leaves_no_temporary_file()
    {
        using var temp = Shared.Temp();
        using var thread = new OneThread();
        using var cancel = new CancellationTokenSource();
        cancel.Cancel();
        var open = TrainedRun.Open(run.Folder);
        Assert.ThrowsAny<OperationCanceledException>(() => open.Predict(run.Input("test.csv"), temp.File("out/p.csv"), cancel.Token));
        Assert.ThrowsAny<OperationCanceledException>(() => open.Score(run.Input("train.csv"), cancel: cancel.Token));
        Assert.Empty(Directory.GetFiles(temp.Path, "*", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(TrainedRun.WindowRows + 10)]
    public void An_id_that_stands_twice_anywhere_in_the_file_is_found_before_anything_is_computed(int apart)
    {
        using var temp = Shared.Temp();
        var trained = SmallRun(temp);
        var file = temp.Write("twice.csv", "id,keyword,location,text\n" + string.Concat(Enumerable.Range(0, LongerThanAWindow).Select(i => $"{(i == 100 + apart ? 100 : i)},,,fire {i}\n")));
        var error = Assert.Throws<DataException>(() => TinyRun.Predict(trained, file, temp.File("out.csv")));
        Assert.Equal(102 + apart, error.Row);
        Assert.Contains("the id '100' is there twice, first in line 102", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(temp.File("out.csv")));
    }

    [Fact]
    public void Four_threads_at_once_get_what_one_gets()
    {
        using var classifier = TextClassifier.Load(run.Folder);
        var texts = Table.Read(run.Input("test.csv")).Column("text").Select(text => text ?? "").ToArray();
        var alone = texts.Select(text => classifier.Probabilities([text])[1]).ToArray();
        var together = new double[texts.Length];
        Parallel.For(0, texts.Length, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i => together[i] = classifier.Probabilities([texts[i]])[1]);
        for (var i = 0; i < texts.Length; i++) Assert.Equal(alone[i], together[i], 1e-6);
        var (label, probability) = classifier.Predict(texts[0])[0];
        Assert.Equal(Math.Max(alone[0], 1 - alone[0]), probability, 1e-6);
        Assert.Equal(alone[0] > 0.5 ? "1" : "0", label);
    }

    [Fact]
    public void Rows_that_were_trained_on_are_known_whatever_their_case_and_blanks()
    {
        using var temp = Shared.Temp();
        using var thread = new OneThread();
        var train = Table.Read(run.Input("train.csv"));
        TableWriter.Write(temp.File("half.csv"), train.Columns, writer =>
        {
            for (var row = 0; row < 10; row++)
                writer.Row([.. train.Columns.Select(column => column == "text" ? $"  {train[row, column]!.ToUpperInvariant()} " : train[row, column])]);
            for (var row = 10; row < 20; row++) writer.Row([.. train.Columns.Select(column => column == "text" ? train[row, column] + " but otherwise" : train[row, column])]);
        });
        var scores = TrainedRun.Open(run.Folder).Score(temp.File("half.csv"), cancel: TestContext.Current.CancellationToken);
        Assert.Equal((20, 10, 10), (scores.All.Rows, scores.Seen, scores.Unseen!.Rows));
        var labels = train.Column("target").Take(20).ToArray();
        Assert.All(scores.All.Classes.Lines, line => Assert.Equal(labels.Count(label => label == line.Name), line.Support));
        Assert.All(scores.Unseen.Classes.Lines, line => Assert.Equal(labels[10..].Count(label => label == line.Name), line.Support));
    }

    [Fact]
    public void A_file_too_long_to_be_held_gets_the_scores_of_its_predictions_with_and_without_the_rows_trained_on()
    {
        using var temp = Shared.Temp();
        var trained = SmallRun(temp, holdout: 0.5);
        var train = Table.Read(run.Input("train.csv"));
        // Every fourth row repeats a training row, half of which were held out; the others are new.
        const int Rows = RunningScores.ExactRows * 5 / 4;
        TableWriter.Write(temp.File("long.csv"), train.Columns, writer =>
        {
            for (var i = 0; i < Rows; i++)
                writer.Row([.. train.Columns.Select(column => column switch { "id" => $"{i}", "text" when i % 4 > 0 => $"{train[i % 96, column]} {i}", _ => train[i % 96, column] })]);
        });
        using var thread = new OneThread();
        var open = TrainedRun.Open(trained);
        var scores = open.Score(temp.File("long.csv"), cancel: TestContext.Current.CancellationToken);
        open.Predict(temp.File("long.csv"), temp.File("p.csv"), TestContext.Current.CancellationToken);
        var predicted = PredictionFile.Read(temp.File("p.csv"));
        var labels = LabelMap.InOrder(open.Classes).IndicesOf(Table.Read(temp.File("long.csv")), "target");
        var all = new PredictionSet(predicted.Ids, predicted.Classes, predicted.Probabilities, labels);
        Same(all, scores.All);
        var known = SeenRows.Read(new RunFolder(trained).SeenRows);
        int[] unseen = [.. Enumerable.Range(0, Rows).Where(i => i % 4 > 0 || !known.Contains(SeenRows.Key(train, i % 96, open.Text, null)))];
        Assert.Equal(Rows - unseen.Length, scores.Seen);
        Assert.InRange(scores.Seen, 1, Rows / 4);
        Same(all.Rows(unseen), scores.Unseen!);

        static void Same(PredictionSet set, EvaluationSummary summary)
        {
            Assert.Equal(set.Count, summary.Rows);
            foreach (var (expected, got) in EvaluationSummary.Of(set, resamples: 1).Scores.Zip(summary.Scores))
            {
                Assert.Equal(expected.Name, got.Name);
                Assert.Equal(expected.Score.Value, got.Score.Value, 1e-12);
                // Resampling adds noise to the bins, so the calibration error of a well calibrated model may lie below its interval.
                if (got.Name != "calibration error") Assert.InRange(got.Score.Value, got.Score.Low, got.Score.High);
            }
        }
    }

    [Fact]
    public void An_unfinished_run_is_refused()
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        File.Delete(new RunFolder(folder).Cell("deep", 1, 1).Metrics);
        Assert.Contains("not finished", Assert.Throws<DataException>(() => TrainedRun.Open(folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cells_of_other_settings_than_the_recipe_of_the_folder_are_refused()
    {
        using var temp = Shared.Temp();
        var folder = run.Copy(temp);
        File.WriteAllText(Path.Combine(folder, "recipe.yaml"), (run.Recipe with { Train = run.Recipe.Train with { Epochs = 7 } }).ToYaml());
        Assert.Contains("other settings", Assert.Throws<DataException>(() => TrainedRun.Open(folder)).Message, StringComparison.Ordinal);
    }

    /// <summary>A run of one member of one layer, for speed.</summary>
    string SmallRun(TempFolder temp, double? holdout = null)
    {
        var recipe = TinyRun.Single(run.Recipe);
        return TinyRun.Train(recipe with { Data = recipe.Data with { Folds = null, Validation = holdout }, Train = recipe.Train with { MaxLength = 16 } }, temp.File("small")).Files.Root;
    }

    string Long(TempFolder temp, int rows)
    {
        var test = Table.Read(run.Input("test.csv"));
        TableWriter.Write(temp.File($"{rows}.csv"), test.Columns, writer =>
        {
            for (var row = 0; row < rows; row++) writer.Row([.. test.Columns.Select(column => column == "id" ? $"{row}" : test[row % test.Count, column])]);
        });
        return temp.File($"{rows}.csv");
    }

    static long Working()
    {
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
