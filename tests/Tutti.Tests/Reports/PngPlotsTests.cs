using System.Globalization;
using System.Runtime.InteropServices;
using System.Xml.Linq;
using Tutti.Reports.Plots;

namespace Tutti.Tests.Reports;

/// <summary>Plots as pixels: of the right size and colours, with what is written on them.</summary>
public sealed class PngPlotsTests : IDisposable
{
    readonly TempFolder folder = Shared.Temp();

    public void Dispose() => folder.Dispose();

    static void NeedsRenderer()
    {
        var there = NativeLibrary.TryLoad(SvgRenderer.Library, out var library);
        if (there) NativeLibrary.Free(library);
        Assert.SkipUnless(there, $"librsvg is not installed: apt-get install --no-install-recommends {SvgRenderer.Package}");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(1.5)]
    public void Each_plot_is_written_in_its_size_and_is_not_blank(double scale)
    {
        NeedsRenderer();
        var report = MadeReport.Of(folder, 300, ["a", "b"], _ => "text");
        var vectors = ReportPlots.Write(folder.File("svg"), report.Source);
        var files = ReportPlots.Write(folder.File("png"), report.Source, new(Png: true, scale));
        Assert.Equal(["confusion.png", "reliability.png", "training-loss.png", "held-out-loss.png", "held-out-accuracy.png"], files.Select(file => Path.GetFileName(file)));
        foreach (var (vector, file) in vectors.Zip(files))
        {
            var (root, picture) = (XDocument.Load(vector).Root!, new PngPicture(File.ReadAllBytes(file)));
            Assert.Equal((Math.Round(Size(root, "width") * scale), Math.Round(Size(root, "height") * scale)), (picture.Width, picture.Height));
            // White to the very edges; a black one would be paper that nobody painted.
            foreach (var x in (int[])[0, picture.Width - 1])
                foreach (var y in (int[])[0, picture.Height - 1]) Assert.Equal((255, 255, 255), picture[x, y]);
            Assert.True(picture.All.Distinct().Count() > 20, $"{file} is blank");
        }
    }

    [Fact]
    public void Cells_of_the_matrix_have_the_colours_of_their_shares_and_numbers_on_them()
    {
        NeedsRenderer();
        var report = MadeReport.Of(folder, 300, ["a", "b"], _ => "text");
        var rectangles = XDocument.Load(ReportPlots.Write(folder.File("svg"), report.Source)[0]).Descendants().Where(node => node.Name.LocalName == "rect").Skip(1).ToArray();
        var picture = new PngPicture(File.ReadAllBytes(ReportPlots.Write(folder.File("png"), report.Source, new(Png: true, Scale: 2))[0]));
        Assert.Equal(4, rectangles.Length);
        foreach (var rectangle in rectangles)
        {
            var (x, y, wide, high, opacity) = (Size(rectangle, "x"), Size(rectangle, "y"), Size(rectangle, "width"), Size(rectangle, "height"), Size(rectangle, "fill-opacity"));
            var colour = Convert.FromHexString(rectangle.Attribute("fill")!.Value[1..]);
            var expected = colour.Select(channel => 255 + ((channel - 255) * opacity)).ToArray();
            var found = picture[(int)(2 * (x + 4)), (int)(2 * (y + 4))];
            // Colours are mixed in whole numbers.
            Assert.All(expected.Zip([found.Red, found.Green, found.Blue]), pair => Assert.Equal(pair.First, pair.Second, 2.0));
            // The count in the middle: pixels that are far from the cell's colour.
            var inside = from row in Enumerable.Range((int)(2 * y) + 4, (int)(2 * high) - 8) from column in Enumerable.Range((int)(2 * x) + 4, (int)(2 * wide) - 8) select picture[column, row];
            Assert.True(inside.Count(pixel => Math.Abs(pixel.Red - found.Red) + Math.Abs(pixel.Green - found.Green) + Math.Abs(pixel.Blue - found.Blue) > 200) > 100, "no text is drawn on the cell; is there a font?");
        }
    }

    [Fact]
    public void Without_the_library_the_package_is_named()
    {
        var error = Assert.Throws<ConfigException>(() => new SvgRenderer("libnot-there.so.2"));
        Assert.Contains("libnot-there.so.2", error.Message, StringComparison.Ordinal);
        Assert.Contains("apt-get install --no-install-recommends librsvg2-2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Broken_SVG_and_giant_pictures_are_refused()
    {
        NeedsRenderer();
        var renderer = new SvgRenderer();
        Assert.Contains("librsvg cannot draw", Assert.Throws<InvalidOperationException>(() => renderer.Png("<svg", 10, 10, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("--scale", Assert.Throws<ConfigException>(() => renderer.Png("<svg xmlns=\"http://www.w3.org/2000/svg\"/>", 640, 360, 100)).Message, StringComparison.Ordinal);
    }

    static double Size(XElement element, string name) => double.Parse(element.Attribute(name)!.Value, CultureInfo.InvariantCulture);
}
