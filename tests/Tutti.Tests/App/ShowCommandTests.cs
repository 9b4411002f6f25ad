using Tutti.Tests.Recipes;
using Tutti.Vision;

namespace Tutti.Tests.App;

/// <summary><c>tutti show</c>.</summary>
[Collection(RunCollection.Name)]
public sealed class ShowCommandTests : IDisposable
{
    readonly TempFolder folder = Shared.Temp();

    public void Dispose() => folder.Dispose();

    void Put(string path, Colour colour)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(folder.File(path))!);
        PngFile.Write(folder.File(path), Picture.Of(50, 40, colour));
    }

    [Fact]
    public void A_folder_of_classes_becomes_a_sheet()
    {
        Put("data/train/ants/a.png", new(200, 0, 0));
        Put("data/train/bees/b.png", new(0, 200, 0));
        Put("data/val/bees/c.png", new(0, 0, 200));
        File.WriteAllBytes(folder.File("data/train/bees/broken.jpg"), [0xFF, 0xD8, 0xFF, 1]);
        var outcome = CommandLine.Run("show", folder.File("data"), "--out", folder.File("sheet.png"), "--side", "40");
        Assert.Equal(0, outcome.Code);
        Assert.Contains("3 of 4 pictures", outcome.Out, StringComparison.Ordinal);
        Assert.Matches(@"bees\W+3", outcome.Out);
        Assert.Contains("broken.jpg", outcome.Error, StringComparison.Ordinal);
        var sheet = PictureFile.Read(folder.File("sheet.png"));
        foreach (var colour in (Colour[])[new(200, 0, 0), new(0, 200, 0), new(0, 0, 200)])
            Assert.Contains(Enumerable.Range(0, sheet.Width), x => sheet[x, 26] == colour);
    }

    [Fact]
    public void A_table_of_paths_becomes_a_sheet_and_the_same_seed_the_same_one()
    {
        for (var i = 0; i < 6; i++) Put($"pictures/{i}.png", new((byte)(40 * i), 9, 9));
        folder.Write("t.csv", "id,class\n0,x\n1,y\n2,x\n3,y\n4,x\n5,y\n");
        Outcome Show(string file, string seed) => CommandLine.Run("show", folder.File("t.csv"), "--path", "id", "--extension", ".png", "--folder", folder.File("pictures"), "--label", "class", "--count", "3", "--seed", seed, "--out", folder.File(file));
        Assert.Equal(0, Show("a.png", "1").Code);
        Assert.Equal(0, Show("b.png", "1").Code);
        Assert.Equal(File.ReadAllBytes(folder.File("a.png")), File.ReadAllBytes(folder.File("b.png")));
        Assert.Contains(Enumerable.Range(2, 8), seed => Show("c.png", FormattableString.Invariant($"{seed}")).Code == 0 && !File.ReadAllBytes(folder.File("a.png")).AsSpan().SequenceEqual(File.ReadAllBytes(folder.File("c.png"))));
        Assert.Equal(0, CommandLine.Run("show", folder.File("pictures"), "--out", folder.File("d.jpg")).Code);
        Assert.Equal(PictureFormat.Jpeg, PictureFile.Info(folder.File("d.jpg")).Format);
    }

    [Fact]
    public void What_cannot_be_shown_is_wrong_input()
    {
        Put("pictures/a.png", Colour.White);
        File.WriteAllBytes(folder.File("pictures/b.png"), []);
        folder.Write("t.csv", "file,x\n../secret.png,1\n");
        CommandLine.Run("show", folder.File("none"), "--path", "file").IsWrongInput("none");
        CommandLine.Run("show", folder.File("t.csv")).IsWrongInput("--path");
        CommandLine.Run("show", folder.File("t.csv"), "--path", "file").IsWrongInput("t.csv, line 2", "leaves the folder");
        CommandLine.Run("show", folder.File("pictures"), "--out", "sheet.tiff").IsWrongInput("--out", ".tiff");
        CommandLine.Run("show", folder.File("pictures"), "--count", "0").IsWrongInput("--count", "got 0");
        CommandLine.Run("show", folder.File("pictures"), "--errors", "never").IsWrongInput("--errors", "never");
        Assert.Contains("b.png", CommandLine.Run("show", folder.File("pictures"), "--errors", "fail", "--out", folder.File("s.png")).Error, StringComparison.Ordinal);
        Assert.False(File.Exists(folder.File("s.png")));
    }
}
