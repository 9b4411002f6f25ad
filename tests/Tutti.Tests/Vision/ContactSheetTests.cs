using Tutti.Vision;

namespace Tutti.Tests.Vision;

public sealed class ContactSheetTests
{
    static readonly Colour green = new(0, 160, 0);

    [Fact]
    public void Every_picture_is_on_the_sheet_whole_with_its_label_below()
    {
        var cells = new[] { new SheetCell(Picture.Of(40, 20, green), ["ants"]), new SheetCell(Picture.Of(20, 40, green), ["<b>&bees", "x.jpg"], Wrong: true), new SheetCell(Picture.Of(40, 40, green), [""]) };
        var sheet = ContactSheet.Of(cells, columns: 2, side: 60);
        var pixels = Enumerable.Range(0, sheet.Height).SelectMany(y => Enumerable.Range(0, sheet.Width).Select(x => (X: x, Y: y, Colour: sheet[x, y]))).ToList();
        // 60 x 30, 30 x 60 and 60 x 60 pixels of them.
        Assert.Equal((60 * 30) + (30 * 60) + (60 * 60), pixels.Count(pixel => pixel.Colour == green));
        Assert.Contains(pixels, pixel => pixel is { Y: > 64 and < 84, X: < 66, Colour.Red: < 60, Colour.Green: < 60 });
        Assert.Contains(pixels, pixel => pixel is { Y: > 64 and < 100, X: > 70, Colour.Red: > 150, Colour.Green: < 90 });
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 5)]
    [InlineData(64, 40)]
    public void A_written_PNG_is_the_same_picture(int width, int height)
    {
        using var folder = Shared.Temp();
        var picture = Made.Noise(width, height);
        PngFile.Write(folder.File("a.png"), picture);
        Made.Same(picture, PictureFile.Read(folder.File("a.png")));
    }

    [Fact]
    public void A_written_JPEG_is_nearly_the_same_picture()
    {
        using var folder = Shared.Temp();
        JpegFile.Write(folder.File("a.jpg"), Made.Gradient(64, 48), quality: 95);
        Made.Same(Made.Gradient(64, 48), PictureFile.Read(folder.File("a.jpg")), tolerance: 8);
        Assert.Equal(PictureFormat.Jpeg, PictureFile.Info(folder.File("a.jpg")).Format);
    }
}
