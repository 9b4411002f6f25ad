using System.Text.Json;
using System.Text.Json.Serialization;
using Tutti.Hub;
using Tutti.Tables;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>What a run tells whoever watches it: one record per kind of news, in the order things happen. Those of a cell can be written and read as JSON.</summary>
[JsonDerivedType(typeof(EncodedNews), "encoded"), JsonDerivedType(typeof(CellNews), "cell"), JsonDerivedType(typeof(PlanNews), "plan"), JsonDerivedType(typeof(ReplayNews), "replay"),
 JsonDerivedType(typeof(StepNews), "step"), JsonDerivedType(typeof(EvaluationNews), "evaluation"), JsonDerivedType(typeof(CellDoneNews), "done"), JsonDerivedType(typeof(NoteNews), "note")]
public abstract record RunNews
{
    static readonly JsonSerializerOptions options = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    /// <summary>One line of JSON; null for news that a cell does not have.</summary>
    public string? ToJson() => this is DownloadNews or DataNews or SkippedNews or FailedNews ? null : JsonSerializer.Serialize(this, options);

    /// <summary>What <see cref="ToJson"/> wrote; null for anything else.</summary>
    public static RunNews? FromJson(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<RunNews>(line, options);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            return null;
        }
    }
}

/// <summary>A member's model is being fetched from the hub.</summary>
public sealed record DownloadNews(string Member, HubNews News) : RunNews;

/// <summary>The data were read and divided, before anything is trained.</summary>
/// <param name="Summary">Rows, classes, lengths, duplicates.</param>
/// <param name="FoldSizes">Held-out rows of each fold.</param>
public sealed record DataNews(string File, DataSummary Summary, IReadOnlyList<int> FoldSizes, int TestRows) : RunNews
{
    /// <summary>The rows are pictures, which have no texts.</summary>
    public bool Pictures { get; init; }
}

/// <summary>A member's texts were encoded.</summary>
/// <param name="Truncated">Rows longer than the model reads.</param>
/// <param name="LostTokens">Tokens cut off.</param>
/// <param name="AllTokens">Tokens before cutting.</param>
/// <param name="MaxLength">Tokens that the model reads of a row.</param>
/// <param name="Cached">The training rows were read from the cache.</param>
public sealed record EncodedNews(string Member, int Rows, int Truncated, long LostTokens, long AllTokens, int MaxLength, int Vocabulary, bool Cached) : RunNews;

/// <summary>A cell begins. <paramref name="Number"/> counts from 1.</summary>
public sealed record CellNews(string Cell, int Number, int Cells, int Parameters) : RunNews;

/// <summary>A cell was finished by an earlier run and is used as it is.</summary>
public sealed record SkippedNews(string Cell, int Number, int Cells) : RunNews;

/// <summary>How a cell's updates will be cut, and what memory they are expected to take.</summary>
/// <param name="Limit">Bytes that may be in use.</param>
public sealed record PlanNews(string Cell, MemoryReport Memory, long Limit) : RunNews
{
    /// <summary>Pictures of the largest micro-batch; null for texts.</summary>
    public int? Pictures { get; init; }
}

/// <summary>Memory ended inside an update; the micro-batch was computed again in pieces, and the update is the same.</summary>
public sealed record ReplayNews(string Cell, ReplayResult Replay) : RunNews
{
    /// <summary>Its rows are pictures, which have no tokens.</summary>
    public bool OfPictures { get; init; }
}

/// <summary>A cell did one update.</summary>
public sealed record StepNews(string Cell, StepResult Step) : RunNews;

/// <summary>A cell was evaluated.</summary>
public sealed record EvaluationNews(string Cell, EvaluationResult Result) : RunNews;

/// <summary>A cell is finished.</summary>
public sealed record CellDoneNews(string Cell, FitResult Fit) : RunNews;

/// <summary>A cell could not be trained; the others go on.</summary>
public sealed record FailedNews(string Cell, string Reason) : RunNews;

/// <summary>Something the user should know: what was initialised, ignored, changed.</summary>
public sealed record NoteNews(string Text) : RunNews;
