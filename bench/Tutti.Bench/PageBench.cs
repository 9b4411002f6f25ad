using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Tutti.Labels;
using Tutti.Predictions;
using Tutti.Reports;
using Tutti.Runs;
using Tutti.Torch;

namespace Tutti.Bench;

/// <summary>The report of many rows: how long it takes to write, how large it is, and how long Chromium takes from opening the file until all of it is laid out.</summary>
sealed partial record PageBench() : Measurement("report", "report.html of made predictions: seconds to write, size, milliseconds until Chromium has drawn it", [.. sizes.Select(one => one.Name)])
{
    static readonly (string Name, int Rows)[] sizes = [("n1k", 1_000), ("n100k", 100_000)];
    static readonly string[] chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    const int K = 4, Words = 20;

    public override void Run(IReadOnlyList<string> cases, int? rounds, Format format)
    {
        List<string[]> rows = [["case", "rows", "written in, s", "size, MB", "drawn after, ms"]];
        foreach (var one in sizes.Where(size => cases.Contains(size.Name)))
        {
            using var folder = new TemporaryFolder("tutti-bench-");
            var (page, source) = (folder.File("report.html"), Made(one.Rows, folder.File("run")));
            List<double> written = [], drawn = [];
            for (var round = 0; round <= (rounds ?? UsualRounds); round++)
            {
                Console.Error.WriteLine(round == 0 ? $"{one.Name}: warming up" : FormattableString.Invariant($"{one.Name}: round {round}"));
                var clock = Stopwatch.GetTimestamp();
                Write(page, source);
                var seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds;
                var milliseconds = Drawn(page, folder.File($"profile-{round}"));
                if (round == 0) continue;
                written.Add(seconds);
                if (milliseconds is { } time) drawn.Add(time);
            }
            var (took, size, shown) = (Median(written), new FileInfo(page).Length / 1e6, drawn.Count > 0 ? Median(drawn) : (double?)null);
            rows.Add([one.Name, one.Rows.ToString(CultureInfo.InvariantCulture), took.ToString("0.00", CultureInfo.InvariantCulture), size.ToString("0.0", CultureInfo.InvariantCulture), shown?.ToString("0", CultureInfo.InvariantCulture) ?? "no Chromium"]);
            if (format == Format.Json) Console.WriteLine(new JsonObject { ["bench"] = "report", ["case"] = one.Name, ["write_s"] = Math.Round(took, 3), ["mb"] = Math.Round(size, 2), ["drawn_ms"] = shown }.ToJsonString());
        }
        if (format != Format.Json) Grid.Print([.. rows], format);
    }

    static void Write(string page, ReportSource source)
    {
        var set = source.Predictions!;
        var issues = LabelQueue.Of(ProbabilityRows.Of(set.Probabilities, set.K), set.Labels!, set.Classes, set.Ids, LabelFilter.PruneByNoiseRate, LabelQuality.SelfConfidence);
        ReportPage.Write(page, source with { Issues = issues }, new(set, issues));
    }

    static ReportSource Made(int rows, string folder)
    {
        var random = RandomStream.Of(9, "report");
        var (values, labels, texts) = (new double[rows * K], new int[rows], new string[rows]);
        for (var row = 0; row < rows; row++)
        {
            var at = (long)row * (K + Words + 3);
            var truth = labels[row] = random.Below(at, K);
            var said = random.Uniform(at + 1) < 0.85 ? truth : random.Below(at + 2, K);
            var sum = 0.0;
            for (var k = 0; k < K; k++) sum += values[(row * K) + k] = random.Uniform(at + 3 + k) + (k == said ? 1.5 : 0);
            for (var k = 0; k < K; k++) values[(row * K) + k] /= sum;
            texts[row] = string.Join(' ', Enumerable.Range(0, Words).Select(word => FormattableString.Invariant($"word{random.Below(at + 3 + K + word, 5000)}")));
        }
        string[] classes = [.. Enumerable.Range(0, K).Select(k => FormattableString.Invariant($"class {k}"))];
        PredictionSet set = new([.. Enumerable.Range(0, rows).Select(row => FormattableString.Invariant($"{row}"))], classes, values, labels, [.. Enumerable.Range(0, rows).Select(row => row % 5)]);
        return new() { Files = new RunFolder(folder), Task = "text-classification", Cells = [], Predictions = set, Texts = texts, Columns = [new("class", [.. labels.Select(label => classes[label])])] };
    }

    /// <summary>What the page itself measured; null without a browser.</summary>
    static double? Drawn(string page, string profile)
    {
        if (Array.Find(chromium, File.Exists) is not { } program) return null;
        string[] arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", $"--user-data-dir={profile}", "--dump-dom", new Uri(page).AbsoluteUri];
        using var browser = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        browser.ErrorDataReceived += (_, _) => { };           // read, so that it never waits for a reader
        browser.BeginErrorReadLine();
        var dom = browser.StandardOutput.ReadToEnd();
        browser.WaitForExit();
        return DrawnAfter().Match(dom) is { Success: true } match ? double.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : null;
    }

    static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    [GeneratedRegex("<html[^>]* data-drawn=\"([0-9]+)\"")]
    private static partial Regex DrawnAfter();
}
