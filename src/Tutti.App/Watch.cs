using System.Globalization;
using Spectre.Console;
using Tutti.Recipes;
using Tutti.Tables;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.App;

/// <summary>
/// Shows a run on standard error: in a terminal a bar for each cell that is being trained, below the results of finished ones; plain lines elsewhere.
/// </summary>
sealed class Watch(IAnsiConsole console, ProgressContext? bars) : IProgress<RunNews>
{
    const int BarWidth = 10;

    /// <summary>What bar, share, time left and the blanks between them take of a line.</summary>
    const int BesideText = BarWidth + 4 + 8 + 4;

    readonly DownloadWatch downloads = new(bars, text => Line(console, bars, text));
    readonly Dictionary<string, Training> cells = [];

    /// <summary>A cell in training.</summary>
    /// <param name="Place">Such as "[2/6] deep seed 1 fold 1".</param>
    sealed record Training(string Place)
    {
        /// <summary>As its folder is called.</summary>
        public string ShortPlace { get; } = Place.Replace(" seed ", "-s", StringComparison.Ordinal).Replace(" fold ", "-f", StringComparison.Ordinal);
        public ProgressTask? Bar { get; init; }
        public double RateTokens { get; set; }
        public double RateExamples { get; set; }

        /// <summary>Its rows are pictures.</summary>
        public bool Pictures { get; set; }

        /// <summary>How fast it learns, in what its rows are made of.</summary>
        public string Rate(double tokens, double examples, string of = "tok") => Pictures ? FormattableString.Invariant($"{examples:0.0} pictures/s") : FormattableString.Invariant($"{tokens:0} {of}/s");
    }

    public static T Run<T>(Func<IProgress<RunNews>, T> body) => Bars((console, bars) => body(new Watch(console, bars)));

    /// <summary>Fetches the models of a recipe that are on the hub and not in the cache.</summary>
    public static void Fetch(Recipe recipe) => Run(news =>
    {
        HubModels.Fetch(recipe, null, news, Session.Cancel);
        return true;
    });

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
            case PlanNews news: Planned(news, Of(news.Cell)); break;
            case ReplayNews { Replay: var r } news: Line(FormattableString.Invariant($"{Of(news.Cell).Place}: update {r.Update} found no room for {(news.OfPictures ? MemoryPlan.Count(r.Examples) : FormattableString.Invariant($"{r.Examples} rows of {r.Tokens} tokens"))} beside {MemoryStats.Text(r.BytesInUse)}; computed again {(r.Checkpointing ? "with checkpointing" : "in halves")}, the update is the same")); break;
            case StepNews news: Step(news.Step, Of(news.Cell)); break;
            case EvaluationNews news: Evaluated(news.Result, Of(news.Cell)); break;
            case CellDoneNews news: Done(news, Of(news.Cell)); break;
            case FailedNews news: Failed(news); break;
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
        if (!news.Pictures) Line(FormattableString.Invariant($"characters per text: median {s.Lengths.Median:0}, mean {s.Lengths.Mean:0}, 95 % up to {s.Lengths.P95}, longest {s.Lengths.Max}; {s.EmptyTexts} empty"));
        Duplicates("repeated within the training rows", s.WithinTrain, news.Pictures);
        Duplicates("repeated with different labels", s.Contradicting, news.Pictures);
        if (s.AcrossFolds.Texts > 0) Line(FormattableString.Invariant($"warning: {s.AcrossFolds.Texts} {(news.Pictures ? "pictures" : "texts")} ({s.AcrossFolds.Rows} rows) stand in several folds, lines {Lines(s.AcrossFolds)}: scores on them are of {(news.Pictures ? "pictures" : "texts")} that were trained on; give rows of one {(news.Pictures ? "picture" : "text")} one fold"));
        Duplicates("in the test rows too", s.AcrossTest, news.Pictures);
    }

    void Duplicates(string what, Repeats repeats, bool pictures)
    {
        if (repeats.Texts > 0) Line(FormattableString.Invariant($"duplicates: {repeats.Texts} {(pictures ? "pictures" : "texts")} ({repeats.Rows} rows) {what}, lines {Lines(repeats)}"));
    }

    static string Lines(Repeats repeats) => string.Join(", ", repeats.Lines.Take(5)) + (repeats.Lines.Count > 5 ? ", ..." : "");

    void Encoded(EncodedNews news) => Line(FormattableString.Invariant($"{news.Member}: vocabulary {news.Vocabulary}, {(double)news.AllTokens / news.Rows:0.0} tokens per row{(news.Cached ? " (from the cache)" : "")}; {news.Truncated} of {news.Rows} rows ({100.0 * news.Truncated / news.Rows:0.0} %) are longer than {news.MaxLength} and lose {100.0 * news.LostTokens / Math.Max(1, news.AllTokens):0.0} % of all tokens"));

    Training Of(string cell) => cells.TryGetValue(cell, out var known) ? known : cells[cell] = new(cell);

    void Begin(CellNews news)
    {
        var place = FormattableString.Invariant($"[{news.Number}/{news.Cells}] {news.Cell}");
        if (bars is null) Line(FormattableString.Invariant($"{place}: {news.Parameters} parameters"));
        var cell = cells[news.Cell] = new(place) { Bar = bars?.AddTask("cell", maxValue: 1) };
        Describe(cell, cell.ShortPlace);
    }

    void Planned(PlanNews news, Training cell)
    {
        cell.Pictures = news.Pictures is not null;
        var limit = news.Limit > 0 ? $" of {MemoryStats.Text(news.Limit)}" : "";
        Line($"{cell.Place}: memory {MemoryStats.Text(news.Memory.Plan.PredictedPeak)}{limit} expected; {(news.Pictures is { } count ? news.Memory.Plan.Described(MemoryPlan.Count(count)) : news.Memory.Plan.ToString())} {MemoryBars.Of(news.Memory.Timeline)}".TrimEnd());
    }

    void Step(StepResult step, Training cell)
    {
        // Smoothed over about ten updates, so that the figures can be read.
        var keep = cell.RateTokens == 0 ? 0 : 0.9;
        cell.RateTokens = (keep * cell.RateTokens) + ((1 - keep) * step.Tokens / step.Seconds);
        cell.RateExamples = (keep * cell.RateExamples) + ((1 - keep) * step.Examples / step.Seconds);
        if (cell.Bar is not { } bar) return;
        Describe(cell, FormattableString.Invariant($"{cell.ShortPlace}  epoch {step.Epoch,2}/{step.Epochs}  loss {step.Loss:0.000} {(cell.Pictures ? cell.Rate(0, cell.RateExamples) : FormattableString.Invariant($"{cell.RateTokens,5:0} tok/s {cell.RateExamples,4:0} ex/s"))} {MemoryStats.Text(step.Memory.InUse)}, peak {MemoryStats.Text(step.Memory.Peak)}"));
        bar.Value = (double)step.Update / step.Updates;
    }

    void Evaluated(EvaluationResult r, Training cell)
    {
        if (bars is null) Line(FormattableString.Invariant($"{cell.Place}: epoch {r.Epoch} update {r.Update} held-out loss {r.Loss:0.0000}{Accuracy(r.Accuracy, "0.0000", " ")}{(double.IsNaN(r.MacroF1) ? "" : FormattableString.Invariant($" F1 {r.MacroF1:0.0000}"))}{string.Concat(r.Targets.Select(score => $"; {score}"))}{(r.Best ? " best" : "")}, {cell.Rate(cell.RateTokens, cell.RateExamples, "tokens")}"));
    }

    void Done(CellDoneNews news, Training cell)
    {
        var fit = news.Fit;
        End(news.Cell);
        Line(FormattableString.Invariant($"{cell.Place}: loss {fit.Best.Loss:0.000}{Accuracy(fit.Best.Accuracy, "0.000", ", ")} (update {fit.Best.Update} of {fit.Updates}{(fit.StoppedEarly ? ", stopped early" : "")}); {cell.Rate(fit.Tokens / fit.Seconds, fit.Examples / fit.Seconds)}, {fit.Seconds:0.0} s, data wait {100 * fit.DataSeconds / fit.Seconds:0.00} %, peak {MemoryStats.Text(fit.PeakBytes)}"));
    }

    void Failed(FailedNews news)
    {
        var place = Of(news.Cell).Place;
        End(news.Cell);
        Line($"{place}: failed, the others go on: {news.Reason}");
    }

    void End(string cell)
    {
        if (cells.Remove(cell, out var ended)) ended.Bar?.StopTask();
    }

    /// <summary>Puts the text beside the bar, always as wide, so that lines never break and the bar stands still.</summary>
    void Describe(Training cell, string text)
    {
        if (cell.Bar is not { } bar) return;
        var room = Math.Max(10, console.Profile.Width - BesideText);
        bar.Description = Markup.Escape(text.Length > room ? text[..(room - 1)] + "…" : text.PadRight(room));
    }

    /// <summary>One line; where no terminal is it is never broken, because paths are to be copied and lines to be searched.</summary>
    void Line(string text) => Line(console, bars, text);

    public static void Line(IAnsiConsole console, ProgressContext? bars, string text)
    {
        if (bars is null) Session.Error.WriteLine(text);
        else console.WriteLine(text);
    }
}
