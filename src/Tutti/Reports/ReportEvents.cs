using System.Text.Json.Nodes;
using Tutti.Runs;

namespace Tutti.Reports;

/// <summary>The event log as a report reads it: per cell, the updates and evaluations that count.</summary>
sealed class ReportEvents
{
    readonly Dictionary<string, ReportedCell> cells = new(StringComparer.Ordinal);

    /// <summary>Every event of a run in order. The one place that knows where they are kept.</summary>
    public static IReadOnlyList<RunEvent> Of(RunFolder files) => File.Exists(files.Events) ? EventLog.Read(files.Events) : [];

    public ReportEvents(IEnumerable<RunEvent> events)
    {
        foreach (var one in events)
        {
            if (one.Kind == "started") (Facts, Started) = (one.Fields, one.Time);
            if (one.Kind == "finished") Finished = one.Time;
            if (one.Kind == "encoded") Encoded[one.Fields["member"]!.GetValue<string>()] = one.Fields;
            if (one.Kind == "note" && one.Fields["text"]?.GetValue<string>() is { } text)
            {
                Notes.Add(text);
                // A cell that goes on keeps what it did before it was interrupted; one that begins from nothing does not.
                if (text.IndexOf(": goes on after update", StringComparison.Ordinal) is > 0 and var end && cells.TryGetValue(text[..end], out var known)) known.GoesOn();
            }
            if (one.Fields["cell"] is JsonValue name) Cell(name.GetValue<string>()).Add(one);
        }
    }

    /// <summary>Of the last start: versions, device, hashes.</summary>
    public JsonObject Facts { get; } = [];

    public DateTimeOffset? Started { get; }
    public DateTimeOffset? Finished { get; }

    /// <summary>What was cut off of each member's texts.</summary>
    public SortedDictionary<string, JsonObject> Encoded { get; } = new(StringComparer.Ordinal);

    public List<string> Notes { get; } = [];

    public ReportedCell Cell(string name)
    {
        if (!cells.TryGetValue(name, out var cell)) cells.Add(name, cell = new());
        return cell;
    }
}

/// <summary>One cell's events, the later ones of an update that stands there twice.</summary>
sealed class ReportedCell
{
    bool begun;

    /// <summary>By update.</summary>
    public SortedDictionary<long, JsonObject> Steps { get; } = [];

    /// <summary>By update.</summary>
    public SortedDictionary<long, JsonObject> Evaluations { get; } = [];

    public JsonObject? Plan { get; private set; }
    public int Replays { get; private set; }

    public void GoesOn() => begun = false;

    public void Add(RunEvent one)
    {
        if (one.Kind == "cell started")
        {
            begun = true;
            return;
        }
        if (begun && one.Kind is "step" or "evaluated") Clear();
        switch (one.Kind)
        {
            case "planned": Plan = one.Fields; break;
            case "replayed": Replays++; break;
            case "step": Steps[Update(one)] = one.Fields; break;
            case "evaluated": Evaluations[Update(one)] = one.Fields; break;
        }
    }

    void Clear()
    {
        if (!begun) return;
        Steps.Clear();
        Evaluations.Clear();
        begun = false;
    }

    static long Update(RunEvent one) => one.Fields["update"]!.GetValue<long>();
}
