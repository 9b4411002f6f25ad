using Tutti.Predictions;
using Tutti.Recipes;
using Tutti.Tables;

namespace Tutti.Tests.Recipes;

/// <summary>Runs that learn labels, numbers or several targets, on texts whose words say what to answer.</summary>
[Collection(RunCollection.Name)]
public sealed class AnswerRunTests : IDisposable
{
    const string Common = """
          folds: 2
        train: { batch: 8, epochs: 16, learning-rate: 1e-2, max-length: 16 }
        members:
          - { model: { kind: bert, layers: 1, hidden: 16, heads: 2, vocabulary: 100, pooling: mean }, name: a, seeds: [1, 2] }
          - { model: { kind: bert, layers: 1, hidden: 16, heads: 2, vocabulary: 100, pooling: mean }, name: b, train: { epochs: 12 } }
        """;

    readonly TempFolder temp = Shared.Temp();

    /// <summary>Rows of two words: a colour, which is a class and a label, and a size, which is a number and a label.</summary>
    public AnswerRunTests()
    {
        string[] colours = ["red", "green", "blue"], sizes = ["small", "large"];
        void Rows(string file, int count) => TableWriter.Write(temp.File(file), ["id", "text", "colour", "size", "red", "large", "tags"], writer =>
        {
            for (var i = 0; i < count; i++)
            {
                var (colour, size) = (colours[i % 3], sizes[i / 3 % 2]);
                writer.Row($"r{i}", $"{colour} {size} item {i % 7}", colour, size == "large" ? "1200.5" : "400", colour == "red" ? "1" : "0", size == "large" ? "true" : "false",
                    string.Join(" ; ", new[] { colour == "red" ? "red" : "", size == "large" ? "large" : "" }.Where(tag => tag.Length > 0)));
            }
        });
        Rows("train.csv", 96);
        Rows("test.csv", 12);
    }

    public void Dispose() => temp.Dispose();

    static string Data(string task, string what, string more = "") => $"task: {task}\ndata:\n  train: train.csv\n  test: test.csv\n  text: \"{{text}}\"\n  id: id\n  {what}\n{Common}\nsubmission: {{ file: submission.csv{more} }}\n";

    AnswersResult Train(string recipe, string folder = "run", KeptNews? news = null)
    {
        using var thread = new OneThread();
        return new Run(Recipe.Parse(recipe, temp.Path), temp.File(folder)).TrainAnswers(news, TestContext.Current.CancellationToken);
    }

    void Refused<T>(string recipe, params string[] parts) where T : InputException
    {
        var error = Assert.Throws<T>(() => Train(recipe));
        Assert.All(parts, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
        Assert.False(Directory.Exists(temp.File("run")));
    }

    [Theory]
    [InlineData("targets: [red, large]")]
    [InlineData("label: tags\n  separator: \";\"")]
    public void Labels_are_learnt_from_columns_of_flags_or_from_one_column_of_names(string what)
    {
        var result = Train(Data("multi-label", what));
        var labels = Assert.Single(result.Answers);
        Assert.InRange(labels.Scores.Single(score => score.Name == "exact match").Score.Value, 0.95, 1);
        Assert.Equal(["large", "red"], labels.Labels.Select(line => line.Name).Order());
        Assert.Equal(32, labels.Labels.Single(line => line.Name == "red").Support);
        var test = Table.Read(result.Test!);
        Assert.Equal(12, test.Count);
        Assert.All(Enumerable.Range(0, 12), row => Assert.Equal(row % 3 == 0 ? "1" : "0", test[row, "prediction_red"]));

        var submission = Table.Read(result.Submission!);
        if (submission.Has("tags")) Assert.Equal(["red", null, null, "large;red"], Enumerable.Range(0, 4).Select(row => submission[row, "tags"]));
        else Assert.All(Enumerable.Range(0, 12), row => Assert.Equal(row % 3 == 0, double.Parse(submission[row, "red"]!, System.Globalization.CultureInfo.InvariantCulture) > 0.5));
    }

    [Fact]
    public void Numbers_of_any_size_are_learnt_in_their_own_unit()
    {
        var news = new KeptNews();
        var result = Train(Data("text-regression", "label: size"), news: news);
        var size = Assert.Single(result.Answers);
        Assert.Equal(["RMSE", "MAE", "R2", "Spearman"], size.Scores.Select(score => score.Name));
        Assert.InRange(size.Scores[2].Score.Value, 0.9, 1);                      // a mean squared error of 400 and 1200.5 would not be learnt in these updates
        Assert.Contains("size: 400 to 1200.5, mean 800.25", news.Notes);
        Assert.All(AnswerFile.Read(result.Test!, [new("size", AnswerKind.Number, [])]).Column(0).Index(), pair => Assert.Equal(pair.Index / 3 % 2 == 1 ? 1200.5 : 400, pair.Item, 200.0));
    }

    [Fact]
    public void Several_targets_are_learnt_by_one_model_and_scored_one_by_one_beside_baselines()
    {
        var result = Train(Data("multi-target", "targets: [colour, { column: size, kind: number, weight: 0.5 }, { column: large, kind: flag }]"));
        Assert.Equal(["labels", "colour", "size"], result.Answers.Select(answer => answer.Name));
        Assert.InRange(result.Answers[1].Classes!.Scores[0].Score.Value, 0.95, 1);
        Assert.Equal(["a", "b", "blend (mean)", "always the same", "TF-IDF baseline"], result.Leaderboard.Rows.Select(row => row.Name));
        Assert.Equal([4, 2, 0, 0, 0], result.Leaderboard.Rows.Select(row => row.Cells));
        var oof = Table.Read(result.Files.OutOfFold);
        Assert.Equal(["id", "fold", "label_colour", "prediction_colour", "p_colour=blue", "p_colour=green", "p_colour=red", "label_size", "prediction_size", "label_large", "prediction_large", "p_large"], oof.Columns);
        Assert.Equal(96, oof.Count);
        Assert.Equal(["id", "colour", "size", "large"], Table.Read(result.Submission!).Columns);

        var report = File.ReadAllText(result.Files.Report);
        Assert.Contains("\"metric\":\"loss\"", report, StringComparison.Ordinal);
        Assert.Contains("\"name\":\"size: RMSE\"", report, StringComparison.Ordinal);
        Assert.Equal("always the same", result.Leaderboard.Sorted[^1].Name);

        // The blend is the mean of its members, whose own predictions are the means of their seeds and folds.
        Answer[] answers = [new("colour", AnswerKind.Class, ["blue", "green", "red"]), new("size", AnswerKind.Number, []), new("large", AnswerKind.Flag, [])];
        double[] Cells(string member, params int[] seeds)
        {
            var sets = (from seed in seeds from fold in Enumerable.Range(0, 2) select AnswerFile.Read(result.Files.Cell(member, seed, fold).Test, answers).Values).ToArray();
            return [.. Enumerable.Range(0, sets[0].Length).Select(i => sets.Average(set => set[i]))];
        }
        var (a, b) = (Cells("a", 1, 2), Cells("b", 1));
        Assert.All(AnswerFile.Read(result.Test!, answers).Values.Index(), pair => Assert.Equal((a[pair.Index] + b[pair.Index]) / 2, pair.Item, 1e-9));
    }

    [Theory]
    [InlineData("mean")]
    [InlineData("geometric")]
    public void New_rows_are_predicted_as_the_test_rows_were_and_scored_apart_from_those_seen_in_training(string blend)
    {
        var result = Train(Data("multi-target", "targets: [colour, { column: size, kind: number }, { column: large, kind: flag }]") + $"blend: {blend}\n");
        using var thread = new OneThread();
        var run = TrainedRun.Open(temp.File("run"));
        Assert.Equal(12, run.Predict(temp.File("test.csv"), temp.File("out.csv"), TestContext.Current.CancellationToken));
        var (test, again) = (AnswerFile.Read(result.Test!, run.Answers!), AnswerFile.Read(temp.File("out.csv"), run.Answers!));
        Assert.Equal(test.Ids, again.Ids);
        Assert.All(test.Values.Zip(again.Values), pair => Assert.Equal(pair.First, pair.Second, Math.Abs(pair.First) * 1e-6));

        var seen = run.ScoreAnswers(temp.File("test.csv"), cancel: TestContext.Current.CancellationToken);
        Assert.Equal((12, 12), (seen.Rows, seen.Seen));                     // the same texts
        Assert.Null(seen.Unseen);
        File.WriteAllText(temp.File("new.csv"), "id,text,colour,size,large\na,red small thing,red,400,0\nb,blue large item 1,blue,1200.5,1\n");
        var two = run.ScoreAnswers(temp.File("new.csv"), cancel: TestContext.Current.CancellationToken);
        Assert.Equal((2, 1), (two.Rows, two.Seen));
        Assert.Equal(1, two.Unseen!.Single(answer => answer.Name == "colour").Scores[0].Score.N);
        File.WriteAllText(temp.File("bad.csv"), "id,text,colour,size,large\na,red small thing,pink,400,0\n");
        Assert.Contains("pink", Assert.Throws<DataException>(() => run.ScoreAnswers(temp.File("bad.csv"), cancel: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
        Assert.Contains("multi-target", Assert.Throws<DataException>(() => TextClassifier.Load(temp.File("run"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_of_several_targets_is_given_back_with_what_its_outputs_mean()
    {
        Train(Data("multi-target", "targets: [colour, { column: size, kind: number }]"));
        using (new OneThread())
        {
            ModelExport.ToHuggingFace(temp.File("run"), temp.File("hf"));
            Assert.True(ModelExport.ToOnnx(temp.File("run"), temp.File("onnx")).Deviation < 1e-4);
        }
        var config = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(Path.Combine(temp.File("hf"), "config.json")))!;
        Assert.Equal(["colour=blue", "colour=green", "colour=red", "size"], Enumerable.Range(0, 4).Select(i => config["id2label"]![$"{i}"]!.GetValue<string>()));
        Assert.Equal("Number", Enum.Parse<AnswerKind>(config["tutti_answers"]![1]!["kind"]!.GetValue<string>(), true).ToString());
        Assert.Null(config["problem_type"]);
        var card = File.ReadAllText(Path.Combine(temp.File("hf"), "README.md"));
        Assert.Contains("`colour`, one of `blue`, `green`, `red`", card, StringComparison.Ordinal);
        Assert.Contains("| size: RMSE |", card, StringComparison.Ordinal);
    }

    [Fact]
    public void A_finished_run_is_not_trained_again_and_one_with_another_column_is()
    {
        var recipe = Data("multi-target", "targets: [colour]");
        Train(recipe);
        var (again, other) = (new KeptNews(), new KeptNews());
        Train(recipe, news: again);
        Assert.Equal((0, 6), (again.Trained.Length, again.Skipped.Length));
        Train(recipe.Replace("[colour]", "[red]", StringComparison.Ordinal), news: other);
        Assert.Equal(6, other.Trained.Length);
    }

    [Fact]
    public void The_sample_submission_gives_columns_and_order_and_a_wrong_one_is_refused_before_training()
    {
        TableWriter.Write(temp.File("sample.csv"), ["id", "size", "colour"], writer =>
        {
            for (var i = 11; i >= 0; i--) writer.Row($"r{i}", "0", "red");
        });
        TableWriter.Write(temp.File("odd.csv"), ["id", "size"], writer =>
        {
            for (var i = 0; i < 12; i++) writer.Row($"r{i}", "0");
        });
        const string what = "targets: [colour, { column: size, kind: number }]";
        Refused<DataException>(Data("multi-target", what, ", sample: odd.csv"), "odd.csv", "size", "expected colour, size");
        var submission = Table.Read(Train(Data("multi-target", what, ", sample: sample.csv")).Submission!);
        Assert.Equal(["id", "size", "colour"], submission.Columns);
        Assert.Equal("r11", submission[0, "id"]);
        Assert.Equal("blue", submission[0, "colour"]);
    }

    [Theory]
    [InlineData("text-regression", "label: colour", "got 'red'", "expected a finite number", "line 2")]
    [InlineData("multi-label", "targets: [size]", "got '400'", "expected 1 or 0")]
    [InlineData("multi-label", "targets: [nothing]", "nothing")]
    public void What_a_column_does_not_hold_is_refused_naming_the_line(string task, string what, params string[] parts) => Refused<DataException>(Data(task, what), parts);

    [Theory]
    [InlineData("multi-label", "label: tags", "data.separator")]
    [InlineData("multi-label", "targets: []", "data.targets", "empty")]
    [InlineData("multi-target", "label: colour", "data.label", "data.targets")]
    [InlineData("multi-target", "targets: [colour, colour]", "data.targets.1.column", "again")]
    [InlineData("multi-target", "targets: [id]", "data.targets.0.column", "names a row")]
    [InlineData("multi-target", "targets: [{ column: size, kind: nmber }]", "nmber", "number")]
    [InlineData("text-regression", "targets: [{ column: size, kind: class }]", "data.targets.0.kind", "multi-target")]
    [InlineData("text-regression", "targets: [{ column: size, weight: 2 }]", "data.targets.0.weight")]
    [InlineData("text-regression", "label: size\n  targets: [size]", "exactly one")]
    [InlineData("text-regression", "label: size\n  separator: \";\"", "data.separator")]
    [InlineData("text-classification", "targets: [colour]", "data.label", "data.targets")]
    public void Recipes_that_contradict_themselves_are_refused_naming_the_key(string task, string what, params string[] parts) => Refused<ConfigException>(Data(task, what), parts);

    [Theory]
    [InlineData("text-regression", "label: size", "best-by: accuracy", "best-by")]
    [InlineData("multi-label", "targets: [red]", "label-smoothing: 0.1", "label-smoothing")]
    public void Settings_that_belong_to_classes_are_refused(string task, string what, string setting, string part) =>
        Refused<ConfigException>(Data(task, what).Replace("train: { ", $"train: {{ {setting}, ", StringComparison.Ordinal), part);

    [Fact]
    public void Blends_that_learn_are_for_classes() => Refused<ConfigException>(Data("multi-label", "targets: [red]") + "blend: hill-climb\n", "blend", "mean or geometric");

    [Fact]
    public void Each_kind_of_run_says_which_call_trains_it()
    {
        var recipe = Recipe.Parse(Data("multi-label", "targets: [red]"), temp.Path);
        Assert.Contains("TrainAnswers", Assert.Throws<ConfigException>(() => new Run(recipe, temp.File("run")).Train(cancel: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }
}
