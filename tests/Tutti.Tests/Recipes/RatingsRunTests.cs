using System.Text.Json.Nodes;
using Tutti.Recipes;
using Tutti.Recommend;
using Tutti.Runs;
using Tutti.Tables;
using Tutti.Tests.App;

namespace Tutti.Tests.Recipes;

/// <summary>Runs of task ratings, from a file to recommendations, through the library and the command line.</summary>
[Collection(RunCollection.Name)]
public sealed class RatingsRunTests(MadeRatings made) : IClassFixture<MadeRatings>
{
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

    static JsonNode Json(string path) => JsonNode.Parse(File.ReadAllText(path))!;

    static (RatingsResult Result, Heard News) Train(TempFolder at, params string[] settings)
    {
        var heard = new Heard();
        return (new RatingsRun(RatingsRecipe.Load(at.File("recipe.yaml"), settings), at.File("run")).Train(heard, TestContext.Current.CancellationToken), heard);
    }

    static string Fault(string lines, string recipe)
    {
        using var temp = Shared.Temp();
        temp.Write("r.csv", lines);
        var parsed = RatingsRecipe.Parse(recipe, temp.Path);
        return Assert.ThrowsAny<InputException>(() => new RatingsRun(parsed, temp.File("run")).Train(cancel: TestContext.Current.CancellationToken)).Message;
    }

    [Fact]
    public void Ratings_are_looked_at_before_anything_is_trained()
    {
        var outcome = CommandLine.Run("show", made.Input("recipe.yaml"), "--count", "3");
        Assert.True(outcome.Code == 0, outcome.Error);
        Assert.Contains(FormattableString.Invariant($"{MadeRatings.Users} users"), outcome.Out, StringComparison.Ordinal);
        string[] table = [.. outcome.Out.Split('\n').SkipWhile(line => !line.Contains('─')).Skip(1).Where(line => line.Any(char.IsLetter))];
        Assert.Equal(3, table.Length);
        Assert.All(table, line => Assert.Matches("(Comédie|Thriller) .*[1-5]", line));
        CommandLine.Run("show", made.Input("recipe.yaml"), "--set", "data.train=none.tsv").IsWrongInput(["none.tsv"]);
        CommandLine.Run("show", made.Folder, "--set", "data.train=none.tsv").IsWrongInput(["--set"]);
    }

    [Fact]
    public void A_run_beats_its_baseline_and_leaves_its_files()
    {
        var files = new RunFolder(made.Folder);
        var board = Json(files.Leaderboard).AsArray();
        double Rmse(string name) => board.Single(row => row!["name"]!.ToString() == name)!["rmse"]!["value"]!.GetValue<double>();
        Assert.Equal(4, board.Count);
        Assert.True(Rmse("dot-bias seed 1") < 0.75 * Rmse("means seed 1"), File.ReadAllText(files.Leaderboard));
        Assert.True(Rmse("blend (linear)") < Rmse("dot-bias seed 2"), File.ReadAllText(files.Leaderboard));
        Assert.Equal(board.Select(row => row!["rmse"]!["value"]!.GetValue<double>()).Order(), board.Select(row => row!["rmse"]!["value"]!.GetValue<double>()));
        var metrics = Json(files.Metrics);
        Assert.Equal(Rmse("blend (linear)"), metrics["rmse"]!["value"]!.GetValue<double>());
        Assert.Equal((4.0, 5), (metrics["liked"]!.GetValue<double>(), metrics["k"]!.GetValue<int>()));
        var held = Table.Read(files.OutOfFold);
        Assert.Equal(metrics["rows"]!.GetValue<int>(), held.Count);
        var lines = File.ReadAllLines(made.Input("ratings.tsv"));
        Assert.All(Enumerable.Range(0, held.Count), row => Assert.StartsWith($"{held[row, "user"]}\t{held[row, "item"]}\t{held[row, "rating"]}\t", lines[int.Parse(held[row, "line"]!, System.Globalization.CultureInfo.InvariantCulture) - 1], StringComparison.Ordinal));
        Assert.Equal("Comédie 7", Table.Read(files.Items) is var items ? items[items.Column("id").Index().First(pair => pair.Item == "f7").Index, "title"] : "");
        Assert.Contains("Thriller", File.ReadAllText(files.ItemMap), StringComparison.Ordinal);
        var page = File.ReadAllText(files.Report);
        Assert.Contains("\"wellKnown\":10", page, StringComparison.Ordinal);
        Assert.Contains("\"metric\":\"RMSE\"", page, StringComparison.Ordinal);
    }

    [Fact]
    public void A_recipe_without_the_baseline_among_its_members_is_compared_with_it()
    {
        using var temp = Shared.Temp();
        MadeRatings.Write(temp);
        var (result, _) = Train(temp, "members=[ { model: dot-bias, factors: 2, epochs: 1 } ]");
        Assert.Equal(["baseline", "member"], result.Rows.Select(row => row.Kind).Order());
        Assert.Single(Json(new RunFolder(temp.File("run")).Blend)["cells"]!.AsArray());
    }

    [Fact]
    public void Repeating_trains_what_is_missing_or_changed_only_and_gives_the_same()
    {
        using var temp = Shared.Temp();
        MadeRatings.Write(temp);
        var (first, _) = Train(temp);
        var before = first.Rows.Select(row => (row.Name, row.Errors!.Rmse)).ToArray();
        var (again, all) = Train(temp);
        Assert.Equal(3, all.Skipped.Count);
        Assert.Equal(before, again.Rows.Select(row => (row.Name, row.Errors!.Rmse)));
        File.Delete(new RunFolder(temp.File("run")).Cell("dot-bias", 2, 0).Metrics);
        var (missing, some) = Train(temp);
        Assert.Equal(["dot-bias seed 1", "means seed 1"], some.Skipped);
        Assert.Equal(before, missing.Rows.Select(row => (row.Name, row.Errors!.Rmse)));
        var (_, changed) = Train(temp, "members.0.factors=3");
        Assert.Equal(["means seed 1"], changed.Skipped);
        File.AppendAllText(temp.File("ratings.tsv"), "u1\tnew film\t3\t1\n");
        Assert.Empty(Train(temp).News.Skipped);
    }

    [Fact]
    public void A_search_takes_what_does_best_on_training_rows_and_remembers_it()
    {
        using var temp = Shared.Temp();
        MadeRatings.Write(temp);
        string[] settings = ["members=[ { model: dot-bias, seeds: [1, 2], learning-rate: 0.02, weight-decay: 0.01, search: { epochs: [1, 30], factors: [2] } } ]"];
        var (_, news) = Train(temp, settings);
        var tried = news.Lines.Where(line => line.Contains("RMSE", StringComparison.Ordinal)).ToArray();
        Assert.Equal(2, tried.Length);
        Assert.StartsWith("dot-bias: factors 2, epochs 1, learning-rate 0.02, weight-decay 0.01: RMSE ", tried[0], StringComparison.Ordinal);
        var cell = new RunFolder(temp.File("run")).Cell("dot-bias", 2, 0);
        Assert.Equal((30, 2), (Json(cell.Metrics)["chosen"]!["epochs"]!.GetValue<int>(), Json(cell.Metrics)["chosen"]!["factors"]!.GetValue<int>()));
        File.Delete(cell.Metrics);
        var (_, again) = Train(temp, settings);
        Assert.DoesNotContain(again.Lines, line => line.Contains("RMSE", StringComparison.Ordinal));
        Assert.Equal(30, Json(cell.Metrics)["chosen"]!["epochs"]!.GetValue<int>());
    }

    [Fact]
    public void A_file_of_held_out_rows_may_name_items_that_are_new_and_none_that_was_learnt_from()
    {
        using var temp = Shared.Temp();
        MadeRatings.Write(temp);
        File.AppendAllText(temp.File("test.tsv"), "u1\tunheard of\t3\t1\nnobody\tf1\t4\t1\n");
        var (result, news) = Train(temp, "data.valid=test.tsv");
        Assert.Contains(news.Lines, line => line.EndsWith("; of them 1 are of users and 1 of items that are not learnt from", StringComparison.Ordinal));
        Assert.Equal(File.ReadAllLines(temp.File("test.tsv")).Length, result.HeldRows);
        File.AppendAllText(temp.File("test.tsv"), File.ReadAllLines(temp.File("ratings.tsv"))[0] + "\n");
        Assert.Contains("what is scored must not have been learnt from", Assert.Throws<DataException>(() => Train(temp, "data.valid=test.tsv")).Message, StringComparison.Ordinal);
    }

    [Theory, InlineData("split: { kind: per-user, count: 2 }"), InlineData("split: { kind: time, share: 0.1 }")]
    public void Rows_may_be_held_out_by_user_and_by_time(string split)
    {
        using var temp = Shared.Temp();
        MadeRatings.Write(temp);
        var (result, _) = Train(temp, $"data.{split.Replace(": {", "={", StringComparison.Ordinal)}", "members=[ { model: averages } ]");
        var rows = File.ReadAllLines(temp.File("ratings.tsv")).Length;
        Assert.Equal(split.Contains("time", StringComparison.Ordinal) ? (int)Math.Round(0.1 * rows) : 2 * MadeRatings.Users, result.HeldRows);
    }

    const string Csv = "task: ratings\ndata: { train: r.csv }\nmembers: [ { model: dot-bias, range: [0, 5.5] } ]";

    [Theory]
    [InlineData("user,item,rating\na,x,3\na,y,4\n", "of one user, 'a'")]
    [InlineData("user,item,rating\na,x,4\nb,y,4\nb,x,4\n", "all 3 ratings are 4")]
    [InlineData("user,item,rating\na,x,4\nb,y,3\na,x,4\n", "line 4: user 'a' rates item 'x' again, first in line 2")]
    [InlineData("user,item,rating\na,x,4\nb,y,NaN\n", "line 3, column 'rating': got 'NaN'")]
    [InlineData("user,item,rating\na,x,4\nb,y,3\nb,x,9\nc,x,9\na,y,9\n", "range: goes from 0 to 5.5, but there is a rating of 9")]
    public void Ratings_that_cannot_be_learnt_are_refused_in_words(string lines, string expected) => Assert.Contains(expected, Fault(lines, Csv), StringComparison.Ordinal);

    [Fact]
    public void Models_of_ratings_are_refused_where_there_are_none() =>
        Assert.Contains("members.0.model: is dot-bias, which learns ratings, but data.rating is empty", Fault("user,item\na,x\nb,y\nb,x\n", Csv.Replace("r.csv", "r.csv, rating: \"\"", StringComparison.Ordinal)), StringComparison.Ordinal);

    [Fact]
    public void Rates_that_are_too_high_are_told_as_such()
    {
        using var temp = Shared.Temp();
        MadeRatings.Write(temp);
        Assert.Contains("lower it", Assert.Throws<Tutti.Training.TrainingException>(() => Train(temp, "members=[ { model: dot-bias, learning-rate: 1e38, weight-decay: 0, factors: 4 } ]")).Message, StringComparison.Ordinal);
        Assert.Contains("learning-rate: 20 times weight-decay 0.1 is 2, expected below 1", Assert.Throws<ConfigException>(() => Train(temp, "members=[ { model: dot-bias, learning-rate: 20, factors: 4 } ]")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_model_of_ratings_can_be_a_member_and_does_better_than_the_averages()
    {
        using var temp = Shared.Temp();
        MadeRatings.Write(temp);
        // Those of the shared recipe aside; the data have two kinds of users, so few factors say all.
        string[] members = ["{ model: averages }", "{ model: biased-factors, factors: 4, epochs: 60, regularization: 0.01 }", "{ model: svd-plus-plus, factors: 4 }", "{ model: bayesian-factors, factors: 4, epochs: 40 }", "{ model: als, factors: 2, epochs: 10, regularization: 0.3 }", "{ model: item-neighbours, neighbours: 10 }"];
        var (result, news) = Train(temp, $"members=[ {string.Join(", ", members)} ]");
        var board = Json(new RunFolder(temp.File("run")).Leaderboard).AsArray();
        double Rmse(string name) => board.Single(row => row!["name"]!.ToString() == name)!["rmse"]!["value"]!.GetValue<double>();
        Assert.All(RatingModels.All.Where(kind => !kind.Ranks && kind.Name is not ("averages" or "dot-bias" or "embedding-nn")), kind => Assert.True(Rmse($"{kind.Name} seed 1") < 0.95 * Rmse("averages seed 1"), $"{kind.Name}: {board.ToJsonString()}"));
        Assert.NotNull(result);
        Assert.Empty(news.Skipped);
    }

    [Fact]
    public void Models_that_rank_learn_what_was_chosen_and_recommend_the_like()
    {
        using var temp = Shared.Temp();
        MadeRatings.Write(temp);
        // Chosen is what was rated 4 or more.
        temp.Write("chosen.tsv", string.Concat(File.ReadLines(temp.File("ratings.tsv")).Where(line => line.Split('\t')[2] is "4" or "5").Select(line => $"{line}\n")));
        temp.Write("recipe.yaml", """
            task: ratings
            data: { train: chosen.tsv, format: { delimiter: tab, header: false }, user: 1, item: 2, rating: "" }
            members: [{ model: bpr, factors: 4 }, { model: implicit-als, factors: 4, regularization: 1 }, { model: ease, regularization: 10 }]
            top: { k: 5 }
            """);
        Train(temp);
        var board = Json(new RunFolder(temp.File("run")).Leaderboard).AsArray();
        double Ndcg(string name) => board.Single(row => row!["name"]!.ToString() == name)!["ndcg"]!["value"]!.GetValue<double>();
        foreach (var name in (string[])["bpr seed 1", "implicit-als seed 1", "ease seed 1"])
            Assert.True(Ndcg(name) > 0.1, board.ToJsonString());
        var outcome = CommandLine.Run("recommend", "--run", temp.File("run"), "--user", "u3", "--top", "5", "--json");
        Assert.True(outcome.Code == 0, outcome.Error);
        var items = JsonNode.Parse(outcome.Out)!.AsArray().Select(item => item!["item"]!.ToString()).ToArray();
        Assert.Equal(5, items.Length);
        Assert.True(items.Count(item => MadeRatings.Same(3, int.Parse(item[1..], System.Globalization.CultureInfo.InvariantCulture))) >= 4, string.Join(' ', items));
    }

    [Fact]
    public void Every_kind_of_model_comes_back_from_its_folder_as_it_was()
    {
        using var temp = Shared.Temp();
        var rows = new RatingRows([0, 0, 1, 1, 2, 2, 3], [0, 1, 1, 2, 0, 3, 3], [1, 2, 3, 4, 5, 4, 3], 4, 4);
        foreach (var kind in RatingModels.All)
        {
            var model = kind.Train(rows, new() { Seed = 3 });
            RatingModels.Save(temp.File(kind.Name), model);
            var loaded = RatingModels.Load(temp.File(kind.Name), kind.Name);
            Assert.Equal(model.GetType(), loaded.GetType());
            foreach (var user in new[] { RatingModel.Unknown, 0, 3 })
                foreach (var item in new[] { RatingModel.Unknown, 0, 3 }) Assert.Equal(model.Predict(user, item), loaded.Predict(user, item));
        }
        string Refused(string folder, string kind) => Assert.Throws<DataException>(() => RatingModels.Load(temp.File(folder), kind)).Message;
        Assert.Contains("names a model 'oracle', which is not known; expected averages", Refused("averages", "oracle"), StringComparison.Ordinal);
        Assert.Contains("is of a model 'averages', expected dot-bias", Refused("averages", "dot-bias"), StringComparison.Ordinal);
        Assert.Contains("model.safetensors is missing", Refused(".", "dot-bias"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_command_line_trains_predicts_evaluates_and_reports()
    {
        using var temp = Shared.Temp();
        MadeRatings.Write(temp);
        var train = CommandLine.Run("train", temp.File("recipe.yaml"), "--run", temp.File("run"));
        Assert.True(train.Code == 0, train.Error);
        foreach (var word in new[] { "The users and items with the most ratings:", "Leaderboard: ", "blend (linear)", "NDCG@5", "hits are ratings from 4 on" }) Assert.Contains(word, train.Out, StringComparison.Ordinal);
        Assert.Contains("dot-bias seed 1: epoch 30 of 30, loss ", train.Error, StringComparison.Ordinal);

        File.AppendAllText(temp.File("test.tsv"), "u1\tunheard of\t3\t1\n");
        var predict = CommandLine.Run("predict", "--run", temp.File("run"), "--data", temp.File("test.tsv"), "--out", temp.File("p.csv"));
        var (rows, predicted) = (File.ReadAllLines(temp.File("test.tsv")), Table.Read(temp.File("p.csv")));
        Assert.Equal((0, $"{rows.Length} rows: {temp.File("p.csv")}\n"), (predict.Code, predict.Out));
        Assert.Contains($"1 of {rows.Length} rows are of users or items that the run does not know", predict.Error, StringComparison.Ordinal);
        Assert.Equal(rows.Select(row => string.Join('\t', row.Split('\t')[..2])), Enumerable.Range(0, predicted.Count).Select(row => $"{predicted[row, "user"]}\t{predicted[row, "item"]}"));

        // One more row, which was learnt from.
        var held = File.ReadAllLines(temp.File("run/oof.csv")).Skip(1).Select(line => string.Join('\t', line.Split(',')[1..3])).ToHashSet();
        File.AppendAllText(temp.File("test.tsv"), File.ReadAllLines(temp.File("ratings.tsv")).First(line => !held.Contains(string.Join('\t', line.Split('\t')[..2]))) + "\n");
        var evaluate = CommandLine.Run("evaluate", "--run", temp.File("run"), "--data", temp.File("test.tsv"), "--json");
        var scores = JsonNode.Parse(evaluate.Out)!;
        Assert.Equal((rows.Length + 1, 1, 1), (scores["rows"]!.GetValue<int>(), scores["seenInTraining"]!.GetValue<int>(), scores["strangers"]!.GetValue<int>()));
        var errors = rows.Select((row, i) => Math.Pow(double.Parse(row.Split('\t')[2], System.Globalization.CultureInfo.InvariantCulture) - predicted.Numbers("prediction")[i], 2)).Average();
        Assert.Equal(Math.Sqrt(errors), scores["rmse"]!["value"]!.GetValue<double>(), 1e-5);
        Assert.Contains("1 of ", evaluate.Error, StringComparison.Ordinal);
        Assert.Contains("coverage", CommandLine.Run("evaluate", "--run", temp.File("run"), "--data", temp.File("test.tsv")).Out, StringComparison.Ordinal);

        File.Delete(temp.File("run/report.html"));
        Assert.Equal(0, CommandLine.Run("report", "--run", temp.File("run")).Code);
        Assert.True(File.Exists(temp.File("run/report.html")));
        CommandLine.Run("report", "--run", temp.File("run"), "--plots", temp.File("plots")).IsWrongInput("--plots", "items.svg");
        CommandLine.Run("train", temp.File("recipe.yaml"), "--run", temp.File("run"), "--limit", "1 h").IsWrongInput("--limit", "not for task ratings");
    }

    [Fact]
    public void Recommended_is_what_the_user_s_kind_likes_with_reasons_and_nothing_they_rated()
    {
        var outcome = CommandLine.Run("recommend", "--run", made.Folder, "--user", "u3", "--top", "5", "--json");
        Assert.True(outcome.Code == 0, outcome.Error);
        var found = JsonNode.Parse(outcome.Out)!.AsArray();
        Assert.Equal(5, found.Count);
        var own = Learnt("u3");
        foreach (var one in found)
        {
            Assert.StartsWith("Comédie", one!["title"]!.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain(one["item"]!.ToString(), own.Keys);
            Assert.All(one["near"]!.AsArray(), near => Assert.Equal(own[near!["item"]!.ToString()], near["rating"]!.GetValue<float>()));
        }
        Assert.Equal(found.Select(one => one!["rating"]!.GetValue<double>()).OrderDescending(), found.Select(one => one!["rating"]!.GetValue<double>()));
        var because = found.SelectMany(one => one!["because"]!.AsArray()).ToArray();
        Assert.Contains(because, axis => axis!["towards"]!.AsArray().All(title => title!.ToString().StartsWith("Comédie", StringComparison.Ordinal)) && axis["away"]!.AsArray().All(title => title!.ToString().StartsWith("Thriller", StringComparison.Ordinal)));
        var text = CommandLine.Run("recommend", "--run", made.Folder, "--user", "u3", "--top", "5").Out;
        Assert.Contains("  1. ", text, StringComparison.Ordinal);
        Assert.Contains("       rather Comédie", text, StringComparison.Ordinal);
        Assert.Contains("       like Comédie", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_newcomer_is_taken_in_by_a_few_ratings()
    {
        using var temp = Shared.Temp();
        var file = temp.Write("mine.tsv", "me\tf25\t5\t1\nme\tf30\t5\t1\nme\tf31\t5\t1\nme\tf38\t5\t1\nme\tf2\t1\t1\nme\tf9\t1\t1\nme\tunheard of\t5\t1\n");
        var outcome = CommandLine.Run("recommend", "--run", made.Folder, "--ratings", file, "--top", "5", "--json");
        Assert.True(outcome.Code == 0, outcome.Error);
        Assert.Contains("1 rows of ", outcome.Error, StringComparison.Ordinal);
        var found = JsonNode.Parse(outcome.Out)!.AsArray();
        Assert.All(found, one => Assert.StartsWith("Thriller", one!["title"]!.ToString(), StringComparison.Ordinal));
        Assert.DoesNotContain(found, one => one!["item"]!.ToString() is "f25" or "f30" or "f31" or "f38");
    }

    [Fact]
    public void What_cannot_be_recommended_is_said_in_words()
    {
        using var temp = Shared.Temp();
        CommandLine.Run("recommend", "--run", made.Folder, "--user", "u600").IsWrongInput("there is no user 'u600'", "--ratings");
        CommandLine.Run("recommend", "--run", made.Folder).IsWrongInput("--user ID", "--ratings FILE");
        CommandLine.Run("recommend", "--run", made.Folder, "--user", "u1", "--top", "0").IsWrongInput("--top: got 0");
        CommandLine.Run("recommend", "--run", temp.Path, "--user", "u1").IsWrongInput("is not a run folder");
        CommandLine.Run("recommend", "--run", made.Folder, "--ratings", temp.Write("none.tsv", "me\tno film\t5\t1\nme\tno other\t5\t2\n")).IsWrongInput("none of its 2 rows is of an item that the run knows");
        MadeRatings.Write(temp);
        Train(temp, "members=[ { model: embedding-nn, epochs: 1, layers: [4] } ]");
        CommandLine.Run("recommend", "--run", temp.File("run"), "--ratings", temp.File("test.tsv")).IsWrongInput("no model of this run can take newcomers in");
        Assert.Equal(0, CommandLine.Run("recommend", "--run", temp.File("run"), "--user", "u1").Code);
        File.Delete(new RunFolder(temp.File("run")).Metrics);
        CommandLine.Run("recommend", "--run", temp.File("run"), "--user", "u1").IsWrongInput("is not finished");
        CommandLine.Run("memory", made.Input("recipe.yaml")).IsWrongInput("is ratings, whose recipes have keys of their own");
    }

    /// <summary>What a user rated, of the rows that were learnt from.</summary>
    Dictionary<string, float> Learnt(string user)
    {
        var held = Table.Read(new RunFolder(made.Folder).OutOfFold).Column("line").ToHashSet();
        return File.ReadAllLines(made.Input("ratings.tsv")).Index().Where(line => line.Item.StartsWith(user + "\t", StringComparison.Ordinal) && !held.Contains((line.Index + 1).ToString(System.Globalization.CultureInfo.InvariantCulture)))
            .ToDictionary(line => line.Item.Split('\t')[1], line => float.Parse(line.Item.Split('\t')[2], System.Globalization.CultureInfo.InvariantCulture));
    }
}
