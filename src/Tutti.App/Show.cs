using System.Globalization;
using Spectre.Console;
using Tutti.Ensembling;
using Tutti.Evaluation;
using Tutti.Recipes;
using Tutti.Reports;
using Tutti.Torch;

namespace Tutti.App;

/// <summary>Results, on standard output.</summary>
static class Show
{
    const int PipeWidth = 160;

    /// <summary>Standard output; without a terminal it has room for whole tables.</summary>
    public static IAnsiConsole Out => Console(Session.Out, Session.Redirected.Out);

    /// <summary>A console that does not break lines where no terminal is.</summary>
    public static IAnsiConsole Console(TextWriter to, bool redirected)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(to), Interactive = redirected ? InteractionSupport.No : InteractionSupport.Detect });
        if (redirected) console.Profile.Width = PipeWidth;
        return console;
    }

    /// <summary>A line that is never broken: paths and JSON are to be copied.</summary>
    public static void Line(string text) => Session.Out.WriteLine(text);
    public static void Warning(string text) => Session.Error.WriteLine($"warning: {text}");

    /// <param name="leaderboard">What is printed.</param>
    /// <param name="to">Where; null: standard output.</param>
    public static void Leaderboard(Leaderboard leaderboard, IAnsiConsole? to = null)
    {
        const int Wide = 120;
        var (console, sorted) = (to ?? Out, leaderboard.Sorted);
        var (wide, seeds) = (console.Profile.Width >= Wide, sorted.Any(row => row.Seeds is not null));
        string[] seedsColumn = seeds ? ["seeds"] : [];
        string[] SeedsOf(LeaderboardRow row) => seeds ? [Spread(row.Seeds)] : [];
        console.WriteLine(FormattableString.Invariant($"Leaderboard: {leaderboard.Rows[0].Accuracy.N} held-out rows, 95 % intervals"));
        if (wide)
        {
            var table = Table(["", "accuracy", "F1 macro", "log-loss", "against the best", .. seedsColumn]);
            foreach (var row in sorted) table.AddRow(Cells([row.Name, Interval(row.Accuracy), Interval(row.MacroF1), Interval(row.LogLoss), Against(row.AgainstBest), .. SeedsOf(row)]));
            console.Write(table);
        }
        else
        {
            // Two tables, so that a terminal of 80 columns cuts no number.
            var (first, second) = (Table(["", "accuracy", "against the best", .. seedsColumn]), Table(["", "F1 macro", "log-loss"]));
            foreach (var row in sorted)
            {
                first.AddRow(Cells([row.Name, Interval(row.Accuracy), Against(row.AgainstBest), .. SeedsOf(row)]));
                second.AddRow(Cells([row.Name, Interval(row.MacroF1), Interval(row.LogLoss)]));
            }
            console.Write(first);
            console.Write(second);
        }
        console.WriteLine("Against the best: difference in accuracy on the same rows, P of McNemar's test; = no more than noise.");
        if (seeds) console.WriteLine("Seeds: standard deviation of the accuracy of a member's seeds, each alone.");
        var costs = Table("", "cells", "time", "memory", "disk");
        foreach (var row in sorted.Where(row => row.Cells > 0)) costs.AddRow(Cells(row.Name, Whole(row.Cells), FormattableString.Invariant($"{row.Seconds:0.0} s"), MemoryStats.Text(row.PeakBytes), MemoryStats.Text(row.DiskBytes)));
        console.WriteLine("Cost of training");
        console.Write(costs);
        console.WriteLine("Each cell kept the checkpoint that did best on its held-out rows, which flatters these figures a little;");
        console.WriteLine("tutti evaluate scores rows of your own.");
        console.WriteLine();
    }

    /// <summary>What was learnt about the blend; what should not be overlooked goes to standard error.</summary>
    public static void Blend(ChosenBlend blend)
    {
        foreach (var note in blend.Notes) Line(note);
        foreach (var warning in blend.Warnings) Warning(warning);
    }

    public static string Against(AgainstBest? against) => against is null ? "" : FormattableString.Invariant($"{(against.WithinNoise ? "= " : "")}{against.Accuracy.Difference.Value:+0.000;-0.000;0.000} (P {against.McNemar:0.000})");

    static string Spread(SeedSpread? seeds) => seeds is null ? "" : FormattableString.Invariant($"{seeds.Seeds} x {seeds.Deviation:0.000}");

    public static void Perplexities(IReadOnlyList<LanguageRow> rows, string name = "")
    {
        var console = Out;
        var table = Table(name, "perplexity", "tokens right", "time", "memory");
        foreach (var row in rows) table.AddRow(Cells(row.Cell, Interval(row.Perplexity), Interval(row.Accuracy), FormattableString.Invariant($"{row.Seconds:0.0} s"), MemoryStats.Text(row.PeakBytes)));
        console.WriteLine(FormattableString.Invariant($"Predicted tokens of held-out texts: {rows[0].Tokens} in {rows[0].Perplexity.N} texts or blocks, 95 % intervals"));
        console.Write(table);
        foreach (var row in rows) Line($"model: {row.Folder}");
    }

    /// <summary>The same of other texts than those that were held out.</summary>
    public static void Perplexities(IReadOnlyList<(string Name, LanguageScores Scores)> models)
    {
        var console = Out;
        var table = Table("", "perplexity", "tokens right");
        foreach (var (name, scores) in models) table.AddRow(Cells(name, Interval(scores.Perplexity), Interval(scores.Accuracy)));
        console.WriteLine(FormattableString.Invariant($"Predicted tokens: {models[0].Scores.Tokens} in {models[0].Scores.Perplexity.N} texts or blocks, 95 % intervals"));
        console.Write(table);
    }

    public static string Interval(Score score) => FormattableString.Invariant($"{Number(score.Value)} ({Number(score.Low)} to {Number(score.High)})");
    public static string Number(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);
    public static string Whole(double value) => value.ToString("0", CultureInfo.InvariantCulture);

    /// <summary>A table with its first column to the left and numbers to the right.</summary>
    public static Table Table(params IReadOnlyList<string> columns)
    {
        var table = new Table().Border(TableBorder.Simple);
        for (var i = 0; i < columns.Count; i++) table.AddColumn(new TableColumn(new Spectre.Console.Text(columns[i])) { Alignment = i == 0 ? Justify.Left : Justify.Right, NoWrap = true });
        return table;
    }

    /// <summary>Plain text cells: class names and file names may hold what looks like markup.</summary>
    public static Spectre.Console.Text[] Cells(params IReadOnlyList<string> texts) => [.. texts.Select(text => new Spectre.Console.Text(text))];
}
