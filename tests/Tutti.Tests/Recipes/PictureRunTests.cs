using Tutti.Predictions;
using Tutti.Recipes;
using Tutti.Tables;
using Tutti.Vision;

namespace Tutti.Tests.Recipes;

/// <summary>Runs that learn classes of pictures, on discs and squares drawn on noise.</summary>
[Collection(RunCollection.Name)]
public sealed class PictureRunTests : IDisposable
{
    const int PerClass = 80;

    const string Recipe = """
        task: image-classification
        data: { train: train, test: test, folds: 2 }
        train: { batch: 16, epochs: 8, learning-rate: 5e-3 }
        pictures: { size: 24, augment: { flip: true, lighting: 0.1 } }
        members:
          - { model: { network: small-cnn } }
        submission: submission.csv
        """;

    const string Blended = """
        members:
          - { model: { network: small-cnn } }
          - { model: { network: small-mlp }, pictures: { size: { width: 16, height: 12 }, resize: pad } }
        """;

    static readonly string[] shapes = DrawnShapes.Names, files = ["oof.csv", "submission.csv"];

    readonly TempFolder temp = Shared.Temp();

    public PictureRunTests()
    {
        DrawnShapes.Write(temp, "train", PerClass, 1);
        DrawnShapes.Write(temp, "test", 8, 2);
    }

    public void Dispose() => temp.Dispose();

    Tutti.Recipes.Recipe Load(string yaml = Recipe, params string[] settings) => Tutti.Recipes.Recipe.Load(temp.Write("recipe.yaml", yaml), settings);

    RunResult Train(string run, string yaml = Recipe, IProgress<RunNews>? news = null, params string[] settings) => TinyRun.Train(Load(yaml, settings), temp.File(run), news);

    [Fact]
    public void Discs_and_squares_are_told_apart_and_the_same_bits_come_out_again()
    {
        var result = Train("run");
        Assert.True(result.Summary.Scores[0].Score.Value > 0.9, $"accuracy {result.Summary.Scores[0].Score.Value} of rows that were held out");
        Assert.Equal(2 * PerClass, PredictionFile.Read(result.Files.OutOfFold).Count);
        Assert.Equal(["disc/00.png", "disc/01.png"], PredictionFile.Read(result.Test!).Ids.Take(2));
        Assert.StartsWith("picture,label\ndisc/00.png,", File.ReadAllText(result.Submission!).ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.True(File.Exists(result.Files.Report));
        Assert.DoesNotContain(result.Leaderboard.Sorted, entry => entry.Name.StartsWith("TF-IDF", StringComparison.Ordinal));

        var again = Train("again");
        foreach (var file in files)
            Assert.Equal(File.ReadAllBytes(temp.File($"run/{file}")), File.ReadAllBytes(temp.File($"again/{file}")));

        var news = new KeptNews();
        Train("run", news: news);
        Assert.Empty(news.Trained);
        Assert.Equal(2, news.Skipped.Length);

        var trained = TrainedRun.Open(temp.File("run"));
        Assert.Equal(16, trained.Predict(temp.File("test"), temp.File("predicted.csv"), TestContext.Current.CancellationToken));
        var predicted = PredictionFile.Read(temp.File("predicted.csv"));
        Assert.Equal(PredictionFile.Read(result.Test!).Probabilities, predicted.Probabilities);
        var truth = predicted.Ids.Select(id => predicted.Classes.Index().First(c => id.StartsWith(c.Item, StringComparison.Ordinal)).Index);
        var scores = trained.Score(temp.File("test"), cancel: TestContext.Current.CancellationToken);
        Assert.Equal(0, scores.Seen);
        Assert.Equal(predicted.Predicted().Zip(truth).Count(pair => pair.First == pair.Second) / 16.0, scores.All.Scores[0].Score.Value, 12);
        Assert.Equal(2 * PerClass, trained.Score(temp.File("train"), cancel: TestContext.Current.CancellationToken).Seen);
    }

    [Fact]
    public void A_table_of_paths_is_learnt_by_two_members_with_sizes_of_their_own_and_blended()
    {
        TableWriter.Write(temp.File("train.csv"), ["id", "file", "shape"], writer =>
        {
            foreach (var (shape, i) in shapes.SelectMany(shape => Enumerable.Range(0, 16).Select(i => (shape, i)))) writer.Row($"{shape}{i}", $"train/{shape}/{i:00}.png", shape);
        });
        var result = Train("run", "task: image-classification\ndata: { train: train.csv, picture: file, label: shape, id: id, validation: 0.25 }\ntrain: { batch: 8, epochs: 2, learning-rate: 1e-2 }\n" + Blended);
        Assert.Equal(["blend", "small-cnn", "small-mlp"], result.Leaderboard.Sorted.Select(entry => entry.Name.Split(' ')[0]).Where(name => name != "always").Order());
        Assert.Equal(8, PredictionFile.Read(result.Files.OutOfFold).Labelled().Count);
    }

    [Fact]
    public void A_file_that_is_no_picture_ends_the_run_by_name_or_is_left_out_where_asked()
    {
        var broken = temp.Write("train/disc/99.png", "no picture");
        var error = Assert.Throws<DataException>(() => Train("run"));
        Assert.Equal(broken, error.File);
        Assert.False(Directory.Exists(temp.File("run")));
        var news = new KeptNews();
        var result = Train("run", Recipe, news, "data.errors=skip", "train.epochs=1", "data.folds=null");
        Assert.Contains(news.Notes, note => note.Contains("99.png", StringComparison.Ordinal));
        Assert.DoesNotContain("disc/99.png", PredictionFile.Read(result.Files.OutOfFold).Ids);
    }

    [Fact]
    public void The_recipe_of_the_samples_learns_folders_of_classes()
    {
        var recipe = Tutti.Recipes.Recipe.Load(Path.Combine(Shared.Root, "samples", "pictures.yaml"), "train.epochs=1", "members.1.train.epochs=1", "pictures.size=32", "data.folds=null", $"data.train={temp.File("train")}", $"data.test={temp.File("test")}");
        var result = TinyRun.Train(recipe, temp.File("run"));
        Assert.Equal(16 + 1, File.ReadAllLines(result.Submission!).Length);
        Assert.Equal(["blend", "convnext_atto", "small-cnn"], result.Leaderboard.Sorted.Select(entry => entry.Name.Split(' ')[0]).Where(name => name != "always").Order());
    }

    [Fact]
    public void Pictures_are_the_same_by_what_they_show_not_by_their_names_and_share_a_fold()
    {
        for (var i = 0; i < 10; i++) File.Copy(temp.File($"train/disc/{i:00}.png"), temp.File($"train/disc/again{i}.png"));
        File.Copy(temp.File("train/square/00.png"), temp.File("test/square/other.png"));
        var summary = RunData.Open(Load()).Summary();
        Assert.Equal((10, 20), (summary.WithinTrain.Texts, summary.WithinTrain.Rows));
        Assert.Equal(0, summary.AcrossFolds.Texts);
        Assert.Equal(1, summary.AcrossTest.Texts);            // though every test picture has the name of one to learn from
    }

    [Fact]
    public void A_class_without_pictures_is_refused()
    {
        Directory.CreateDirectory(temp.File("train/triangle"));
        Assert.Contains("triangle", Assert.Throws<DataException>(() => Train("run")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_class_alone_is_refused()
    {
        Directory.Delete(temp.File("train/square"), recursive: true);
        Assert.Contains("only one class", Assert.Throws<DataException>(() => Train("run")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../outside.png")]
    [InlineData("/etc/hostname")]
    public void A_path_that_leaves_the_folder_is_refused(string path)
    {
        temp.Write("train/list.csv", $"picture,label\ndisc/00.png,disc\n{path},square\n");
        Assert.Contains("leaves the folder", Assert.Throws<DataException>(() => Train("run", Recipe, null, "data.train=train/list.csv")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("members.0.model.network=small-cmn", "small-cnn")]
    [InlineData("data.pair={other}", "data.pair")]
    [InlineData("pictures.augment.dihedral=true", "pictures.augment.flip")]
    [InlineData("task=text-classification", "pictures")]
    public void What_does_not_fit_pictures_is_a_fault_of_the_recipe(string setting, string expected) =>
        Assert.Contains(expected, Assert.Throws<ConfigException>(() => Load(Recipe, setting, "data.text={picture}")).Message, StringComparison.Ordinal);

    [Fact]
    public void Random_changes_depend_on_seed_epoch_and_picture_alone()
    {
        var way = new PictureWay(new() { Size = new() { Width = 20, Height = 16 }, Augment = new() { Rotate = 30, Lighting = 0.3, Erase = 0.5, Jitter = 0.3, Part = 0.4 } }, Normalization.ImageNet, null);
        var picture = DrawnShapes.Shape(true, new(3, "one"));
        var numbers = way.Numbers(picture, 1, 2, 3);
        Assert.Equal(3 * 20 * 16, numbers.Length);
        Assert.Equal(numbers, way.Numbers(picture, 1, 2, 3));
        Assert.NotEqual(numbers, way.Numbers(picture, 2, 2, 3));
        Assert.NotEqual(numbers, way.Numbers(picture, 1, 3, 3));
        Assert.NotEqual(numbers, way.Numbers(picture, 1, 2, 4));
        Assert.Equal(way.Numbers(picture, 1, 0, 3), way.Numbers(picture, 9, 0, 8));
    }
}
