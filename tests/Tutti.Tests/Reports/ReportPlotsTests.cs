using System.Xml.Linq;
using Tutti.Reports.Plots;

namespace Tutti.Tests.Reports;

/// <summary>Plots for papers: well-formed SVG that says the numbers.</summary>
public sealed class ReportPlotsTests : IDisposable
{
    readonly TempFolder folder = Shared.Temp();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Each_is_an_SVG_file_and_the_matrix_holds_the_counts()
    {
        var report = MadeReport.Of(folder, 300, ["a", "<b> & \u0001\"c\""], _ => "text");
        var files = ReportPlots.Write(folder.File("plots"), report.Source);
        Assert.Equal(["confusion.svg", "reliability.svg", "training-loss.svg", "held-out-loss.svg", "held-out-accuracy.svg"], files.Select(file => Path.GetFileName(file)));
        Assert.All(files, file => Assert.Equal("svg", XDocument.Load(file).Root!.Name.LocalName));
        var texts = XDocument.Load(files[0]).Descendants().Where(node => node.Name.LocalName == "text").Select(node => node.Value).ToList();
        for (var truth = 0; truth < 2; truth++)
            for (var predicted = 0; predicted < 2; predicted++)
                Assert.Contains($"{Enumerable.Range(0, 300).Count(row => report.Set.Labels![row] == truth && report.Set.Predicted(row) == predicted)}", texts);
        Assert.Equal(2, texts.Count(text => text == "<b> &  \"c\""));
    }

    [Theory]
    [InlineData(0, 1, new[] { 0, 0.2, 0.4, 0.6, 0.8, 1 })]
    [InlineData(0, 168, new double[] { 0, 50, 100, 150 })]
    [InlineData(-3, 7, new double[] { -2, 0, 2, 4, 6 })]
    public void Ticks_stand_at_round_numbers(double low, double high, double[] ticks) => Assert.Equal(ticks, SvgPlot.Ticks(low, high).Select(tick => Math.Round(tick, 9)));

    [Fact]
    public void A_curve_goes_through_its_points()
    {
        var report = MadeReport.Of(folder, 60, ["a", "b"], _ => "text");
        var file = ReportPlots.Write(folder.File("plots"), report.Source)[3];
        var line = XDocument.Load(file).Descendants().Single(node => node.Name.LocalName == "polyline");
        var points = line.Attribute("points")!.Value.Split(' ').Select(point => point.Split(',').Select(value => double.Parse(value, System.Globalization.CultureInfo.InvariantCulture)).ToArray()).ToArray();
        Assert.Equal(4, points.Length);                       // updates 10, 20, 30, 40
        Assert.All(points.Zip(points.Skip(1)), pair => Assert.True(pair.First[0] < pair.Second[0] && pair.First[1] < pair.Second[1]));     // the loss falls, so the line does
        Assert.Equal(points[1][0] - points[0][0], points[3][0] - points[2][0], 0.02);
    }
}
