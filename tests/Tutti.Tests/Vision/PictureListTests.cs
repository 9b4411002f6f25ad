using Tutti.Tables;
using Tutti.Vision;

namespace Tutti.Tests.Vision;

public sealed class PictureListTests
{
    static void Put(TempFolder folder, string path, int seed = 1)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(folder.File(path))!);
        PngFile.Write(folder.File(path), Made.Noise(10, 8, seed));
    }

    [Fact]
    public void Folders_are_classes_and_the_order_is_that_of_the_names()
    {
        using var folder = Shared.Temp();
        foreach (var path in (string[])["bees/b.png", "bees/a.png", "ants/deep/z.png", "ants/Z.PNG"]) Put(folder, path);
        Directory.CreateDirectory(folder.File("ants/.hidden"));
        folder.Write("ants/notes.txt", "no picture");
        var list = PictureList.OfFolders(folder.Path);
        Assert.Equal(["ants/Z.PNG", "ants/deep/z.png", "bees/a.png", "bees/b.png"], list.Items.Select(item => item.Name));
        Assert.Equal(["ants", "ants", "bees", "bees"], list.Labels);
        Assert.Equal([0, 1, 2, 3], list.Items.Select(item => item.Row));
        Assert.Equal(["ants/notes.txt"], list.Others);
    }

    [Fact]
    public void A_folder_without_folders_has_pictures_without_classes()
    {
        using var folder = Shared.Temp();
        Put(folder, "a.png");
        var list = PictureList.OfFolders(folder.Path);
        Assert.Null(Assert.Single(list.Items).Label);
        Assert.Contains("a.png: the picture has no label", Assert.Throws<DataException>(() => list.Labels).Message, StringComparison.Ordinal);
        Put(folder, "ants/b.png");
        Assert.Contains("beside the folders of the classes", Assert.Throws<DataException>(() => PictureList.OfFolders(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_holds_no_pictures_is_refused_by_name()
    {
        using var folder = Shared.Temp();
        Assert.Contains("there are no pictures", Assert.Throws<DataException>(() => PictureList.OfFolders(folder.Path)).Message, StringComparison.Ordinal);
        Assert.Contains("the folder does not exist", Assert.Throws<DataException>(() => PictureList.OfFolders(folder.File("none"))).Message, StringComparison.Ordinal);
        Assert.Contains("this is a file", Assert.Throws<DataException>(() => PictureList.OfFolders(folder.Write("a.csv", "x"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_divided_folder_has_two_parts()
    {
        using var folder = Shared.Temp();
        foreach (var path in (string[])["train/ants/a.png", "train/bees/b.png", "val/ants/c.png"]) Put(folder, path);
        var parts = Assert.NotNull(PictureList.OfParts(folder.Path));
        Assert.Equal((2, 1), (parts.Train.Count, parts.Held.Count));
        Assert.Null(PictureList.OfParts(folder.File("train")));
    }

    [Fact]
    public void A_table_names_pictures_with_or_without_their_ending()
    {
        using var folder = Shared.Temp();
        Put(folder, "pictures/a.png");
        Put(folder, "pictures/more/b.png");
        var table = Table.Read(folder.Write("t.csv", "picture,variety\na.png,x\nmore/b.png,\n"));
        var list = PictureList.OfTable(table, "picture", folder.File("pictures"), "variety");
        Assert.Equal([("a.png", "x"), ("more/b.png", null)], list.Items.Select(item => (item.Name, item.Label)));
        var short_ = Table.Read(folder.Write("s.csv", "picture\na\nmore/b\n"));
        Assert.Equal(list.Items.Select(item => item.Path), PictureList.OfTable(short_, "picture", folder.File("pictures"), extension: ".png").Items.Select(item => item.Path));
    }

    [Theory]
    [InlineData("../secret.png", "leaves the folder")]
    [InlineData("more/../../secret.png", "leaves the folder")]
    [InlineData("/etc/hostname", "leaves the folder")]
    [InlineData("link.png", "link that leaves the folder")]
    [InlineData("out/secret.png", "behind a link that leaves the folder")]
    [InlineData("none.png", "there is no picture 'none.png'")]
    [InlineData("", "the path of the picture is empty")]
    public void A_path_may_not_leave_the_folder_of_the_pictures(string path, string what)
    {
        using var folder = Shared.Temp();
        Put(folder, "pictures/a.png");
        Put(folder, "pictures/more/b.png");
        Put(folder, "secret.png");
        File.CreateSymbolicLink(folder.File("pictures/link.png"), folder.File("secret.png"));
        Directory.CreateSymbolicLink(folder.File("pictures/out"), folder.Path);
        var table = Table.Read(folder.Write("t.csv", $"picture,x\na.png,1\n{path},2\n"));
        var error = Assert.Throws<DataException>(() => PictureList.OfTable(table, "picture", folder.File("pictures")));
        Assert.Contains("t.csv, line 3, column 'picture': ", error.Message, StringComparison.Ordinal);
        Assert.Contains(what, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_is_itself_reached_by_a_link_is_fine()
    {
        using var folder = Shared.Temp();
        Put(folder, "pictures/a.png");
        Directory.CreateSymbolicLink(folder.File("here"), folder.File("pictures"));
        Assert.Equal(1, PictureList.OfTable(Table.Read(folder.Write("t.csv", "picture,x\na.png,1\n")), "picture", folder.File("here")).Count);
    }
}
