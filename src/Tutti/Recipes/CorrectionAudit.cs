using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tutti.Recipes;

/// <summary>What was done with a row that somebody looked at.</summary>
public enum CorrectionKind
{
    /// <summary>It has another label.</summary>
    Changed,

    /// <summary>It is left out.</summary>
    Dropped,

    /// <summary>Its label was found right.</summary>
    Confirmed,

    /// <summary>It is only measured by, and stays as it was: see --apply-test.</summary>
    HeldBack,
}

/// <summary>A row of the audit.</summary>
/// <param name="Line">Of the original file.</param>
/// <param name="Fold">That held it out; null without a run or fold.</param>
/// <param name="Old">The label it had.</param>
/// <param name="New">The label that is right; null: none, it is dropped.</param>
/// <param name="OldProbability">Of the old label, by models that did not see the row; null without a run.</param>
/// <param name="NewProbability">The same of the new one.</param>
public sealed record CorrectedRow(CorrectionKind Kind, string Id, long Line, int? Fold, string Old, string? New, double? OldProbability, double? NewProbability, string Who, string When, string Why);

/// <summary>Which labels of a file were corrected, by whom and why: <c>FILE.audit.jsonl</c> beside the corrected file.</summary>
/// <param name="Run">The run whose predictions they were found with, from the audit's folder; null: none.</param>
/// <param name="Source">The original file.</param>
/// <param name="TestApplied">Whether rows that are only measured by were corrected too.</param>
public sealed record CorrectionAudit(DateTimeOffset Applied, string? Run, string Source, string SourceSha256, string Corrected, string CorrectedSha256, string Corrections, string CorrectionsSha256,
    string Label, string? Id, bool TestApplied)
{
    static readonly JsonSerializerOptions options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    [JsonIgnore]
    public IReadOnlyList<CorrectedRow> Rows { get; init; } = [];

    /// <summary>The audit that belongs to a file, whether it is there or not.</summary>
    public static string PathOf(string file) => file + ".audit.jsonl";

    public int Count(CorrectionKind kind) => Rows.Count(row => row.Kind == kind);

    /// <summary>One line about the files, then a line for each row.</summary>
    public void Write(string path)
    {
        var text = new StringBuilder(JsonSerializer.Serialize(this, options)).Append('\n');
        foreach (var row in Rows) text.Append(JsonSerializer.Serialize(row, options)).Append('\n');
        AtomicFile.Write(path, text.ToString());
    }

    /// <exception cref="DataException">It is no audit; names the line.</exception>
    public static CorrectionAudit Read(string path)
    {
        var line = 1;
        try
        {
            var lines = File.ReadAllLines(path);
            var head = JsonSerializer.Deserialize<CorrectionAudit>(lines.FirstOrDefault("null"), options) ?? throw new JsonException("the file is empty");
            List<CorrectedRow> rows = [];
            foreach (var text in lines.Skip(1))
            {
                line++;
                rows.Add(JsonSerializer.Deserialize<CorrectedRow>(text, options) ?? throw new JsonException("got null"));
            }
            return head with { Rows = rows };
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new DataException(path, $"is no audit of corrections ({e.Message}); apply the corrections again: tutti labels --run DIR --apply FILE", line, inner: e);
        }
    }
}
