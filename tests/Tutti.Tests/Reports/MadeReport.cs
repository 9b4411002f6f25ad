using System.Text.Json.Nodes;
using Tutti.Evaluation;
using Tutti.Labels;
using Tutti.Predictions;
using Tutti.Reports;
using Tutti.Runs;
using Tutti.Torch;

namespace Tutti.Tests.Reports;

/// <summary>A report of made predictions: of three rows two are right, all of them numbers of a stream.</summary>
sealed class MadeReport
{
    public const string Cell = "made seed 1 fold 0";

    public required ReportSource Source { get; init; }
    public required ReportRows Rows { get; init; }
    public PredictionSet Set => Source.Predictions!;

    /// <summary>The document that the page shows.</summary>
    public JsonNode Document => JsonNode.Parse(ReportPage.Document(Source, Rows))!;

    /// <summary>Writes the page into the folder.</summary>
    public string Write(TempFolder folder)
    {
        ReportPage.Write(folder.File("report.html"), Source, Rows);
        return folder.File("report.html");
    }

    public static MadeReport Of(TempFolder folder, int rows, IReadOnlyList<string> classes, Func<int, string> text)
    {
        var set = Predictions(rows, classes);
        var files = new RunFolder(folder.File("run"));
        var summary = EvaluationSummary.Of(set, resamples: 20, metrics: MetricChoice.All);
        AtomicFile.Write(files.Metrics, EvaluationJson.Text(summary));
        var score = summary.Scores[0].Score;
        new Leaderboard([new("made", score, score, score, 1, 12.5, 20_000_000), new("always", score with { Value = 0.3, Low = 0.2, High = 0.4 }, score, score, 0, 0, 0)]).Write(files.Leaderboard);
        AtomicFile.Write(files.Recipe, "task: text-classification # </script><b>\n");
        Events(files.Events);
        var cell = files.Cell("made", 1, 0);
        AtomicFile.Write(cell.Metrics, """{ "updates": 40, "bestUpdate": 30, "seconds": 12.5, "peakBytes": 20000000, "tokensPerSecond": 1000 }""");
        var issues = LabelQueue.Of(ProbabilityRows.Of(set.Probabilities, set.K), set.Labels!, classes, set.Ids, LabelFilter.PruneByNoiseRate, LabelQuality.SelfConfidence);
        var chosen = new ReportRows(set, issues);
        string[] texts = [.. Enumerable.Range(0, rows).Select(text)];
        return new()
        {
            Rows = chosen,
            Source = new()
            {
                Files = files,
                Task = "text-classification",
                Cells = [(Cell, cell)],
                Predictions = set,
                Texts = texts,
                Issues = issues,
                Columns = [new("class", [.. set.Labels!.Select(label => classes[label])])],
                Explanations = [.. chosen.ToExplain(2).Select(row => new RowExplanation(row, Cell, set.Predicted(row), set.Labels![row], 0.9, ["one", "##two", "<b>three</b>"], [0.5, -0.25, 0.1], [-0.1, 0.2, 0]))],
            },
        };
    }

    static PredictionSet Predictions(int rows, IReadOnlyList<string> classes)
    {
        var random = RandomStream.Of(11, "made report");
        var k = classes.Count;
        var (values, labels) = (new double[rows * k], new int[rows]);
        for (var row = 0; row < rows; row++)
        {
            var at = (long)row * (k + 3);
            labels[row] = random.Below(at, k);
            var said = random.Uniform(at + 1) < 2.0 / 3 ? labels[row] : random.Below(at + 2, k);
            var sum = 0.0;
            for (var c = 0; c < k; c++) sum += values[(row * k) + c] = random.Uniform(at + 3 + c) + (c == said ? 1 : 0);
            for (var c = 0; c < k; c++) values[(row * k) + c] /= sum;
        }
        return new([.. Enumerable.Range(0, rows).Select(row => FormattableString.Invariant($"r{row}"))], classes, values, labels, [.. Enumerable.Range(0, rows).Select(row => row % 2)]);
    }

    static void Events(string path)
    {
        using var log = new EventLog(path);
        log.Write("started", ("tutti", "0.1.0"), ("device", "cpu"));
        log.Write("encoded", ("member", "made"), ("rows", 100), ("truncated", 7), ("lostTokens", 30), ("allTokens", 1000), ("maxLength", 16), ("vocabulary", 500));
        log.Write("cell started", ("cell", Cell));
        log.Write("planned", ("cell", Cell), ("predictedPeak", 21_000_000), ("limit", 1_000_000_000));
        for (var update = 1; update <= 40; update++)
        {
            log.Write("step", ("cell", Cell), ("update", update), ("loss", 1.0 / update), ("rate", 0.001), ("bytes", 1_000_000));
            if (update % 10 == 0) log.Write("evaluated", ("cell", Cell), ("update", update), ("loss", 2.0 / update), ("accuracy", 0.5 + (update / 100.0)), ("macroF1", 0.5), ("best", update == 30));
        }
        log.Write("replayed", ("cell", Cell), ("update", 3));
        log.Write("note", ("text", $"{Cell}: <img src=x onerror=hacked()> said something"));
        log.Write("finished", ("accuracy", 0.7));
    }
}
