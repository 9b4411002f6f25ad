using System.Text.Json.Nodes;
using Tutti.Evaluation;
using Tutti.Predictions;
using Tutti.Reports;
using Tutti.Runs;

namespace Tutti.Tests.Reports;

public sealed class LeaderboardTests
{
    const int Rows = 400;

    static readonly int[] labels = [.. Enumerable.Range(0, Rows).Select(row => row % 2)];

    /// <summary>Right on all rows but those that <paramref name="wrong"/> names.</summary>
    static PredictionSet Wrong(Func<int, bool> wrong) => new([.. Enumerable.Range(0, Rows).Select(row => $"{row}")], ["a", "b"],
        [.. labels.SelectMany((label, row) => (label == 0) ^ wrong(row) ? [0.8, 0.2] : (double[])[0.2, 0.8])], labels, [.. labels]);

    static readonly PredictionSet best = Wrong(row => row % 10 == 0), alike = Wrong(row => row % 10 == 1 || row == 5), worse = Wrong(row => row % 4 == 0);

    [Fact]
    public void Every_line_is_tested_against_the_best_on_the_same_rows()
    {
        var board = Leaderboard.Of([new("worse", worse, []), new("best", best, []), new("alike", alike, [])]);
        Assert.Equal(["best", "alike", "worse"], board.Sorted.Select(row => row.Name));
        var (first, second, third) = (board.Sorted[0].AgainstBest, board.Sorted[1].AgainstBest!, board.Sorted[2].AgainstBest!);
        Assert.Null(first);
        Assert.Equal((true, false), (second.WithinNoise, third.WithinNoise));
        Assert.Equal(-1.0 / Rows, second.Accuracy.Difference.Value, 1e-12);
        Assert.True(third.Accuracy.Difference.High < 0 && third.LogLoss.Difference.Low > 0);
        bool[] Right(PredictionSet set) => [.. set.Predicted().Zip(labels, (predicted, label) => predicted == label)];
        Assert.Equal(PairedTest.McNemar(Right(worse), Right(best)), third.McNemar);
    }

    [Fact]
    public void The_spread_of_seeds_is_that_of_each_seed_alone()
    {
        var row = Leaderboard.Of([new("m", best, []) { Seeds = [best, worse, worse] }]).Rows[0];
        // Accuracies 0.9, 0.75, 0.75: mean 0.8, squares 0.01 + 2 x 0.0025.
        Assert.Equal((3, 0.75, 0.9), (row.Seeds!.Seeds, row.Seeds.Least, row.Seeds.Most));
        Assert.Equal(Math.Sqrt(0.015 / 2), row.Seeds.Deviation, 1e-12);
        Assert.Null(Leaderboard.Of([new("m", best, []) { Seeds = [best] }]).Rows[0].Seeds);
    }

    [Fact]
    public void Costs_are_of_all_cells_and_of_what_had_to_be_trained_for_them()
    {
        using var temp = Shared.Temp();
        var run = new RunFolder(temp.Path);
        CellFolder Cell(int fold, double seconds, int peak, string weights)
        {
            var cell = run.Cell("m", 1, fold);
            AtomicFile.Write(cell.Metrics, new JsonObject { ["seconds"] = seconds, ["peakBytes"] = peak }.ToJsonString());
            AtomicFile.Write(Path.Combine(cell.Checkpoint, "model.safetensors"), weights);
            return cell;
        }
        CellFolder[] cells = [Cell(0, 1.5, 100, "12345"), Cell(1, 2, 300, "123"), Cell(2, 4, 50, "1")];
        var row = Leaderboard.Of([new("m", best, cells[..2]) { Sources = [cells[2], cells[1]] }]).Rows[0];
        Assert.Equal((2, 7.5, 300, 8), (row.Cells, row.Seconds, row.PeakBytes, row.DiskBytes));
    }

    [Fact]
    public void The_file_has_every_figure()
    {
        using var temp = Shared.Temp();
        Leaderboard.Of([new("best", best, []) { Seeds = [best, worse] }, new("alike", alike, [])]).Write(temp.File("leaderboard.json"));
        var rows = JsonNode.Parse(File.ReadAllText(temp.File("leaderboard.json")))!.AsArray();
        Assert.Equal((2, 0.75, 0.9), ((int)rows[0]!["seeds"]!["count"]!, (double)rows[0]!["seeds"]!["accuracyLeast"]!, (double)rows[0]!["seeds"]!["accuracyMost"]!));
        Assert.Null(rows[0]!["againstBest"]);
        var against = rows[1]!["againstBest"]!;
        Assert.True((bool)against["withinNoise"]!);
        Assert.InRange((double)against["accuracy"]!["value"]!, (double)against["accuracy"]!["low"]!, (double)against["accuracy"]!["high"]!);
        Assert.InRange((double)against["mcNemar"]!, 0.05, 1);
        Assert.Equal(Rows, (int)rows[1]!["logLoss"]!["n"]!);
    }

    [Fact]
    public void Predictions_of_other_rows_are_refused() =>
        Assert.Contains("'b' has predictions of other rows than 'a'", Assert.Throws<ArgumentException>(() => Leaderboard.Of([new("a", best, []), new("b", best.Rows([1, 0]), [])])).Message, StringComparison.Ordinal);
}
