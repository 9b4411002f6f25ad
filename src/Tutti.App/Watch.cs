using Spectre.Console;
using Tutti.Recipes;
using Tutti.Tables;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.App;

/// <summary>Shows a run on standard error: a progress bar in a terminal, plain lines elsewhere.</summary>
sealed class Watch(IAnsiConsole console, ProgressContext? bars) : IProgress<RunNews>
{
    ProgressTask? bar;
    string place = "";
    double rateTokens, rateExamples;

    public static T Run<T>(Func<IProgress<RunNews>, T> body)
    {
        var console = Show.Console(Session.Error, Session.Redirected.Error);
        if (Session.Redirected.Error) return body(new Watch(console, null));
        return console.Progress().AutoClear(false).HideCompleted(false)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 20 }, new PercentageColumn(), new RemainingTimeColumn())
            .Start(bars => body(new Watch(console, bars)));
    }

    public void Report(RunNews value)
    {
        switch (value)
        {
            case DataNews news: Data(news); break;
            case EncodedNews news: Encoded(news); break;
            case CellNews news: Begin(news); break;
            case SkippedNews news: Line(FormattableString.Invariant($"[{news.Number}/{news.Cells}] {news.Cell}: already trained")); break;
            case StepNews news: Step(news.Step); break;
            case EvaluationNews news: Evaluated(news.Result); break;
            case CellDoneNews news: Done(news.Fit); break;
            case NoteNews news: Line(news.Text); break;
        }
    }

    void Data(DataNews news)
    {
        var s = news.Summary;
        Line(FormattableString.Invariant($"{news.File}: {s.Rows} rows; {(news.FoldSizes.Count == 1 ? "held out" : FormattableString.Invariant($"{news.FoldSizes.Count} folds of"))} {string.Join(", ", news.FoldSizes)} rows; {news.TestRows} test rows"));
        Line("classes: " + string.Join(", ", s.Classes.Select(c => FormattableString.Invariant($"{c.Name} {c.Rows} ({100.0 * c.Rows / s.Rows:0} %)"))));
        Line(FormattableString.Invariant($"characters per text: median {s.Lengths.Median:0}, mean {s.Lengths.Mean:0}, 95 % up to {s.Lengths.P95}, longest {s.Lengths.Max}; {s.EmptyTexts} empty"));
        Duplicates("repeated within the training rows", s.WithinTrain);
        Duplicates("repeated with different labels", s.Contradicting);
        Duplicates("on both sides of the folds' split", s.AcrossFolds);
        Duplicates("in the test rows too", s.AcrossTest);
    }

    void Duplicates(string what, Repeats repeats)
    {
        if (repeats.Texts > 0) Line(FormattableString.Invariant($"duplicates: {repeats.Texts} texts ({repeats.Rows} rows) {what}, lines {string.Join(", ", repeats.Lines.Take(5))}{(repeats.Lines.Count > 5 ? ", ..." : "")}"));
    }

    void Encoded(EncodedNews news) => Line(FormattableString.Invariant($"{news.Member}: vocabulary {news.Vocabulary}, {(double)news.AllTokens / news.Rows:0.0} tokens per row; {news.Truncated} of {news.Rows} rows ({100.0 * news.Truncated / news.Rows:0.0} %) are longer than {news.MaxLength} and lose {100.0 * news.LostTokens / Math.Max(1, news.AllTokens):0.0} % of all tokens"));

    void Begin(CellNews news)
    {
        place = FormattableString.Invariant($"[{news.Number}/{news.Cells}] {news.Cell}");
        (rateTokens, rateExamples) = (0, 0);
        if (bars is null) Line(FormattableString.Invariant($"{place}: {news.Parameters} parameters"));
        else bar = bars.AddTask(Markup.Escape(place), maxValue: 1);
    }

    void Step(StepResult step)
    {
        // Smoothed over about ten updates, so that the figures can be read.
        var keep = rateTokens == 0 ? 0 : 0.9;
        rateTokens = (keep * rateTokens) + ((1 - keep) * step.Tokens / step.Seconds);
        rateExamples = (keep * rateExamples) + ((1 - keep) * step.Examples / step.Seconds);
        if (bar is null) return;
        bar.Description = Markup.Escape(FormattableString.Invariant($"{place} epoch {step.Epoch}/{step.Epochs} loss {step.Loss:0.000} {rateTokens:0} tok/s {rateExamples:0.0} ex/s {MemoryStats.Text(step.Memory.InUse)} (peak {MemoryStats.Text(step.Memory.Peak)})"));
        bar.Value = (double)step.Update / step.Updates;
    }

    void Evaluated(EvaluationResult r)
    {
        if (bars is null) Line(FormattableString.Invariant($"{place}: epoch {r.Epoch} update {r.Update} held-out loss {r.Loss:0.0000} accuracy {r.Accuracy:0.0000} F1 {r.MacroF1:0.0000}{(r.Best ? " best" : "")}, {rateTokens:0} tokens/s"));
    }

    void Done(FitResult fit)
    {
        if (bar is not null)
        {
            bar.Description = Markup.Escape(FormattableString.Invariant($"{place} loss {fit.Best.Loss:0.000} accuracy {fit.Best.Accuracy:0.000} {fit.Tokens / fit.Seconds:0} tok/s peak {MemoryStats.Text(fit.PeakBytes)}"));
            bar.Value = 1;
            bar.StopTask();
        }
        else Line(FormattableString.Invariant($"{place}: best at update {fit.Best.Update} of {fit.Updates}, {fit.Tokens / fit.Seconds:0} tokens/s, {fit.Examples / fit.Seconds:0.0} examples/s, peak {MemoryStats.Text(fit.PeakBytes)}{(fit.StoppedEarly ? ", stopped early" : "")}"));
    }

    void Line(string text) => console.WriteLine(text);
}
