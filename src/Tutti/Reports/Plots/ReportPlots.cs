using System.Globalization;
using Tutti.Evaluation;
using Tutti.Predictions;

namespace Tutti.Reports.Plots;

/// <summary>The plots of a report as files for papers: confusion matrix, reliability diagram, learning curves.</summary>
public static class ReportPlots
{
    const int MostClasses = 40, MostNamed = 12;
    const double Square = 420;

    /// <summary>Writes what the run has data for.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="source">The run.</param>
    /// <param name="format">As what; null: SVG.</param>
    /// <returns>The files.</returns>
    /// <exception cref="ConfigException">The folder cannot be written, or what draws PNG is not there.</exception>
    public static IReadOnlyList<string> Write(string folder, ReportSource source, PlotFormat? format = null)
    {
        List<string> files = [];
        format ??= new();
        var renderer = format.Png ? new SvgRenderer() : null;
        void Save(string name, SvgPlot? plot)
        {
            if (plot is null) return;
            files.Add(Path.Combine(folder, name + format.Ending));
            if (renderer is null) AtomicFile.Write(files[^1], plot.ToString());
            else AtomicFile.Write(files[^1], stream => stream.Write(renderer.Png(plot.ToString(), plot.Width, plot.Height, format.Scale)));
        }
        if (source.Predictions is { } set)
        {
            if (set.K <= MostClasses) Save("confusion", Confusion(set));
            Save("reliability", Reliability(set));
        }
        var events = new ReportEvents(ReportEvents.Of(source.Files));
        Save("training-loss", Curves(source, "Training loss", "loss of an update", cell => events.Cell(cell).Steps, "loss"));
        Save("held-out-loss", Curves(source, "Loss on held-out rows", "loss", cell => events.Cell(cell).Evaluations, "loss"));
        Save("held-out-accuracy", Curves(source, "Accuracy on held-out rows", "accuracy", cell => events.Cell(cell).Evaluations, "accuracy"));
        return files;
    }

    /// <summary>Rows are true classes; shade and second number are shares of the row.</summary>
    static SvgPlot Confusion(PredictionSet set)
    {
        var matrix = new ConfusionMatrix(set.Labels!, set.Predicted(), set.K);
        var cell = Math.Clamp(Square / set.K, 26, 110);
        var left = 24 + (set.Classes.Max(name => Shown(name).Length) * 7.0);
        var plot = new SvgPlot("Confusion matrix", left + (cell * set.K) + 24, (cell * set.K) + 96);
        for (var truth = 0; truth < set.K; truth++)
        {
            plot.Text(left - 8, 60 + ((truth + 0.5) * cell) + 4, Shown(set.Classes[truth]), "end");
            plot.Text(left + ((truth + 0.5) * cell), 76 + (set.K * cell), Shown(set.Classes[truth]), "middle", set.K > 10 ? 9 : 12);
            for (var predicted = 0; predicted < set.K; predicted++)
            {
                var (count, share) = (matrix[truth, predicted], matrix.TrueTotals[truth] > 0 ? matrix[truth, predicted] / matrix.TrueTotals[truth] : 0);
                var (x, y) = (left + (predicted * cell), 60 + (truth * cell));
                plot.Rectangle(x, y, cell - 2, cell - 2, truth == predicted ? "#0b5fa5" : "#c2410c", 0.06 + (0.94 * share));
                var colour = share > 0.55 ? "#ffffff" : "#111827";
                plot.Text(x + (cell / 2) - 1, y + (cell / 2) + (cell > 50 ? -2 : 4), count.ToString("0", CultureInfo.InvariantCulture), "middle", cell > 50 ? 16 : 10, cell > 50, colour);
                if (cell > 50) plot.Text(x + (cell / 2) - 1, y + (cell / 2) + 16, share.ToString("0.0 %", CultureInfo.InvariantCulture), "middle", 11, false, colour);
            }
        }
        plot.Text(left, 48, "rows: true class, columns: predicted class", size: 11, colour: "#4b5563");
        return plot;
    }

    static string Shown(string name) => name.Length <= MostNamed ? name : name[..(MostNamed - 1)] + "\u2026";

    static SvgPlot Reliability(PredictionSet set)
    {
        var bins = Calibration.Bins(set.Probabilities, set.Labels!);
        var lowest = Math.Floor(bins.First(bin => bin.Count > 0).Low * 10) / 10;
        var plot = new SvgPlot(string.Create(CultureInfo.InvariantCulture, $"Reliability (calibration error {Calibration.Error(set.Probabilities, set.Labels!):0.000})"), Square, Square) { X = (lowest, 1), Y = (0, 1) };
        plot.Axes("confidence of the predicted class", "share predicted right");
        plot.Path([(lowest, lowest), (1, 1)], "#6b7280", 1, "4 4");
        var most = bins.Max(bin => bin.Count);
        foreach (var bin in bins.Where(bin => bin.Count > 0))
        {
            var (x1, x2) = (plot.AtX(Math.Max(bin.Low, lowest)), plot.AtX(bin.High));
            plot.Rectangle(x1 + 1, plot.AtY(bin.Accuracy), Math.Max(0, x2 - x1 - 2), plot.AtY(0) - plot.AtY(bin.Accuracy), "#0b5fa5", 0.15 + (0.6 * bin.Count / most));
            plot.Circle(plot.AtX(bin.Confidence), plot.AtY(bin.Accuracy), 3, "#c2410c");
        }
        return plot;
    }

    static SvgPlot? Curves(ReportSource source, string title, string axis, Func<string, SortedDictionary<long, System.Text.Json.Nodes.JsonObject>> of, string key)
    {
        var lines = source.Cells.Select(cell => (cell.Name, Points: of(cell.Name).Select(pair => (X: (double)pair.Key, Y: ReportJson.Number(pair.Value[key]) ?? double.NaN)).Where(point => double.IsFinite(point.Y)).ToArray()))
            .Where(line => line.Points.Length > 0).ToArray();
        if (lines.Length == 0) return null;
        var values = lines.SelectMany(line => line.Points).ToArray();
        var (low, high) = (values.Min(point => point.Y), values.Max(point => point.Y));
        var legend = 16 * Math.Ceiling(Math.Min(lines.Length, MostNamed) / 3.0);
        var margin = high > low ? 0.05 * (high - low) : 0.05 * Math.Max(1e-6, Math.Abs(high));
        var plot = new SvgPlot(title, 640, 360 + legend) { Top = 40 + legend, X = (0, values.Max(point => point.X)), Y = (low - margin, high + margin) };
        plot.Axes("update", axis);
        foreach (var (i, line) in lines.Index())
        {
            plot.Path(line.Points, SvgPlot.Colour(i));
            if (i >= MostNamed) continue;
            var (x, y) = (80 + (i % 3 * 185), 40 + (i / 3 * 16));
            plot.Line(x - 14, y - 4, x - 2, y - 4, SvgPlot.Colour(i), 3);
            plot.Text(x + 2, y, line.Name, size: 10);
        }
        return plot;
    }
}
