using Tutti.Predictions;
using Tutti.Recipes;
using Tutti.Runs;
using Tutti.Tables;
using Tutti.Training;

namespace Tutti.Tests.Recipes;

/// <summary>Rows without labels, labelled fold by fold by a finished run.</summary>
[Collection(RunCollection.Name)]
public sealed class PseudoLabelTests(TinyRun run)
{
    const int New = 40;

    /// <summary>A student of the shared run: its smallest member, and rows without labels.</summary>
    Recipe Student(TempFolder temp, Func<UnlabelledConfig, UnlabelledConfig>? change = null, string? teacher = null)
    {
        Unlabelled(temp.File("more.csv"));
        var config = new UnlabelledConfig { File = temp.File("more.csv"), Run = teacher ?? run.Folder, AtLeast = 0.5 };
        var recipe = TinyRun.Single(run.Recipe);
        return recipe with { Data = recipe.Data with { Unlabelled = change?.Invoke(config) ?? config }, Train = recipe.Train with { Epochs = 1 } };
    }

    /// <summary>New rows, then one of them again, three training rows, two test rows and one without a text; no column of labels.</summary>
    void Unlabelled(string to)
    {
        var (rows, train, test) = (Table.Read(Path.Combine(Shared.Root, "samples", "disaster", "train.csv")), Table.Read(run.Input("train.csv")), Table.Read(run.Input("test.csv")));
        TableWriter.Write(to, ["keyword", "location", "text"], writer =>
        {
            void Add(Table table, int row) => writer.Row(table[row, "keyword"], table[row, "location"], table[row, "text"]);
            for (var row = 300; row < 300 + New; row++) Add(rows, row);
            Add(rows, 300);
            for (var row = 0; row < 3; row++) Add(train, row);
            for (var row = 0; row < 2; row++) Add(test, row);
            writer.Row(null, null, null);
        });
    }

    [Fact]
    public void The_labels_of_a_fold_come_from_the_teachers_cells_of_that_fold_alone()
    {
        using var temp = Shared.Temp();
        using var thread = new OneThread();
        var news = new KeptNews();
        TinyRun.Train(Student(temp), temp.File("student"), news);
        Assert.Contains(news.Notes, note => note.EndsWith($"{New} of {New + 7} rows without labels; left out: 5 with the text of a training or test row, 1 repeated, 1 empty", StringComparison.Ordinal));
        Assert.Contains(news.Notes, note => note.StartsWith($"fold 0 learns {New} of {New} rows without labels (0 ", StringComparison.Ordinal));

        var teacher = TrainedRun.Open(run.Folder);
        var table = Table.Read(temp.File("more.csv"));
        for (var fold = 0; fold < 2; fold++)
        {
            var said = PredictionFile.Read(temp.File($"student/teacher/f{fold}.csv"));
            Assert.Equal(Enumerable.Range(0, New).Select(row => $"{row}"), said.Ids);
            double[] Of(string member, int seed)
            {
                using var model = teacher.LoadOne(new RunFolder(run.Folder).Cell(member, seed, fold));
                return model.Probabilities(model.Encode(table, teacher.Text, null), TestContext.Current.CancellationToken);
            }
            var (first, second, small) = (Of("deep", 1), Of("deep", 2), Of("small", 1));
            for (var row = 0; row < New; row++) Assert.Equal((((first[2 * row] + second[2 * row]) / 2) + small[2 * row]) / 2, said.Row(row)[0], 1e-9);
        }
        Assert.NotEqual(File.ReadAllText(temp.File("student/teacher/f0.csv")), File.ReadAllText(temp.File("student/teacher/f1.csv")));
        // What was learnt from is known to have been seen.
        var scored = TrainedRun.Open(temp.File("student")).Score(Labelled(temp), cancel: TestContext.Current.CancellationToken);
        Assert.Equal(10, scored.Seen);
    }

    static string Labelled(TempFolder temp)
    {
        TinyRun.Rows("train.csv", temp.File("seen.csv"), 330, 20);
        return temp.File("seen.csv");
    }

    [Fact]
    public void Rows_are_learnt_as_their_surest_class_or_as_probabilities()
    {
        using var temp = Shared.Temp();
        var hard = Student(temp, config => config with { AtLeast = 0.55, Most = 12, Weight = 0.3 });
        TinyRun.Train(hard, temp.File("hard"));
        var data = RunData.Open(hard);
        Example[] labelled = [new([2, 3], null, 1, 0)];
        var tokenizer = Tutti.Text.Tokenizer.Load(TinyRun.CellsOf(run.Folder)[4].Checkpoint);
        var examples = data.Taught!.Examples(labelled, 1, new(temp.File("hard")), data, tokenizer, 40);
        var said = PredictionFile.Read(temp.File("hard/teacher/f1.csv"));
        double Sure(int row) => said.Row(row)[said.Predicted(row)];
        int[] expected = [.. Enumerable.Range(0, said.Count).Where(row => Sure(row) >= 0.55).OrderByDescending(Sure).Take(12).Order()];
        Assert.Same(labelled[0], examples[0]);
        Assert.Equal(expected.Select(row => (TinyRun.TrainRows + row, said.Predicted(row), 0.3)), examples[1..].Select(example => (example.Row, example.Label, example.Share)));
        Assert.All(examples, example => Assert.Null(example.Targets));
        Assert.Equal(["id", "row 3 of those without labels"], [data.NameOf(0)[..2], data.NameOf(TinyRun.TrainRows + 3)]);

        var soft = RunData.Open(hard with { Data = hard.Data with { Unlabelled = hard.Data.Unlabelled! with { Soft = true, AtLeast = null, Most = null } } });
        var taught = soft.Taught!.Examples(labelled, 1, new(temp.File("hard")), soft, tokenizer, 40)[1..];
        Assert.Equal(New, taught.Length);
        Assert.All(taught, (example, row) => Assert.True(example.Label == -1 && example.Targets is [var p, _] && Math.Abs(p - said.Row(row)[0]) < 1e-6));
    }

    [Fact]
    public void A_repeated_run_trains_nothing_and_another_teacher_makes_cells_stale()
    {
        using var temp = Shared.Temp();
        var teacher = run.Copy(temp);
        var recipe = Student(temp, teacher: teacher);
        TinyRun.Train(recipe, temp.File("student"));
        var oof = File.ReadAllBytes(temp.File("student/oof.csv"));
        var again = new KeptNews();
        TinyRun.Train(recipe, temp.File("student"), again);
        Assert.Empty(again.Trained);
        Assert.Equal(oof, File.ReadAllBytes(temp.File("student/oof.csv")));

        var metrics = TinyRun.CellsOf(teacher)[0].Metrics;
        var fingerprint = Cell.Recorded(TinyRun.CellsOf(teacher)[0], "fingerprint")!;
        File.WriteAllText(metrics, File.ReadAllText(metrics).Replace(fingerprint, new string('0', 64), StringComparison.Ordinal));
        var other = new KeptNews();
        TinyRun.Train(recipe, temp.File("student"), other);
        Assert.Equal(2, other.Trained.Length);
    }

    [Fact]
    public void A_teacher_that_was_divided_otherwise_is_refused_and_nothing_is_written()
    {
        using var temp = Shared.Temp();
        var recipe = Student(temp);
        void Refused(Recipe of, params string[] words)
        {
            var error = Assert.Throws<ConfigException>(() => TinyRun.Train(of, temp.File("student")));
            foreach (var word in words) Assert.Contains(word, error.Message, StringComparison.Ordinal);
            Assert.False(Directory.Exists(temp.File("student")));
        }
        Refused(recipe with { Data = recipe.Data with { Folds = new() { Count = 2, Seed = 8 } } }, "data.unlabelled.run", "has other folds", "data.folds of the teacher");
        Refused(recipe with { Data = recipe.Data with { Folds = new() { Count = 3, Seed = 7 } } }, "other folds: 2 and not 3");
        TinyRun.Rows("train.csv", temp.File("fewer.csv"), 0, 90);
        Refused(recipe with { Data = recipe.Data with { Train = temp.File("fewer.csv") } }, "cannot teach this run", "the folds of other rows");
        Refused(recipe with { Data = recipe.Data with { Labels = ["1", "0", "maybe"] } }, "tells other classes apart");
        Refused(recipe with { Data = recipe.Data with { Unlabelled = recipe.Data.Unlabelled! with { Run = temp.File("nothing") } } }, "is not a run folder");
        Refused(recipe with { Distill = new() { Run = run.Folder } }, "is given together with distill");
    }

    [Fact]
    public void A_run_is_not_its_own_teacher()
    {
        using var temp = Shared.Temp();
        var teacher = run.Copy(temp);
        var error = Assert.Throws<ConfigException>(() => TinyRun.Train(Student(temp, teacher: teacher), teacher + "/"));
        Assert.Contains("this run's own folder", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_known_texts_alone_leaves_nothing_to_learn()
    {
        using var temp = Shared.Temp();
        var error = Assert.Throws<DataException>(() => RunData.Open(Student(temp, config => config with { File = run.Input("test.csv") })));
        Assert.Contains($"of {TinyRun.TestRows} rows {TinyRun.TestRows} have the text of a training or test row", error.Message, StringComparison.Ordinal);
    }
}
