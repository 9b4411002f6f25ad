using System.Text.Json.Nodes;
using Tutti.Recipes;
using Tutti.Runs;
using Tutti.Tables;
using Tutti.Tests.App;

namespace Tutti.Tests.Recipes;

/// <summary>Runs of task ratings over several given divisions of the ratings.</summary>
[Collection(RunCollection.Name)]
public sealed class RatingsFoldsTests
{
    static readonly string[] names = ["a", "b", "c"];

    sealed class Heard : IProgress<RunNews>
    {
        public List<string> Lines { get; } = [];
        public List<string> Skipped { get; } = [];

        public void Report(RunNews value)
        {
            if (value is NoteNews note) Lines.Add(note.Text);
            if (value is SkippedNews skipped) Skipped.Add(skipped.Cell);
        }
    }

    /// <summary>Three folds of the made ratings, each row held out by one.</summary>
    static void Write(TempFolder to)
    {
        MadeRatings.Write(to);
        var rows = File.ReadAllLines(to.File("ratings.tsv"));
        foreach (var (fold, name) in names.Index())
        {
            to.Write($"{name}.base", string.Concat(rows.Where((_, i) => i % names.Length != fold).Select(row => row + "\n")));
            to.Write($"{name}.test", string.Concat(rows.Where((_, i) => i % names.Length == fold).Select(row => row + "\n")));
        }
        var recipe = File.ReadAllText(to.File("recipe.yaml"));
        to.Write("recipe.yaml", recipe.Replace("train: ratings.tsv", "train: \"{fold}.base\"\n  valid: \"{fold}.test\"\n  folds: [a, b, c]", StringComparison.Ordinal)
            .Replace("seeds: [1, 2], factors: 4, epochs: 30", "factors: 4, epochs: 20", StringComparison.Ordinal));
    }

    static (RatingsResult Result, Heard News) Train(TempFolder at, params string[] settings)
    {
        var heard = new Heard();
        return (new RatingsRun(RatingsRecipe.Load(at.File("recipe.yaml"), settings), at.File("run")).Train(heard, TestContext.Current.CancellationToken), heard);
    }

    static JsonNode Json(string path) => JsonNode.Parse(File.ReadAllText(path))!;

    static double Value(JsonNode? score) => score!["value"]!.GetValue<double>();

    [Fact]
    public void Every_member_and_the_blend_are_scored_in_each_fold_and_in_all()
    {
        using var temp = Shared.Temp();
        Write(temp);
        var (result, _) = Train(temp);
        var files = new RunFolder(temp.File("run"));
        var rows = File.ReadAllLines(temp.File("ratings.tsv")).Length;
        Assert.Equal(rows, result.HeldRows);
        Assert.Equal(6, Directory.GetDirectories(files.Cells).Length);

        // From the predictions anew.
        var held = Table.Read(files.OutOfFold);
        Assert.Equal(rows, held.Count);
        var (truth, predicted) = (held.Numbers("rating"), held.Numbers("prediction"));
        double Rmse(string? fold) => Math.Sqrt(Enumerable.Range(0, held.Count).Where(row => fold is null || held[row, "fold"] == fold).Average(row => Math.Pow(truth[row] - predicted[row], 2)));
        double Mae(string fold) => Enumerable.Range(0, held.Count).Where(row => held[row, "fold"] == fold).Average(row => Math.Abs(truth[row] - predicted[row]));
        var metrics = Json(files.Metrics);
        Assert.Equal("blend (linear)", metrics["name"]!.ToString());
        Assert.Equal((Rmse(null), rows), (Value(metrics["rmse"]), metrics["rmse"]!["n"]!.GetValue<int>()), (a, b) => Math.Abs(a.Item1 - b.Item1) < 1e-6 && a.Item2 == b.Item2);
        var folds = metrics["folds"]!.AsArray();
        Assert.Equal(names, folds.Select(fold => fold!["name"]!.ToString()));
        foreach (var (name, fold) in names.Zip(folds))
        {
            Assert.Equal(Rmse(name), Value(fold!["rmse"]), 1e-6);
            Assert.Equal(Mae(name), Value(fold["mae"]), 1e-6);
            Assert.True(fold["rmse"]!["low"]!.GetValue<double>() < Value(fold["rmse"]) && fold["seconds"]!.GetValue<double>() > 0);
        }
        var board = Json(files.Leaderboard).AsArray();
        Assert.Equal(["blend (linear)", "dot-bias seed 1", "means seed 1"], board.Select(row => row!["name"]!.ToString()).Order());
        Assert.All(board, row => Assert.Equal(3, row!["folds"]!.AsArray().Count));
        JsonNode Row(string name) => board.Single(row => row!["name"]!.ToString() == name)!;
        Assert.True(Value(Row("dot-bias seed 1")["rmse"]) < 0.75 * Value(Row("means seed 1")["rmse"]), board.ToJsonString());
        Assert.Equal(Row("dot-bias seed 1")["seconds"]!.GetValue<double>(), Row("dot-bias seed 1")["folds"]!.AsArray().Sum(fold => fold!["seconds"]!.GetValue<double>()), 1e-9);
        // The recipe's range is [1, 5]; the sigmoid's goes beyond.
        Assert.All(predicted, one => Assert.InRange(one, 1, 5));
        Assert.Contains(predicted, one => one is 1 or 5);
        var lines = names.ToDictionary(name => name, name => File.ReadAllLines(temp.File(name + ".test")));
        Assert.All(Enumerable.Range(0, held.Count), row => Assert.StartsWith($"{held[row, "user"]}\t{held[row, "item"]}\t{held[row, "rating"]}\t", lines[held[row, "fold"]!][int.Parse(held[row, "line"]!, System.Globalization.CultureInfo.InvariantCulture) - 1], StringComparison.Ordinal));

        // Whoever asks the run is answered by the models of all folds, and is not recommended what any of them has learnt.
        var run = TrainedRatings.Open(temp.File("run"));
        Assert.Equal(rows, run.Seen.Count);
        Assert.Equal(6, Json(files.Blend)["cells"]!.AsArray().Count);
        Assert.Equal(rows, run.Score(temp.File("a.base"), TestContext.Current.CancellationToken).Seen + lines["a"].Length);
    }

    [Fact]
    public void A_fold_alone_is_what_a_run_of_its_files_alone_gives()
    {
        using var temp = Shared.Temp();
        Write(temp);
        var (all, _) = Train(temp, "members=[ { model: averages } ]");
        using var single = Shared.Temp();
        Write(single);
        var (alone, _) = Train(single, "members=[ { model: averages } ]", "data.folds=[]", "data.train=b.base", "data.valid=b.test");
        Assert.Equal(alone.Rows.Single(row => row.Kind == "member").Errors!.Rmse.Value, all.Rows.Single(row => row.Kind == "member").Folds[1].Errors!.Rmse.Value, 1e-6);
        Assert.Empty(alone.Rows[0].Folds);
    }

    [Fact]
    public void An_interrupted_run_keeps_its_finished_folds()
    {
        using var temp = Shared.Temp();
        Write(temp);
        using var stop = new CancellationTokenSource();
        var news = new Stopping("dot-bias seed 1 fold b: epoch 3 of 20", stop);
        Assert.ThrowsAny<OperationCanceledException>(() => new RatingsRun(RatingsRecipe.Load(temp.File("recipe.yaml")), temp.File("run")).Train(news, stop.Token));
        var (_, again) = Train(temp);
        Assert.Equal(["dot-bias seed 1 fold a"], again.Skipped);
        Assert.Contains(again.Lines, line => line.StartsWith("dot-bias seed 1 fold b: epoch 20 of 20", StringComparison.Ordinal));
        Assert.Equal(6, Train(temp).News.Skipped.Count);
        File.AppendAllText(temp.File("c.test"), "u1\tnew film\t3\t1\n");
        Assert.Empty(Train(temp).News.Skipped);
    }

    sealed class Stopping(string at, CancellationTokenSource stop) : IProgress<RunNews>
    {
        public void Report(RunNews value)
        {
            if (value is NoteNews note && note.Text.StartsWith(at, StringComparison.Ordinal)) stop.Cancel();
        }
    }

    [Fact]
    public void A_search_chooses_in_every_fold_for_itself()
    {
        using var temp = Shared.Temp();
        Write(temp);
        var (_, news) = Train(temp, "members=[ { model: als, epochs: 2, search: { factors: [1, 2] } } ]");
        Assert.Equal(6, news.Lines.Count(line => line.Contains(": RMSE ", StringComparison.Ordinal)));
    }

    [Fact]
    public void Members_that_only_rank_are_scored_over_all_folds_by_order()
    {
        using var temp = Shared.Temp();
        Write(temp);
        var (result, _) = Train(temp, "members=[ { model: ease } ]");
        var ease = result.Rows.Single(row => row.Kind == "member");
        Assert.Null(ease.Errors);
        Assert.All(ease.Folds, fold => Assert.Null(fold.Errors));
        // A user counts in every fold that held out a hit of theirs.
        Assert.InRange(ease.Top!.Ndcg.N, MadeRatings.Users + 1, 3 * MadeRatings.Users);
    }

    [Fact]
    public void Files_that_are_missing_or_overlap_are_named()
    {
        using var temp = Shared.Temp();
        Write(temp);
        string Message(params string[] settings) => Assert.ThrowsAny<InputException>(() => Train(temp, settings)).Message;
        Assert.Contains("d.base", Message("data.folds=[a, d]"), StringComparison.Ordinal);
        var first = File.ReadAllLines(temp.File("b.test"))[0].Split('\t');
        File.AppendAllText(temp.File("c.test"), string.Join('\t', first) + "\n");
        var twice = Message();
        Assert.Contains($"user '{first[0]}' and item '{first[1]}' are also in {temp.File("b.test")}: a row is held out by one fold only", twice, StringComparison.Ordinal);
        Assert.Contains("c.test", twice, StringComparison.Ordinal);
        File.AppendAllText(temp.File("a.test"), File.ReadAllLines(temp.File("c.test"))[0] + "\n");
        Assert.Contains("what is scored must not have been learnt from", Message("data.folds=[a, b]"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("train: \"{fold}.base\"", "data.train: has {fold}, for which data.folds names nothing")]
    [InlineData("train: \"{fold}.base\", folds: [a, b]", "data.valid: is required together with folds")]
    [InlineData("train: u.base, valid: \"{fold}.test\", folds: [a, b]", "data.train: got 'u.base' for every fold")]
    [InlineData("train: \"{fold}.base\", valid: \"{fold}.test\", folds: [a, a]", "data.folds: expected names, none of them empty, twice or with a '/'")]
    [InlineData("train: \"{fold}.base\", valid: \"{fold}.test\", folds: [a]", "data.folds: got one fold")]
    public void Faults_of_folds_are_named_with_their_key(string data, string expected) => Assert.StartsWith(expected,
        Assert.Throws<ConfigException>(() => RatingsRecipe.Parse($"task: ratings\ndata: {{ {data} }}\nmembers: [ {{ model: dot-bias }} ]\n", "/recipes")).Message, StringComparison.Ordinal);

    [Fact]
    public void The_command_line_and_the_page_show_every_fold()
    {
        using var temp = Shared.Temp();
        Write(temp);
        var train = CommandLine.Run("train", temp.File("recipe.yaml"), "--run", temp.File("run"));
        Assert.True(train.Code == 0, train.Error);
        foreach (var word in new[] { " of 3 folds, 95 % intervals", "Each fold alone: RMSE, MAE, time" }) Assert.Contains(word, train.Out, StringComparison.Ordinal);
        Assert.Contains("fold b: ", train.Error, StringComparison.Ordinal);
        Assert.Contains("\"folds\":[{\"name\":\"a\",\"rmse\":{", File.ReadAllText(temp.File("run/report.html")), StringComparison.Ordinal);
        Assert.Equal(0, CommandLine.Run("recommend", "--run", temp.File("run"), "--user", "u3").Code);
    }
}
