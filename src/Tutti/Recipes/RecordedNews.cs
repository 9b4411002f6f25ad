using Tutti.Runs;

namespace Tutti.Recipes;

/// <summary>
/// Writes what is worth keeping to the event log on its way to whoever watches, one piece of news at a time.
/// </summary>
sealed class RecordedNews(EventLog events, IProgress<RunNews>? to) : IProgress<RunNews>
{
    readonly Lock gate = new();
    readonly HashSet<RunNews> said = [];

    public void Report(RunNews value)
    {
        lock (gate)
        {
            Write(value);
            to?.Report(value);
        }
    }

    /// <summary>Shows what another process tells, which records it itself.</summary>
    public void Show(RunNews value)
    {
        lock (gate) to?.Report(value);
    }

    /// <summary>The same for what every cell of a member says alike: it is said once.</summary>
    public void ReportOnce(RunNews value)
    {
        lock (gate)
            if (said.Add(value is EncodedNews encoded ? encoded with { Cached = false } : value)) Report(value);
    }

    void Write(RunNews value)
    {
        switch (value)
        {
            case EvaluationNews { Result: var r } news:
                events.Write("evaluated", ("cell", news.Cell), ("update", r.Update), ("loss", r.Loss), ("accuracy", r.Accuracy), ("macroF1", r.MacroF1), ("best", r.Best), ("targets", r.Targets.Count == 0 ? null : r.Targets.Select(score => new { name = score.Name, measure = score.Measure, value = double.IsNaN(score.Value) ? (double?)null : score.Value })));
                break;
            case PlanNews { Memory: var m } news:
                events.Write("planned", ("cell", news.Cell), ("microTokens", m.Plan.MicroTokens), ("pictures", news.Pictures), ("checkpointing", m.Plan.Checkpointing), ("pagedOptimizer", m.Plan.PagedOptimizer),
                    ("predictedPeak", m.Plan.PredictedPeak), ("limit", news.Limit), ("timeline", m.Timeline.Select(moment => new { module = moment.Module, backward = moment.Backward, inUse = moment.InUse, peak = moment.Peak })));
                break;
            case ReplayNews { Replay: var r } news:
                events.Write("replayed", ("cell", news.Cell), ("update", r.Update), ("examples", r.Examples), ("tokens", r.Tokens), ("longest", r.Longest), ("bytes", r.BytesInUse), ("limit", r.Limit), ("checkpointing", r.Checkpointing));
                break;
            case EncodedNews news:
                events.Write("encoded", ("member", news.Member), ("rows", news.Rows), ("truncated", news.Truncated), ("lostTokens", news.LostTokens), ("allTokens", news.AllTokens), ("maxLength", news.MaxLength), ("vocabulary", news.Vocabulary));
                break;
            case NoteNews news:
                events.Write("note", ("text", news.Text));
                break;
            case StepNews { Step: var s } news:
                events.Write("step", ("cell", news.Cell), ("update", s.Update), ("loss", s.Loss), ("rate", s.Rate), ("norm", s.GradientNorm), ("tokens", s.Tokens), ("seconds", s.Seconds), ("dataSeconds", s.DataSeconds), ("bytes", s.Memory.InUse));
                break;
        }
    }
}
