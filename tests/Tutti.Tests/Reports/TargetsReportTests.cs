using System.Text.Json.Nodes;
using Tutti.Evaluation;
using Tutti.Predictions;
using Tutti.Reports;
using Tutti.Runs;
using Tutti.Torch;

namespace Tutti.Tests.Reports;

/// <summary>The report of several targets: a class, a number, a flag and levels that some rows lack, and two labels that all have.</summary>
public sealed class TargetsReportTests(Browser browser) : IClassFixture<Browser>, IDisposable
{
    const int Topic = 0, Stars = 1, Spam = 2, Grade = 3, Rude = 4, Kind = 5;

    static readonly Answer[] answers =
    [
        new("topic", AnswerKind.Class, ["water", "fire", "earth"]), new("stars", AnswerKind.Number, []), new("spam", AnswerKind.Flag, []), new("grade", AnswerKind.Ordinal, ["poor", "fair", "good"]),
        new("rude", AnswerKind.Flag, []), new("kind", AnswerKind.Flag, []),
    ];

    readonly TempFolder folder = Shared.Temp();

    public void Dispose() => folder.Dispose();

    static AnswerSet Made(int rows)
    {
        var random = RandomStream.Of(5, "made targets");
        List<double> values = [], truth = [];
        for (var row = 0; row < rows; row++)
        {
            var next = 40L * row;
            double Draw() => random.Uniform(next++);
            void Classes(int label)
            {
                double[] drawn = [.. Enumerable.Range(0, 3).Select(k => Draw() + (k == label ? 0.5 : 0))];
                values.AddRange(drawn.Select(value => value / drawn.Sum()));
            }
            // Every fourth row lacks its topic, every fifth its stars, and so on; row 139 and every 420th after it lack all that can be lacking.
            double Maybe(double value, int every) => row % every == every - 1 || row % 420 == 139 ? double.NaN : value;
            var (topic, grade) = (random.Below(next++, 3), random.Below(next++, 3));
            Classes(topic);
            values.AddRange([10 * Draw(), Draw()]);
            Classes(grade);
            values.AddRange([Draw(), Draw()]);
            truth.AddRange([Maybe(topic, 4), Maybe(10 * Draw(), 5), Maybe(Draw() > 0.5 ? 1 : 0, 6), Maybe(grade, 7), Draw() > 0.5 ? 1 : 0, Draw() > 0.5 ? 1 : 0]);
        }
        return new([.. Enumerable.Range(0, rows).Select(row => $"r{row}")], answers, [.. values], [.. truth], [.. Enumerable.Range(0, rows).Select(row => row % 2)]);
    }

    (AnswerSet Set, ReportSource Source, ReportRows Rows) Make(int rows = 300)
    {
        var set = Made(rows);
        var files = new RunFolder(folder.File("run"));
        AtomicFile.Write(files.Metrics, AnswersJson.Text(AnswerScores.Of(set, resamples: 5), []));
        AtomicFile.Write(files.Recipe, "task: multi-target\n");
        return (set, new() { Files = files, Task = "multi-target", Cells = [], Answers = set, Texts = [.. set.Ids.Select(id => $"the text <b>of</b> {id}")] }, new(set, sample: 24));
    }

    JsonNode Document(int rows = 300) => Make(rows) is var (_, source, chosen) ? JsonNode.Parse(ReportPage.Document(source, chosen))! : throw new InvalidOperationException("unreachable");

    static JsonNode Target(JsonNode document, string name) => document["targets"]!.AsArray().Single(target => (string)target!["name"]! == name)!;

    static int Place(JsonNode document, string name) => document["targets"]!.AsArray().Index().Single(target => (string)target.Item!["name"]! == name).Index;

    static string[] Ids(JsonNode document, JsonNode? places) => [.. places!.AsArray().Select(place => (string)document["rows"]![(int)place!]!["id"]!)];

    static double Truth(AnswerSet set, int row, int answer) => set.Truth![(row * answers.Length) + answer];

    static double Own(AnswerSet set, int row, int answer) => set.Values[(row * set.Width) + Answer.Places(answers)[answer]];

    /// <summary>Of a class or a level.</summary>
    static double Of(AnswerSet set, int row, int answer, int k) => set.Values[(row * set.Width) + Answer.Places(answers)[answer] + k];

    static int Best(AnswerSet set, int row, int answer) => Enumerable.Range(0, 3).MaxBy(k => Of(set, row, answer, k));

    static IEnumerable<int> Known(AnswerSet set, int answer) => Enumerable.Range(0, set.Count).Where(row => !double.IsNaN(Truth(set, row, answer)));

    [Fact]
    public void Each_target_lists_the_rows_that_are_furthest_from_their_known_truth()
    {
        var (set, document) = (Made(300), Document());
        Assert.Equal(["labels", "topic", "stars", "spam", "grade"], document["targets"]!.AsArray().Select(target => (string)target!["name"]!));
        Assert.Equal(["labels", "class", "number", "flag", "ordinal"], document["targets"]!.AsArray().Select(target => (string)target!["kind"]!));
        void Lists(string name, IEnumerable<int> rows, Func<int, double> loss, Func<int, double>? then = null)
        {
            var target = Target(document, name);
            int[] known = [.. rows];
            Assert.Equal(known.Length, (int)target["known"]!);
            int[] expected = [.. known.OrderByDescending(loss).ThenByDescending(then ?? (_ => 0)).Take(ReportRows.MostLosses)];
            Assert.Equal(expected.Select(row => set.Ids[row]), Ids(document, target["topLosses"]));
            foreach (var (place, row) in target["topLosses"]!.AsArray().Zip(expected)) Assert.Equal(loss(row), (double)document["rows"]![(int)place!]!["says"]![Place(document, name)]!["loss"]!, 1e-5);
        }
        double Binary(int row, int answer) => -Math.Log(Truth(set, row, answer) > 0 ? Own(set, row, answer) : 1 - Own(set, row, answer));
        double Surprise(int row, int answer) => -Math.Log(Of(set, row, answer, (int)Truth(set, row, answer)));
        double[] stars = [.. Known(set, Stars).Select(row => Truth(set, row, Stars))];
        var spread = Math.Sqrt(stars.Average(value => value * value) - (stars.Average() * stars.Average()));
        Lists("labels", Enumerable.Range(0, 300), row => Binary(row, Rude) + Binary(row, Kind));
        Lists("topic", Known(set, Topic), row => Surprise(row, Topic));
        Lists("stars", Known(set, Stars), row => Math.Abs(Own(set, row, Stars) - Truth(set, row, Stars)) / spread);
        Lists("spam", Known(set, Spam), row => Binary(row, Spam));
        Lists("grade", Known(set, Grade), row => Math.Abs(Best(set, row, Grade) - Truth(set, row, Grade)), row => Surprise(row, Grade));
    }

    [Fact]
    public void What_is_said_of_a_row_is_what_stands_in_the_predictions_and_a_missing_truth_is_neither_right_nor_wrong()
    {
        var (set, document) = (Made(300), Document());
        var nobody = document["rows"]!.AsArray().Select(row => row!).Count(row => int.Parse(((string)row["id"]!)[1..], System.Globalization.CultureInfo.InvariantCulture) % 4 == 3);
        Assert.InRange(nobody, 60, 75);
        foreach (var row in document["rows"]!.AsArray())
        {
            var at = set.Ids.Index().Single(id => id.Item == (string)row!["id"]!).Index;
            Assert.Equal($"the text <b>of</b> r{at}", (string)row!["text"]!);
            Assert.Equal(at % 2, (int)row["fold"]!);
            JsonNode Said(string name) => row["says"]![Place(document, name)]!;
            foreach (var (name, answer) in new[] { ("topic", Topic), ("stars", Stars), ("spam", Spam), ("grade", Grade) })
            {
                var truth = Truth(set, at, answer);
                Assert.Equal(double.IsNaN(truth), Said(name)["label"] is null);
                Assert.Equal(double.IsNaN(truth), Said(name)["loss"] is null);
                if (!double.IsNaN(truth)) Assert.Equal(truth, (double)Said(name)["label"]!, 1e-4);
                if (answer is not (Topic or Grade)) continue;
                Assert.Equal(Best(set, at, answer), (int)Said(name)["predicted"]!);
                Assert.Equal(Of(set, at, answer, Best(set, at, answer)), (double)Said(name)["p"]!, 1e-5);
                if (!double.IsNaN(truth)) Assert.Equal(Of(set, at, answer, (int)truth), (double)Said(name)["q"]!, 1e-5);
                else Assert.Null(Said(name)["q"]);
            }
            Assert.Equal(Own(set, at, Stars), (double)Said("stars")["predicted"]!, 1e-4);
            var spam = Own(set, at, Spam);
            Assert.Equal(spam >= 0.5 ? 1 : 0, (int)Said("spam")["predicted"]!);
            Assert.Equal(Math.Max(spam, 1 - spam), (double)Said("spam")["p"]!, 1e-5);
            var labels = new[] { Rude, Kind }.Select((answer, label) => (Label: label, P: Own(set, at, answer), True: Truth(set, at, answer) > 0)).ToArray();
            Assert.Equal(labels.Where(label => label.P >= 0.5 || label.True).Select(label => (label.Label, label.True)).Order(), Said("labels")["labels"]!.AsArray().Select(one => ((int)one![0]!, (bool)one[2]!)).Order());
            Assert.Equal(labels.All(label => label.P >= 0.5 == label.True), (bool)Said("labels")["right"]!);
        }
        var lost = document["targets"]!.AsArray().Where(target => (string)target!["kind"]! != "labels").SelectMany(target => Ids(document, target!["topLosses"]).Concat(target["confusionRows"]!.AsArray().SelectMany(cell => Ids(document, cell!["rows"]))));
        Assert.DoesNotContain("r139", lost);                  // no truth but that of its labels
    }

    [Fact]
    public void Rows_at_random_are_the_same_ones_in_every_report()
    {
        var (first, second) = (Document(), Document());
        Assert.Equal(24, Ids(first, first["sample"]).Distinct().Count());
        Assert.Equal(Ids(first, first["sample"]), Ids(second, second["sample"]));
        Assert.NotEqual(Enumerable.Range(0, 24).Select(row => $"r{row}"), Ids(first, first["sample"]).Order());
    }

    [Theory, InlineData("topic", Topic), InlineData("grade", Grade)]
    public void The_cells_of_a_target_hold_exactly_the_rows_that_its_matrix_counts(string name, int answer)
    {
        var (set, document) = (Made(300), Document());
        var target = Target(document, name);
        for (var truth = 0; truth < 3; truth++)
            for (var predicted = 0; predicted < 3; predicted++)
            {
                string[] expected = [.. Known(set, answer).Where(row => (int)Truth(set, row, answer) == truth && Best(set, row, answer) == predicted).Select(row => set.Ids[row])];
                var cell = target["confusionRows"]!.AsArray().Single(cell => (int)cell!["truth"]! == truth && (int)cell["predicted"]! == predicted)!;
                Assert.Equal(expected.Order(), Ids(document, cell["rows"]).Order());
                Assert.Equal(expected.Length, (int)target["confusion"]![truth]![predicted]!);
            }
        Assert.All(document["targets"]!.AsArray().Where(other => (string)other!["kind"]! is "number" or "flag" or "labels"), other => Assert.Empty(other!["confusionRows"]!.AsArray()));
    }

    [Fact]
    public void Of_a_large_run_rows_are_bounded_and_every_list_keeps_its_first()
    {
        var (_, source, rows) = Make(30_000);
        Assert.Equal(ReportRows.Most, rows.Embedded.Count());
        Assert.Equal((24, true), (rows.Sample.Count, rows.Targets.All(target => target.TopLosses.Count == ReportRows.MostLosses)));
        foreach (var cell in rows.Targets.SelectMany(target => target.Confusion)) Assert.InRange(cell.Rows.Count, 100, 4000);
        var document = JsonNode.Parse(ReportPage.Document(source, rows))!;
        Assert.Equal((30_000, ReportRows.Most), ((int)document["limits"]!["rows"]!, (int)document["limits"]!["embedded"]!));
        foreach (var cell in rows.Targets.Single(target => target.Target.Name == "topic").Confusion)
        {
            var set = source.Answers!;
            double Sureness(int row) => Of(set, row, Topic, cell.Predicted);
            double[] all = [.. Known(set, Topic).Where(row => (int)Truth(set, row, Topic) == cell.Truth && Best(set, row, Topic) == cell.Predicted).Select(Sureness).Order()];
            double first = Sureness(cell.Rows[0]);
            Assert.Equal(cell.Truth == cell.Predicted ? all[0] : all[^1], first);
        }
    }

    [Fact]
    public void With_many_targets_and_labels_what_is_said_stays_bounded()
    {
        const int Rows = 2000, Numbers = 100, Labels = 60;
        Answer[] many = [.. Enumerable.Range(0, Numbers).Select(i => new Answer($"n{i}", AnswerKind.Number, [])), .. Enumerable.Range(0, Labels).Select(i => new Answer($"l{i}", AnswerKind.Flag, []))];
        double[] values = [.. Enumerable.Range(0, Rows).SelectMany(row => Enumerable.Range(0, Numbers + Labels).Select(i => i < Numbers ? row * (i + 31) % 997 : 0.9))];
        var set = new AnswerSet([.. Enumerable.Range(0, Rows).Select(row => $"r{row}")], many, values, [.. Enumerable.Range(0, Rows * (Numbers + Labels)).Select(i => (double)(i % 2))]);
        var rows = new ReportRows(set, 24);
        Assert.Equal(ReportRows.MostSaid / (Numbers + 1), rows.Embedded.Count());
        Assert.All(rows.Targets, target => Assert.All(target.TopLosses, row => Assert.InRange(rows.PlaceOf(row), 0, rows.Embedded.Count() - 1)));
        Assert.All(rows.Targets, target => Assert.NotEmpty(target.TopLosses));
        var json = ReportPage.Document(new() { Files = new(folder.File("many")), Task = "multi-target", Cells = [], Answers = set }, rows);
        Assert.InRange(json.Length, 1, ReportPage.MostBytes / 2);
        var said = JsonNode.Parse(json)!["rows"]![0]!["says"]![0]!;
        Assert.Equal((20, Labels - 20), (said["labels"]!.AsArray().Count, (int)said["more"]!));
        Assert.False((bool)said["right"]!);
    }

    [Fact]
    public async Task The_page_tells_every_target_of_texts_at_random_and_opens_the_rows_behind_the_cells_of_each()
    {
        var (set, source, rows) = Make();
        ReportPage.Write(folder.File("report.html"), source, rows);
        await using var opened = await browser.Open(folder.File("report.html"));
        var page = opened.Page;
        Assert.Equal(["surprises", "examples", "targets", "losses", "recipe"], await page.EvaluateAsync<string[]>("[...document.querySelectorAll('main section')].map(one => one.id)"));

        Assert.Equal("What it says of texts", await page.InnerTextAsync("#examples h2"));
        while (await page.Locator("#examples .more").IsVisibleAsync()) await page.ClickAsync("#examples .more");
        var lines = page.Locator("#examples tbody tr");
        Assert.Equal(rows.Sample.Select(row => set.Ids[row]), await lines.Locator("td:first-child").AllTextContentsAsync());
        var topics = await lines.Locator("td:nth-child(4)").AllInnerTextsAsync();
        foreach (var (row, text) in rows.Sample.Zip(topics))
        {
            var (truth, predicted) = (Truth(set, row, Topic), Best(set, row, Topic));
            Assert.StartsWith(answers[Topic].Classes[predicted], text, StringComparison.Ordinal);
            Assert.EndsWith(double.IsNaN(truth) ? "no truth" : (int)truth == predicted ? "right" : $"true: {answers[Topic].Classes[(int)truth]}", text, StringComparison.Ordinal);
        }
        Assert.Contains(topics, text => text.EndsWith("no truth", StringComparison.Ordinal));
        Assert.Contains("<b>of</b>", await lines.First.InnerTextAsync(), StringComparison.Ordinal);

        foreach (var (place, answer) in new[] { (1, Topic), (4, Grade) })
        {
            var part = page.Locator("#targets .part", new() { HasText = answers[answer].Name });
            await part.Locator(".confusion button[data-truth='2'][data-predicted='0']").ClickAsync();
            var behind = page.Locator($"#rows-behind-{place}");
            Assert.Equal($"{answers[answer].Name}: true {answers[answer].Classes[2]}, predicted {answers[answer].Classes[0]}", await behind.Locator("h3").InnerTextAsync());
            while (await behind.Locator(".more").IsVisibleAsync()) await behind.Locator(".more").ClickAsync();
            Assert.Equal(Known(set, answer).Where(row => Truth(set, row, answer) == 2 && Best(set, row, answer) == 0).Select(row => set.Ids[row]).Order(), (await behind.Locator("tbody tr td:first-child").AllTextContentsAsync()).Order());
        }

        // The highest losses of the target that is chosen.
        foreach (var target in rows.Targets)
        {
            await page.Locator("#losses .choice button", new() { HasTextRegex = new($"^{target.Target.Name}$") }).ClickAsync();
            Assert.Equal(target.TopLosses.Take(10).Select(row => set.Ids[row]), await page.Locator("#losses tbody tr td:first-child").AllTextContentsAsync());
        }
        Assert.Empty(opened.Complaints);
        Assert.Single(opened.Requests);
    }

    [Theory, InlineData(390), InlineData(1280)]
    public async Task The_page_of_several_targets_fits_the_screen(int width)
    {
        var (_, source, rows) = Make();
        ReportPage.Write(folder.File("report.html"), source, rows);
        await using var opened = await browser.Open(folder.File("report.html"), width);
        await opened.Page.Locator("#targets .confusion button:not([disabled])").First.ClickAsync();
        Assert.Equal(width, await opened.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
    }
}
