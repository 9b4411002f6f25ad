using System.Text.Json.Nodes;
using Tutti.Recipes;
using Tutti.Reports;
using Tutti.Runs;
using Tutti.Tests.App;
using Tutti.Tests.Reports;
using Tutti.Vision;

namespace Tutti.Tests.Recipes;

/// <summary>A run on drawn pictures, trained once for these tests: one file stands in both classes, one in training and test, one has a name full of markup.</summary>
public sealed class DrawnRun : IDisposable
{
    public const int PerClass = 30;
    public const string Twin = "disc/03.png", Wrong = "square/wrong.png", Leak = "disc/05.png", Leaked = "disc/leak.png", Hostile = "disc/<img src=x onerror=hacked()>.png";

    readonly TempFolder temp = Shared.Temp();
    readonly Lazy<RunResult> result;

    public DrawnRun()
    {
        foreach (var (part, count) in ((string, int)[])[("train", PerClass), ("test", 3)])
            foreach (var shape in (string[])["disc", "square"])
                for (var i = 0; i < count; i++) Draw($"{part}/{shape}/{i:00}.png", shape == "disc", i + (part == "test" ? 1000 : 0));
        File.Copy(PathOf(Twin), PathOf(Wrong));
        File.Copy(PathOf(Leak), temp.File("test/" + Leaked));
        Draw("train/" + Hostile, true, 2000);
        result = new(() => TinyRun.Train(Recipe.Load(temp.Write("recipe.yaml", """
            task: image-classification
            data: { train: train, test: test, folds: 2 }
            train: { batch: 16, epochs: 2, learning-rate: 5e-3 }
            pictures: { size: 24 }
            members:
              - { model: { network: small-mlp } }
              - { model: { network: small-cnn } }
            """)), temp.File("run")));
    }

    /// <summary>Only to be read.</summary>
    internal RunFolder Files => result.Value.Files;

    internal string PathOf(string name) => temp.File("train/" + name);

    public void Dispose() => temp.Dispose();

    void Draw(string name, bool disc, int number)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(temp.File(name))!);
        PngFile.Write(temp.File(name), DrawnShapes.Shape(disc, new(1, disc ? "disc" : "square", number)));
    }
}

/// <summary>The report of a run of pictures: small pictures, where a model looked, duplicates.</summary>
[Collection(RunCollection.Name)]
public sealed class PictureReportTests(DrawnRun run, Browser browser) : IClassFixture<DrawnRun>, IClassFixture<Browser>
{
    const int Train = (2 * DrawnRun.PerClass) + 2;

    JsonNode Document => RunReportTests.Document(run.Files.Report);

    static JsonNode RowOf(JsonNode document, string id) => document["rows"]!.AsArray().Single(row => (string)row!["id"]! == id)!;

    static byte[] JpegOf(JsonNode document, JsonNode row) => Convert.FromBase64String((string)document["pictures"]!["jpegs"]![(int)row["picture"]!]!);

    [Fact]
    public void Every_row_has_its_own_picture_and_some_are_taken_at_random()
    {
        var document = Document;
        var rows = document["rows"]!.AsArray();
        Assert.Equal(Train, rows.Count);
        Assert.Equal(Train, rows.Select(row => (int)row!["picture"]!).Distinct().Count());
        foreach (var id in (string[])["disc/00.png", "square/07.png", DrawnRun.Hostile])
        {
            using var folder = Shared.Temp();
            File.WriteAllBytes(folder.File("a.jpg"), JpegOf(document, RowOf(document, id)));
            var (shown, file) = (Read(folder.File("a.jpg")), Read(run.PathOf(id)));
            Assert.Equal((file.Width, file.Height), (shown.Width, shown.Height));       // small as it is, it is not enlarged
            // JPEG of quality 80 leaves of coloured noise what it likes; of the shape nearly all.
            Assert.True(Difference(file, shown) < Difference(Read(run.PathOf("square/08.png")), shown) / 2, $"{id} differs from its file by {Difference(file, shown)} levels on average");
        }
        Assert.Equal(24, document["sample"]!.AsArray().Select(row => (int)row!).Distinct().Count());
        Assert.Null(document["data"]!["lengths"]);
        Assert.DoesNotContain(document["slices"]!["slices"]!.AsArray(), slice => (string)slice!["column"]! is "length in characters" or "picture");
        Assert.Empty(document["explanations"]!.AsArray());
    }

    static double Difference(Picture one, Picture other) => Enumerable.Range(0, one.Pixels.Length).Average(i => Math.Abs(one.Pixels[i] - other.Pixels[i]));

    static Picture Read(string path) => new PictureSource().Read(new(path, path, null, 0));

    [Fact]
    public void Where_models_looked_is_said_by_the_first_member_that_keeps_places_and_did_not_see_the_picture()
    {
        var document = Document;
        var looks = document["looks"]!.AsArray();
        Assert.Equal(20, looks.Select(look => (int)look!["row"]!).Distinct().Count());
        Assert.Contains((int)document["topLosses"]![0]!, looks.Select(look => (int)look!["row"]!));
        Assert.Contains((int)document["sample"]![0]!, looks.Select(look => (int)look!["row"]!));
        foreach (var look in looks)
        {
            var row = document["rows"]![(int)look!["row"]!]!;
            Assert.Equal($"small-cnn seed 1 fold {row["fold"]}", (string)look["cell"]!);         // small-mlp comes before it, and has no places
            Assert.Equal(("Grad-CAM", (int)row["predicted"]!), ((string)look["method"]!, (int)look["predicted"]!));
            Assert.Equal((3, 3), ((int)look["height"]!, (int)look["width"]!));
            int[] values = [.. look["values"]!.AsArray().Select(value => (int)value!)];
            Assert.Equal(9, values.Length);
            Assert.True(values.All(value => value == 0) || (values.Min(), values.Max()) == (0, 100));
            Assert.Equal([0, 0, 1, 1], look["frame"]!.AsArray().Select(value => (int)value!));
        }
        Assert.Contains(looks, look => look!["values"]!.AsArray().Any(value => (int)value! == 100));
    }

    [Fact]
    public void The_same_file_under_two_names_is_found_with_its_labels_and_pictures()
    {
        using var thread = new OneThread();
        var document = Document;
        var groups = document["similar"]!["duplicates"]!["list"]!.AsArray();
        JsonNode With(string id) => groups.Single(group => group!["rows"]!.AsArray().Any(row => (string)row!["id"]! == id))!;
        var contradiction = groups[0]!;
        Assert.Equal((true, true), ((bool)contradiction["sameFile"]!, (bool)contradiction["differentLabels"]!));
        Assert.Equal([DrawnRun.Twin, DrawnRun.Wrong], contradiction["rows"]!.AsArray().Select(row => (string)row!["id"]!));
        Assert.Single(contradiction["rows"]!.AsArray().Select(row => Convert.ToBase64String(JpegOf(document, row!))).Distinct());
        Assert.True((bool)With(DrawnRun.Leaked)["acrossTest"]!);
        Assert.NotNull(With(DrawnRun.Leaked)["rows"]!.AsArray().Single(row => (string)row!["set"]! == "test")!["picture"]);

        var files = RunSimilarity.Open(run.Files.Root).SameFiles();
        Assert.Null(files.By);
        Assert.Equal([$"{DrawnRun.Twin} {DrawnRun.Wrong}", $"{DrawnRun.Leak} {DrawnRun.Leaked}"], files.Groups.Select(group => string.Join(' ', group.Rows.Select(row => row.Id))));
        Assert.All(files.Groups, group => Assert.True(group.SameFile));
    }

    [Fact]
    public void Labels_are_ranked_by_the_command_and_corrected_by_hand()
    {
        using var folder = Shared.Temp();
        var outcome = CommandLine.Run("labels", "--run", run.Files.Root, "--out", folder.File("queue.csv"));
        Assert.Equal(0, outcome.Code);
        Assert.Contains("move what is wrong into the folder of its class", outcome.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("--apply", outcome.Out, StringComparison.Ordinal);
        var header = File.ReadLines(folder.File("queue.csv")).First();
        Assert.StartsWith("id,given,suggested,quality,votes,members", header, StringComparison.Ordinal);
        CommandLine.Run("labels", "--run", run.Files.Root, "--apply", folder.File("queue.csv")).IsWrongInput("--apply", "run of pictures", "into another run folder");
        var duplicates = CommandLine.Run("labels", "--run", run.Files.Root, "--duplicates");
        Assert.Equal(0, duplicates.Code);
        Assert.Contains("with different labels for nearly the same picture", duplicates.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void As_many_are_explained_as_asked_and_without_the_folder_there_are_no_pictures()
    {
        using var folder = Shared.Temp();
        int Looks(string number)
        {
            Assert.Equal(0, CommandLine.Run("report", "--run", run.Files.Root, "--out", folder.File("a.html"), "--explain", number).Code);
            return RunReportTests.Document(folder.File("a.html"))["looks"]!.AsArray().Count;
        }
        Assert.Equal((0, 3), (Looks("0"), Looks("3")));
        Directory.CreateDirectory(folder.File("gone"));
        var copy = CopyOf(run.Files.Root, folder.File("copy"));
        var recipe = Path.Combine(copy, "recipe.yaml");
        File.WriteAllText(recipe, File.ReadAllText(recipe).Replace(Path.GetDirectoryName(run.PathOf(""))!, folder.File("gone"), StringComparison.Ordinal));
        Assert.Equal(0, CommandLine.Run("report", "--run", copy).Code);
        var document = RunReportTests.Document(Path.Combine(copy, "report.html"));
        Assert.Contains(document["surprises"]!.AsArray(), one => ((string)one!["text"]!).StartsWith("pictures, slices by column and explanations are left out", StringComparison.Ordinal));
        Assert.Null(document["pictures"]);
        Assert.Equal(Train, document["rows"]!.AsArray().Count);
    }

    static string CopyOf(string folder, string to)
    {
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            var path = Path.Combine(to, Path.GetRelativePath(folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.Copy(file, path);
        }
        return to;
    }

    [Fact]
    public async Task The_page_shows_the_pictures_offline_and_a_cell_opens_its_own()
    {
        await using var opened = await browser.Open(run.Files.Report);
        Assert.Equal(24, await opened.Page.Locator("#examples .card").CountAsync());
        const string Drawn = "image => image.complete && image.naturalWidth === 24";
        Assert.True(await opened.Page.Locator("#examples img").First.EvaluateAsync<bool>(Drawn));
        Assert.True(await opened.Page.Locator("#examples canvas.look").CountAsync() > 0);
        Assert.Equal(10, await opened.Page.Locator("#losses tbody tr").CountAsync());
        Assert.True(await opened.Page.Locator("#losses canvas.look").CountAsync() > 0);
        Assert.Equal(2, await opened.Page.Locator("#similar tbody tr").First.Locator("img").CountAsync());
        var cell = Document["confusionRows"]!.AsArray().MaxBy(one => one!["rows"]!.AsArray().Count)!;
        await opened.Choose((int)cell["truth"]!, (int)cell["predicted"]!);
        var behind = opened.Page.Locator("#rows-behind .card");
        while (await opened.Page.Locator("#rows-behind .more").IsVisibleAsync()) await opened.Page.ClickAsync("#rows-behind .more");
        Assert.Equal(cell["rows"]!.AsArray().Select(row => (string)Document["rows"]![(int)row!]!["id"]!), await behind.Locator("code").AllTextContentsAsync());
        Assert.Empty(opened.Complaints);
        Assert.Single(opened.Requests, address => !address.StartsWith("data:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_page_of_pictures_fits_a_phone()
    {
        await using var opened = await browser.Open(run.Files.Report, width: 390);
        Assert.Equal(390, await opened.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
    }

    [Theory]
    [InlineData(PictureResize.Squish, 0, 0, 1, 1)]
    [InlineData(PictureResize.Crop, 0.25, 0, 0.5, 1)]        // of 200 x 100 the square in the middle
    [InlineData(PictureResize.Pad, 0, -0.5, 1, 2)]           // black above and below
    public void The_grid_lies_over_what_the_model_saw(PictureResize resize, double left, double top, double width, double height)
    {
        using var folder = Shared.Temp();
        PngFile.Write(folder.File("wide.png"), Picture.Of(200, 100, Colour.White));
        var way = new PictureWay(new() { Size = new() { Width = 50, Height = 50 }, Resize = resize }, Normalization.ImageNet, null);
        Assert.Equal(new PictureFrame(left, top, width, height), way.Frame(new(folder.File("wide.png"), "wide.png", null, 0)));
    }

    [Fact]
    public void Pictures_of_a_report_are_bounded_in_number_and_bytes_and_files_that_cannot_be_read_are_left_out()
    {
        using var folder = Shared.Temp();
        for (var i = 0; i < 6; i++) PngFile.Write(folder.File($"{i}.png"), Picture.Of(300, 150, new((byte)(40 * i), 0, 0)));
        File.WriteAllText(folder.File("1.png"), "no picture");
        PictureItem? ItemOf((bool Test, string Id) row) => row.Id == "nowhere" ? null : new(folder.File(row.Id), row.Id, null, 0);
        (bool, string)[] wanted = [(false, "0.png"), (false, "1.png"), (false, "nowhere"), (false, "0.png"), (true, "0.png"), .. Enumerable.Range(2, 4).Select(i => (false, $"{i}.png"))];
        ReportPictures Make(int most, int bytes) => new(wanted, ItemOf, new(), most, bytes, TestContext.Current.CancellationToken);
        var all = Make(100, int.MaxValue);
        Assert.Equal((8, 6), (all.Wanted, all.Jpegs.Count));
        Assert.Equal((0, null, null, 1, 2), (all.Of(false, "0.png"), all.Of(false, "1.png"), all.Of(false, "nowhere"), all.Of(true, "0.png"), all.Of(false, "2.png")));
        Assert.Equal(4, Make(6, int.MaxValue).Jpegs.Count);
        var bounded = Make(100, all.Jpegs.Take(3).Sum(jpeg => jpeg.Length));
        Assert.Equal(all.Jpegs.Take(3), bounded.Jpegs);
        File.WriteAllBytes(folder.File("small.jpg"), Convert.FromBase64String(all.Jpegs[0]));
        Assert.Equal((ReportPictures.Side, ReportPictures.Side / 2), (Read(folder.File("small.jpg")).Width, Read(folder.File("small.jpg")).Height));
    }
}
