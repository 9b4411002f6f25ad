using System.Globalization;
using Spectre.Console;
using Tutti.Recipes;
using Tutti.Tables;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.App;

/// <summary>
/// Shows a run on standard error: in a terminal a bar for the cell that is being trained, below the results of finished ones; plain lines elsewhere.
/// </summary>
sealed class Watch(IAnsiConsole console, ProgressContext? bars) : IProgress<RunNews>
{
    const int BarWidth = 10;

    /// <summary>What bar, share, time left and the blanks between them take of a line.</summary>
    const int BesideText = BarWidth + 4 + 8 + 4;

    readonly DownloadWatch downloads = new(bars, text => Line(console, bars, text));
    ProgressTask? bar;
    string place = "", shortPlace = "";
    double rateTokens, rateExamples;

    public static T Run<T>(Func<IProgress<RunNews>, T> body) => Bars((console, bars) => body(new Watch(console, bars)));

    /// <summary>Does something beside bars on standard error; without a terminal there are none.</summary>
    public static T Bars<T>(Func<IAnsiConsole, ProgressContext?, T> body)
    {
        var console = Show.Console(Session.Error, Session.Redirected.Error);
        if (Session.Redirected.Error) return body(console, null);
        return console.Progress().AutoClear(true).HideCompleted(true)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = BarWidth }, new PercentageColumn(), new RemainingTimeColumn())
            .Start(bars => body(console, bars));
    }

    public void Report(RunNews value)
    {
        switch (value)
        {
            case DownloadNews news: downloads.Report(news.News); break;
            case DataNews news: Data(news); break;
            case EncodedNews news: Encoded(news); break;
            case CellNews news: Begin(news); break;
            case SkippedNews news: Line(FormattableString.Invariant($"[{news.Number}/{news.Cells}] {news.Cell}: already trained")); break;
            case PlanNews news: Planned(news); break;
            case ReplayNews { Replay: var r }: Line(FormattableString.Invariant($"{place}: update {r.Update} found no room for {r.Examples} texts of {r.Tokens} tokens beside {MemoryStats.Text(r.BytesInUse)}; computed again {(r.Checkpointing ? "with checkpointing" : "in halves")}, the update is the same")); break;
            case StepNews news: Step(news.Step); break;
            case EvaluationNews news: Evaluated(news.Result); break;
            case CellDoneNews news: Done(news.Fit); break;
            case NoteNews news: Line(news.Text); break;
        }
    }

    // Numbers have none.
    static string Accuracy(double value, string format, string before) => double.IsNaN(value) ? "" : $"{before}accuracy {value.ToString(format, CultureInfo.InvariantCulture)}";

    void Data(DataNews news)
    {
        var s = news.Summary;
        Line(FormattableString.Invariant($"{news.File}: {s.Rows} rows; {(news.FoldSizes.Count == 1 ? "held out" : FormattableString.Invariant($"{news.FoldSizes.Count} folds of"))} {string.Join(", ", news.FoldSizes)} rows; {news.TestRows} test rows"));
        if (s.Classes.Count > 0) Line("classes: " + string.Join(", ", s.Classes.Select(c => FormattableString.Invariant($"{c.Name} {c.Rows} ({100.0 * c.Rows / s.Rows:0} %)"))));
        Line(FormattableString.Invariant($"characters per text: median {s.Lengths.Median:0}, mean {s.Lengths.Mean:0}, 95 % up to {s.Lengths.P95}, longest {s.Lengths.Max}; {s.EmptyTexts} empty"));
        Duplicates("repeated within the training rows", s.WithinTrain);
        Duplicates("repeated with different labels", s.Contradicting);
        if (s.AcrossFolds.Texts > 0) Line(FormattableString.Invariant($"warning: {s.AcrossFolds.Texts} texts ({s.AcrossFolds.Rows} rows) stand in several folds, lines {Lines(s.AcrossFolds)}: scores on them are of texts that were trained on; give rows of one text one fold"));
        Duplicates("in the test rows too", s.AcrossTest);
    }

    void Duplicates(string what, Repeats repeats)
    {
        if (repeats.Texts > 0) Line(FormattableString.Invariant($"duplicates: {repeats.Texts} texts ({repeats.Rows} rows) {what}, lines {Lines(repeats)}"));
    }

    static string Lines(Repeats repeats) => string.Join(", ", repeats.Lines.Take(5)) + (repeats.Lines.Count > 5 ? ", ..." : "");

    void Encoded(EncodedNews news) => Line(FormattableString.Invariant($"{news.Member}: vocabulary {news.Vocabulary}, {(double)news.AllTokens / news.Rows:0.0} tokens per row{(news.Cached ? " (from the cache)" : "")}; {news.Truncated} of {news.Rows} rows ({100.0 * news.Truncated / news.Rows:0.0} %) are longer than {news.MaxLength} and lose {100.0 * news.LostTokens / Math.Max(1, news.AllTokens):0.0} % of all tokens"));

    void Begin(CellNews news)
    {
        place = FormattableString.Invariant($"[{news.Number}/{news.Cells}] {news.Cell}");
        shortPlace = place.Replace(" seed ", "-s", StringComparison.Ordinal).Replace(" fold ", "-f", StringComparison.Ordinal);   // as the cell's folder
        (rateTokens, rateExamples) = (0, 0);
        if (bars is null) Line(FormattableString.Invariant($"{place}: {news.Parameters} parameters"));
        else
        {
            bar = bars.AddTask("cell", maxValue: 1);
            Describe(shortPlace);
        }
    }

    void Planned(PlanNews news)
    {
        var limit = news.Limit > 0 ? $" of {MemoryStats.Text(news.Limit)}" : "";
        Line($"{place}: memory {MemoryStats.Text(news.Memory.Plan.PredictedPeak)}{limit} expected; {news.Memory.Plan} {MemoryBars.Of(news.Memory.Timeline)}".TrimEnd());
    }

    void Step(StepResult step)
    {
        // Smoothed over about ten updates, so that the figures can be read.
        var keep = rateTokens == 0 ? 0 : 0.9;
        rateTokens = (keep * rateTokens) + ((1 - keep) * step.Tokens / step.Seconds);
        rateExamples = (keep * rateExamples) + ((1 - keep) * step.Examples / step.Seconds);
        if (bar is null) return;
        Describe(FormattableString.Invariant($"{shortPlace}  epoch {step.Epoch,2}/{step.Epochs}  loss {step.Loss:0.000} {rateTokens,5:0} tok/s {rateExamples,4:0} ex/s {MemoryStats.Text(step.Memory.InUse)}, peak {MemoryStats.Text(step.Memory.Peak)}"));
        bar.Value = (double)step.Update / step.Updates;
    }

    void Evaluated(EvaluationResult r)
    {
        if (bars is null) Line(FormattableString.Invariant($"{place}: epoch {r.Epoch} update {r.Update} held-out loss {r.Loss:0.0000}{Accuracy(r.Accuracy, "0.0000", " ")}{(double.IsNaN(r.MacroF1) ? "" : FormattableString.Invariant($" F1 {r.MacroF1:0.0000}"))}{(r.Best ? " best" : "")}, {rateTokens:0} tokens/s"));
    }

    void Done(FitResult fit)
    {
        bar?.StopTask();
        Line(FormattableString.Invariant($"{place}: loss {fit.Best.Loss:0.000}{Accuracy(fit.Best.Accuracy, "0.000", ", ")} (update {fit.Best.Update} of {fit.Updates}{(fit.StoppedEarly ? ", stopped early" : "")}); {fit.Tokens / fit.Seconds:0} tok/s, {fit.Seconds:0.0} s, data wait {100 * fit.DataSeconds / fit.Seconds:0.00} %, peak {MemoryStats.Text(fit.PeakBytes)}"));
    }

    /// <summary>Puts the text beside the bar, always as wide, so that lines never break and the bar stands still.</summary>
    void Describe(string text)
    {
        var room = Math.Max(10, console.Profile.Width - BesideText);
        bar!.Description = Markup.Escape(text.Length > room ? text[..(room - 1)] + "…" : text.PadRight(room));
    }

    /// <summary>One line; where no terminal is it is never broken, because paths are to be copied and lines to be searched.</summary>
    void Line(string text) => Line(console, bars, text);

    public static void Line(IAnsiConsole console, ProgressContext? bars, string text)
    {
        if (bars is null) Session.Error.WriteLine(text);
        else console.WriteLine(text);
    }
}
