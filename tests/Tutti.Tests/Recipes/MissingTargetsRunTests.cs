using System.Text.Json.Nodes;
using Tutti.Predictions;
using Tutti.Recipes;
using Tutti.Runs;
using Tutti.Tables;

namespace Tutti.Tests.Recipes;

/// <summary>Runs of several targets of which rows lack some: what comes out, what is said on the way, and what is refused.</summary>
[Collection(RunCollection.Name)]
public sealed class MissingTargetsRunTests : IDisposable
{
    readonly TempFolder temp = Shared.Temp();

    /// <summary>Texts of a colour and a size; a target's cell is empty in every fourth to seventh row.</summary>
    public MissingTargetsRunTests()
    {
        string[] colours = ["red", "green", "blue"], sizes = ["small", "medium", "large"];
        void Rows(string file, int count) => TableWriter.Write(temp.File(file), ["id", "text", "colour", "price", "red", "size", "nothing"], writer =>
        {
            for (var i = 0; i < count; i++)
            {
                var (colour, size) = (i % 3, i / 3 % 3);
                writer.Row($"r{i}", $"{colours[colour]} {sizes[size]} item {i % 5}", i % 4 == 1 ? "" : colours[colour], i % 5 == 2 ? "" : $"{100 * (size + 1)}", i % 6 == 3 ? " " : colour == 0 ? "1" : "0", i % 7 == 4 ? "" : sizes[size], "");
            }
        });
        Rows("train.csv", 108);
        Rows("test.csv", 12);
    }

    public void Dispose() => temp.Dispose();

    const string Four = "[colour, { column: price, kind: number, weight: 0.5 }, { column: red, kind: flag, loss: { kind: asymmetric, clip: 0.1 } }, { column: size, kind: ordinal, levels: [small, medium, large] }]";

    static string Recipe(string targets, string train = "", string task = "multi-target") => $$"""
        task: {{task}}
        data: { train: train.csv, test: test.csv, text: "{text}", id: id, folds: 2, targets: {{targets}} }
        train: { batch: 8, epochs: 32, learning-rate: 1e-2, max-length: 16{{train}} }
        members:
          - { model: { kind: bert, layers: 1, hidden: 16, heads: 2, vocabulary: 100, pooling: mean }, name: a }
        submission: submission.csv
        """;

    AnswersResult Train(string recipe, KeptNews? news = null)
    {
        using var thread = new OneThread();
        return new Run(Tutti.Recipes.Recipe.Parse(recipe, temp.Path), temp.File("run")).TrainAnswers(news, TestContext.Current.CancellationToken);
    }

    [Theory, InlineData(""), InlineData(", balance: uncertainty"), InlineData(", balance: { kind: gradient-norm, alpha: 0.5 }, label-smoothing: 0.05")]
    public void Targets_are_learnt_from_the_rows_that_have_them_and_scored_on_those(string balance)
    {
        var news = new KeptNews();
        var result = Train(Recipe(Four, balance), news);
        Assert.Equal(["colour", "price", "red", "size"], result.Answers.Select(answer => answer.Name));
        Assert.Equal([81, 86, 90, 93], result.Answers.Select(answer => answer.Scores[0].Score.N));
        Assert.Equal(["accuracy", "RMSE", "F1 macro", "levels off"], result.Answers.Select(answer => answer.Scores[0].Name));
        Assert.InRange(result.Answers[0].Scores[0].Score.Value, 0.7, 1);             // a third by chance
        Assert.InRange(result.Answers[1].Scores.Single(score => score.Name == "R2").Score.Value, 0.4, 1);
        Assert.InRange(result.Answers[3].Scores[0].Score.Value, 0, 0.5);
        Assert.Contains("colour: blue 27, green 27, red 27; 27 rows lack it", news.Notes);

        // One line of progress names every target, and what it weighs where that is learnt.
        var evaluated = File.ReadLines(result.Files.Events).Select(line => JsonNode.Parse(line)!).Last(line => line["kind"]?.ToString() == "evaluated")["targets"]!.AsArray();
        Assert.Equal(["colour", "price", "red", "size"], evaluated.Select(score => score!["name"]!.ToString()).Distinct());
        Assert.Equal(balance.Length == 0 ? 4 : 8, evaluated.Count);
        var cell = result.Files.Cell("a", 1, 0);
        Assert.Equal(evaluated.Count, JsonNode.Parse(File.ReadAllText(cell.Metrics))!["targets"]!.AsArray().Count);
        if (balance.Contains("uncertainty", StringComparison.Ordinal)) Assert.Equal([4], Weights(cell)["targets.log_variances"]!["shape"]!.AsArray().Select(size => (int)size!));

        // What is not known stands empty beside its prediction; every target has a column to submit.
        var oof = Table.Read(result.Files.OutOfFold);
        Assert.Null(oof[1, "label_colour"]);
        Assert.Contains(oof[1, "prediction_colour"]!, (string[])["red", "green", "blue"]);
        Assert.Equal(["p_size=small", "p_size=medium", "p_size=large"], oof.Columns.Where(column => column.StartsWith("p_size", StringComparison.Ordinal)));
        Assert.Equal(["id", "colour", "price", "red", "size"], Table.Read(result.Submission!).Columns);
        Assert.InRange(Table.Read(result.Submission!).Column("size").Index().Count(size => size.Item == ((string[])["small", "medium", "large"])[size.Index / 3 % 3]), 7, 12);
        Assert.Equal(["a", "always the same", "TF-IDF baseline"], result.Leaderboard.Rows.Select(row => row.Name));
        Assert.Contains("size levels off", result.Leaderboard.ToString(), StringComparison.Ordinal);
        Assert.Contains("size: levels off", File.ReadAllText(result.Files.Report), StringComparison.Ordinal);

        using var thread = new OneThread();
        var again = TrainedRun.Open(temp.File("run")).ScoreAnswers(temp.File("test.csv"), cancel: TestContext.Current.CancellationToken);
        Assert.Equal(12, again.Rows);
        var issues = Tutti.Labels.AnswerQueue.Of(AnswerFile.Read(result.Files.OutOfFold, TrainedRun.Open(temp.File("run")).Answers!), Tutti.Labels.LabelFilter.Both, Tutti.Labels.LabelQuality.SelfConfidence);
        Assert.Equal(["colour", "price", "red", "size"], issues.Targets.Select(target => target.Name));
        Assert.All(issues.Targets.SelectMany(target => target.Issues), issue => Assert.Equal(issue.Id, oof[issue.Row, "id"]));
    }

    static JsonObject Weights(CellFolder cell)
    {
        var bytes = File.ReadAllBytes(Path.Combine(cell.Checkpoint, "model.safetensors"));
        return JsonNode.Parse(bytes.AsSpan(8, (int)BitConverter.ToInt64(bytes)))!.AsObject();
    }

    [Theory]
    [InlineData("[colour, nothing]", "nothing", "every cell is empty")]
    [InlineData("[{ column: nothing, kind: number }]", "nothing", "every cell is empty")]
    [InlineData("[{ column: size, kind: ordinal, levels: [small, large] }]", "'medium' is not one of the 2 levels small, large", "line 5")]
    public void Columns_that_cannot_be_learnt_are_refused_before_training(string targets, params string[] parts) => Refused<DataException>(Recipe(targets), parts);

    [Fact]
    public void A_fold_without_a_row_to_learn_a_target_from_is_refused()
    {
        File.WriteAllLines(temp.File("train.csv"), ["id,text,colour,size", "a,red one,red,", "b,blue one,blue,3", "c,red two,red,", "d,blue two,blue,"]);
        Refused<DataException>(Recipe("[colour, { column: size, kind: number }]"), "size", "training rows of fold", "have no value");
    }

    [Theory]
    [InlineData("[{ column: size, kind: ordered }]", "", "data.targets.0.kind", "ordinal")]
    [InlineData("[{ column: size, kind: ordinal }]", "", "data.targets.0.levels", "lowest to the highest")]
    [InlineData("[{ column: size, kind: ordinal, levels: [small] }]", "", "data.targets.0.levels", "at least two")]
    [InlineData("[{ column: size, kind: ordinal, levels: [small, large, small] }]", "", "data.targets.0.levels", "'small' twice")]
    [InlineData("[{ column: size, levels: [small, large] }]", "", "data.targets.0.levels", "kind: ordinal")]
    [InlineData("[{ column: size, weight: -1 }]", "", "data.targets.0.weight", "above 0")]
    [InlineData("[{ column: size, weight: 0 }]", "", "data.targets.0.weight", "above 0")]
    [InlineData("[{ column: colour, loss: asymmetric }]", "", "data.targets.0.loss", "cross-entropy, binary or focal")]
    [InlineData("[{ column: colour, loss: binary }]", "", "data.targets.0.loss", "cross-entropy or focal")]
    [InlineData("[{ column: red, kind: flag, loss: cross-entropy }]", "", "data.targets.0.loss", "binary, focal or asymmetric")]
    [InlineData("[{ column: price, kind: number, loss: focal }]", "", "data.targets.0.loss", "kind number has one loss")]
    [InlineData("[{ column: red, kind: flag, loss: { kind: focal, clip: 0.1 } }]", "", "data.targets.0.loss.clip", "belongs to loss asymmetric")]
    [InlineData("[{ column: red, kind: flag, loss: { kind: focal, gamma: -1 } }]", "", "data.targets.0.loss.gamma", "from 0")]
    [InlineData("[colour]", ", loss: focal", "train.loss", "data.targets.N.loss")]
    [InlineData("[colour]", ", balance: uncertainty", "train.balance", "two targets")]
    [InlineData("[colour, size]", ", balance: { kind: uncertainty, alpha: 2 }", "train.balance.alpha", "gradient-norm")]
    [InlineData("[colour, size]", ", balance: kendall", "train.balance.kind", "uncertainty")]
    [InlineData("[{ column: price, kind: number }]", ", label-smoothing: 0.1", "label-smoothing")]
    public void Recipes_with_impossible_targets_are_refused_naming_the_key(string targets, string train, params string[] parts) => Refused<ConfigException>(Recipe(targets, train), parts);

    [Theory]
    [InlineData("text-classification", "label: colour", "loss: asymmetric", "train.loss", "labels of which a row may have several")]
    [InlineData("text-classification", "label: colour", "loss: { kind: focal, alpha: 0.5 }", "train.loss", "class-weights")]
    [InlineData("text-classification", "label: colour", "loss: binary, class-weights: balanced", "class-weights", "binary")]
    [InlineData("text-classification", "label: colour", "loss: focal, label-smoothing: 0.1", "label-smoothing", "focal")]
    [InlineData("text-classification", "label: colour", "loss: { gamma: 1 }", "train.loss.kind", "required")]
    [InlineData("text-classification", "label: colour", "balance: uncertainty", "train.balance", "multi-target")]
    [InlineData("multi-label", "targets: [red]", "loss: cross-entropy", "train.loss", "one class per row")]
    [InlineData("text-regression", "label: price", "loss: focal", "train.loss", "squared error")]
    public void Losses_of_another_task_are_refused_naming_the_key(string task, string what, string train, params string[] parts) =>
        Refused<ConfigException>($"task: {task}\ndata: {{ train: train.csv, text: \"{{text}}\", id: id, {what} }}\ntrain: {{ {train} }}\nmembers: [ {{ model: x }} ]\n", parts);

    [Theory, InlineData("focal"), InlineData("binary")]
    public void One_class_is_learnt_by_other_losses(string loss)
    {
        File.WriteAllLines(temp.File("full.csv"), ["id,text,colour", .. Enumerable.Range(0, 90).Select(i => $"r{i},{((string[])["red", "green", "blue"])[i % 3]} thing {i % 5},{((string[])["red", "green", "blue"])[i % 3]}")]);
        using var thread = new OneThread();
        var recipe = Tutti.Recipes.Recipe.Parse(Recipe("[colour]", $", loss: {loss}").Replace("task: multi-target", "task: text-classification", StringComparison.Ordinal).Replace("targets: [colour]", "label: colour", StringComparison.Ordinal)
            .Replace("train.csv", "full.csv", StringComparison.Ordinal).Replace(", test: test.csv", "", StringComparison.Ordinal).Replace("submission: submission.csv", "", StringComparison.Ordinal), temp.Path);
        var run = new Run(recipe, temp.File("run")).Train(cancel: TestContext.Current.CancellationToken);
        Assert.InRange(run.Summary.Scores[0].Score.Value, 0.7, 1);                   // a third by chance
        Assert.NotEqual(recipe.Fingerprint(recipe.Members[0]), (recipe with { Train = recipe.Train with { Loss = null } }).Fingerprint(recipe.Members[0]));
    }

    void Refused<T>(string recipe, params string[] parts) where T : InputException
    {
        var error = Assert.Throws<T>(() => recipe.Contains("text-classification", StringComparison.Ordinal) ? (object)new Run(Tutti.Recipes.Recipe.Parse(recipe, temp.Path), temp.File("run")).Train(cancel: TestContext.Current.CancellationToken) : Train(recipe));
        Assert.All(parts, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
        Assert.False(Directory.Exists(temp.File("run")));
    }
}
