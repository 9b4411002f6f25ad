using System.Text.Json.Nodes;
using Tutti.Evaluation;
using Tutti.Reports;
using Tutti.Runs;

namespace Tutti.Tests.Reports;

/// <summary>The document that a page shows.</summary>
public sealed class ReportDataTests(Browser browser) : IClassFixture<Browser>, IDisposable
{
    const int Limit = 15_000_000;

    readonly TempFolder folder = Shared.Temp();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("short", 40)]
    [InlineData("long", 20_000)]
    [InlineData("<&>\"' \u65e5\u672c\u8a9e \ud83d\ude00", 9_000)]
    public async Task A_hundred_thousand_rows_stay_below_15_MB_and_open(string piece, int length)
    {
        var text = string.Concat(Enumerable.Repeat(piece + " ", length / (piece.Length + 1)));
        var report = MadeReport.Of(folder, 100_000, ["one", "two", "three", "four", "five"], row => $"{row} {text}");
        var file = report.Write(folder);
        Assert.InRange(new FileInfo(file).Length, 500_000, Limit);
        await using var opened = await browser.Open(file);
        await opened.Choose(0, 1);
        var cell = report.Rows.Confusion.Single(cell => (cell.Truth, cell.Predicted) == (0, 1)).Rows.Count;
        Assert.Equal(cell, (await opened.IdsBehind()).Count);
        Assert.Contains($"the {cell} most sure of them are in this report", await opened.Page.InnerTextAsync("#rows-behind > p"), StringComparison.Ordinal);
        Assert.Contains("most telling of 100\u202f000 rows", await opened.Page.InnerTextAsync("#surprises"), StringComparison.Ordinal);
        Assert.Empty(opened.Complaints);
        TestContext.Current.TestOutputHelper?.WriteLine($"{new FileInfo(file).Length / 1e6:0.0} MB, drawn after {await opened.Page.GetAttributeAsync("html", "data-drawn")} ms");
    }

    [Fact]
    public void A_text_is_cut_between_characters_and_counted()
    {
        var report = MadeReport.Of(folder, 10, ["a", "b"], row => row == 3 ? new string('x', 99) + "\ud83d\ude00 tail" : "short");
        var document = ReportData.Of(report.Source, report.Rows, textCharacters: 100);
        var cut = document["rows"]!.AsArray().Single(row => (string)row!["id"]! == "r3")!;
        Assert.Equal(new string('x', 99) + "\u2026", (string)cut["text"]!);
        Assert.Equal((1, 100), ((int)document["limits"]!["shortenedTexts"]!, (int)document["limits"]!["textCharacters"]!));
    }

    [Fact]
    public void It_says_what_stands_in_the_run_folder()
    {
        var report = MadeReport.Of(folder, 200, ["a", "b"], row => $"text {row}");
        var document = report.Document;
        Assert.Equal(Metrics.Accuracy(report.Set.Predicted(), report.Set.Labels!), (double)document["headline"]!["score"]!["value"]!, 1e-6);
        Assert.Equal(("made", "always"), ((string)document["headline"]!["name"]!, (string)document["headline"]!["baseline"]!["name"]!));
        Assert.Equal(["member", "baseline"], document["leaderboard"]!["rows"]!.AsArray().Select(row => (string)row!["kind"]!));
        var cell = document["cells"]![0]!;
        Assert.Equal((40, 30, 21_000_000, 1), ((int)cell["updates"]!, (int)cell["bestUpdate"]!, (int)cell["predictedPeak"]!, (int)cell["replays"]!));
        Assert.Equal(Enumerable.Range(1, 40), cell["curve"]!["update"]!.AsArray().Select(value => (int)value!));
        Assert.Equal([10, 20, 30, 40], cell["evaluations"]!.AsArray().Select(one => (int)one!["update"]!));
        var texts = document["surprises"]!.AsArray().Select(one => (string)one!["text"]!).ToList();
        Assert.Contains("made: 7 of 100 texts are longer than 16 tokens and were cut; 3.0 % of all tokens were not read", texts);
        Assert.Contains(texts, text => text.StartsWith(MadeReport.Cell + ": memory ended inside an update 1 times", StringComparison.Ordinal));
    }

    [Fact]
    public void Many_updates_become_few_points_that_keep_their_mean()
    {
        var files = new RunFolder(folder.File("long"));
        using (var log = new EventLog(files.Events))
            for (var update = 1; update <= 10_000; update++) log.Write("step", ("cell", "c"), ("update", update), ("loss", (double)(update % 10)), ("rate", 0.1), ("bytes", update));
        var document = JsonNode.Parse(ReportPage.Document(new() { Files = files, Task = "text-classification", Cells = [("c", files.Cell("c", 1, 0))] }, null))!;
        var curve = document["cells"]![0]!["curve"]!;
        Assert.Equal(400, curve["update"]!.AsArray().Count);
        Assert.Equal(10_000, (int)curve["update"]![399]!);
        Assert.Equal(10_000, (int)curve["bytes"]![399]!);
        Assert.Equal(4.5, curve["loss"]!.AsArray().Average(value => (double)value!), 1e-3);
    }

    [Fact]
    public void Of_a_cell_that_began_again_only_the_last_attempt_counts_and_of_one_that_went_on_the_later_lines()
    {
        var files = new RunFolder(folder.File("again"));
        using (var log = new EventLog(files.Events))
        {
            void Step(string cell, int update, double loss) => log.Write("step", ("cell", cell), ("update", update), ("loss", loss));
            log.Write("cell started", ("cell", "begun"));
            Step("begun", 1, 9);
            Step("begun", 2, 9);
            log.Write("cell started", ("cell", "begun"));
            log.Write("planned", ("cell", "begun"), ("predictedPeak", 5));
            Step("begun", 1, 1);
            log.Write("cell started", ("cell", "gone on"));
            Step("gone on", 1, 3);
            Step("gone on", 2, 9);
            log.Write("cell started", ("cell", "gone on"));
            log.Write("note", ("text", "gone on: goes on after update 1 of 4"));
            Step("gone on", 2, 2);
        }
        var document = ReportData.Of(new() { Files = files, Task = "text-classification", Cells = [("begun", files.Cell("a", 1, 0)), ("gone on", files.Cell("b", 1, 0))] }, null, 100);
        Assert.Equal(["[1]", "[3,2]"], document["cells"]!.AsArray().Select(cell => cell!["curve"]!["loss"]!.ToJsonString()));
    }
}
