using System.Text.Json.Nodes;
using Tutti.Recommend;
using Tutti.Reports;
using Tutti.Reports.Plots;
using Tutti.Runs;

namespace Tutti.Recipes;

/// <summary>The report of a run of task ratings: scores, what items are liked for whoever rates them, and a map of the items.</summary>
public static class RatingsReport
{
    const int MostBiases = 15, MostPoints = 150, MostNamed = 40;

    /// <summary>Writes <c>report.html</c>, and <c>items.svg</c> where a model has factors.</summary>
    /// <param name="path">The page; null: in the run's folder.</param>
    /// <exception cref="DataException">Not a finished run of task ratings.</exception>
    public static void Write(string folder, string? path = null)
    {
        var files = new RunFolder(folder);
        Write(files, TrainedRatings.Open(folder).Recipe, path);
    }

    internal static void Write(RunFolder files, RatingsRecipe recipe, string? path = null)
    {
        var run = TrainedRatings.Open(files.Root);
        var source = new ReportSource
        {
            Files = files,
            Task = RatingsRecipe.TaskName,
            Cells = [.. RatingsCell.Of(recipe, files).Select(cell => (cell.Name, cell.Folder))],
            Ratings = run.Recommender.ItemAxes is { } axes ? Of(run, run.Factors!, axes) : null,
        };
        if (run.Recommender.ItemAxes is { Count: > 1 } map) ItemPlot.Write(files.ItemMap, [.. Points(run, run.Factors!, map).Take(MostNamed).Select(point => (point.X, point.Y, point.Title))]);
        ReportPage.Write(path ?? files.Report, source, null);
    }

    static JsonObject Of(TrainedRatings run, RatingFactors factors, ItemAxes axes)
    {
        int[] byBias = [.. axes.WellKnown.OrderByDescending(item => factors.ItemBiases[item]).ThenBy(item => item)];
        JsonNode Item(int item) => new JsonObject { ["title"] = run.Titles[item], ["bias"] = Math.Round(factors.ItemBiases[item], 4), ["ratings"] = axes.Ratings[item] };
        JsonArray Titles(IEnumerable<int> items) => [.. items.Select(item => (JsonNode)run.Titles[item])];
        return new()
        {
            ["wellKnown"] = axes.WellKnown.Length,
            ["liked"] = new JsonArray([.. byBias.Take(MostBiases).Select(Item)]),
            ["disliked"] = new JsonArray([.. byBias.Reverse().Take(MostBiases).Select(Item)]),
            ["axes"] = new JsonArray([.. Enumerable.Range(0, axes.Count).Select(axis => (JsonNode)new JsonObject { ["share"] = Math.Round(axes.Shares[axis], 4), ["low"] = Titles(axes.Ends(axis).Low), ["high"] = Titles(axes.Ends(axis).High) })]),
            ["points"] = axes.Count < 2 ? [] : new JsonArray([.. Points(run, factors, axes).Select(point => (JsonNode)new JsonObject { ["title"] = point.Title, ["x"] = Math.Round(point.X, 4), ["y"] = Math.Round(point.Y, 4), ["bias"] = Math.Round(point.Bias, 4) })]),
        };
    }

    static IEnumerable<(double X, double Y, string Title, double Bias)> Points(TrainedRatings run, RatingFactors factors, ItemAxes axes) =>
        axes.WellKnown.Take(MostPoints).Select(item => (axes.Along(item, 0), axes.Along(item, 1), run.Titles[item], (double)factors.ItemBiases[item]));
}
