using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Tutti.Evaluation;
using Tutti.Runs;

namespace Tutti.Reports;

/// <summary>A cell that a submission was made from.</summary>
public sealed record SubmittedCell(string Member, int Seed, int Fold, string Fingerprint);

/// <summary>What others said of a submission.</summary>
public sealed record OutsideScore(DateTimeOffset Time, double Value, string? Note);

/// <summary>A submission as it was written.</summary>
/// <param name="Number">From 1, in the order of the ledger.</param>
/// <param name="By">The program that wrote it.</param>
/// <param name="File">The name of the file in the run's folder.</param>
/// <param name="Sha256">Of its bytes.</param>
/// <param name="Blend">As <c>blend.json</c> had it.</param>
/// <param name="Cells">What it was made from.</param>
/// <param name="Scores">Ours, out of fold, with intervals.</param>
/// <param name="Outside">Others', oldest first.</param>
public sealed record SubmissionEntry(int Number, DateTimeOffset Time, string By, string File, string Sha256, JsonNode? Blend, IReadOnlyList<SubmittedCell> Cells, IReadOnlyList<NamedScore> Scores, IReadOnlyList<OutsideScore> Outside);

/// <summary>
/// The submissions of a run, one JSON object a line: what was written, from which cells, with which out-of-fold scores, and what others said of it. Lines are appended and never
/// changed; a last line that a crash cut is left out and cut off by the next.
/// </summary>
public static class SubmissionLedger
{
    const string Written = "written", Scored = "scored";

    /// <summary>Notes a submission, unless the newest entry of its name holds the same bytes.</summary>
    /// <param name="ledger">The file of the ledger.</param>
    /// <param name="submission">The file that was written.</param>
    /// <param name="cells">What it was made from.</param>
    /// <param name="scores">Ours, out of fold.</param>
    /// <param name="blend">The run's <c>blend.json</c>.</param>
    /// <exception cref="ConfigException">The ledger cannot be written.</exception>
    public static void Note(string ledger, string submission, IReadOnlyList<SubmittedCell> cells, IReadOnlyList<NamedScore> scores, string blend)
    {
        var (name, hash) = (Path.GetFileName(submission), Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(submission))));
        if (File.Exists(ledger) && Read(ledger).LastOrDefault(entry => entry.File == name)?.Sha256 == hash) return;
        using var log = Open(ledger);
        log.Write(Written, ("by", $"tutti {typeof(SubmissionLedger).Assembly.GetName().Version?.ToString(3)}"), ("file", name), ("sha256", hash), ("blend", File.Exists(blend) ? JsonNode.Parse(File.ReadAllText(blend)) : null),
            ("cells", cells.Select(cell => new { member = cell.Member, seed = cell.Seed, fold = cell.Fold, fingerprint = cell.Fingerprint }).ToArray()),
            ("scores", scores.Select(score => new { name = score.Name, value = score.Score.Value, low = score.Score.Low, high = score.Score.High, n = score.Score.N }).ToArray()));
    }

    /// <summary>Notes what others said of a submission.</summary>
    /// <param name="number">Of the entry.</param>
    /// <param name="note">Where, or anything else; may be null.</param>
    public static void AddScore(string ledger, int number, double score, string? note)
    {
        using var log = Open(ledger);
        log.Write(Scored, ("number", number), ("score", score), ("note", note));
    }

    // The lock is of the run folder that the ledger stands in.
    static EventLog Open(string ledger) => new(ledger, lockPath: new RunFolder(Path.GetDirectoryName(Path.GetFullPath(ledger))!).Lock("submissions"));

    /// <summary>All entries, the oldest first.</summary>
    /// <exception cref="DataException">There is no ledger, or a line other than a torn last one is none of its own.</exception>
    public static IReadOnlyList<SubmissionEntry> Read(string ledger)
    {
        if (!File.Exists(ledger)) throw new DataException(ledger, "there is no ledger of submissions: train a recipe with data.test and submission, and each new submission is noted");
        List<SubmissionEntry> entries = [];
        foreach (var line in EventLog.Read(ledger))
            try
            {
                if (line.Kind == Written) entries.Add(Entry(entries.Count + 1, line));
                else if (line.Kind == Scored) Score(entries, line);
                else throw new FormatException($"the kind '{line.Kind}' is not known");
            }
            catch (Exception e) when (e is InvalidOperationException or FormatException or NullReferenceException)
            {
                throw new DataException(ledger, $"the line of {line.Time:u} is no entry of a ledger ({e.Message}); remove it", inner: e);
            }
        return entries;
    }

    static SubmissionEntry Entry(int number, RunEvent line) => new(number, line.Time, Text(line.Fields, "by"), Text(line.Fields, "file"), Text(line.Fields, "sha256"), line.Fields["blend"]?.DeepClone(),
        [.. Items(line.Fields, "cells").Select(cell => new SubmittedCell(Text(cell, "member"), Needed(cell, "seed").GetValue<int>(), Needed(cell, "fold").GetValue<int>(), Text(cell, "fingerprint")))],
        [.. Items(line.Fields, "scores").Select(score => new NamedScore(Text(score, "name"), new(Number(score, "value"), Number(score, "low"), Number(score, "high"), Needed(score, "n").GetValue<int>())))], []);

    static void Score(List<SubmissionEntry> entries, RunEvent line)
    {
        var number = Needed(line.Fields, "number").GetValue<int>();
        if (number < 1 || number > entries.Count) throw new FormatException($"there is no entry {number} before it");
        var entry = entries[number - 1];
        entries[number - 1] = entry with { Outside = [.. entry.Outside, new(line.Time, Number(line.Fields, "score"), line.Fields["note"]?.GetValue<string>())] };
    }

    static JsonNode Needed(JsonNode from, string key) => from[key] ?? throw new FormatException($"'{key}' is missing");
    static string Text(JsonNode from, string key) => Needed(from, key).GetValue<string>();
    static IEnumerable<JsonNode> Items(JsonNode from, string key) => Needed(from, key).AsArray().Select(item => item ?? throw new FormatException($"'{key}' holds null"));

    // Where JSON has no number there stands its name.
    static double Number(JsonNode from, string key) => Needed(from, key) is JsonValue value && value.TryGetValue<string>(out var name) ? double.Parse(name, System.Globalization.CultureInfo.InvariantCulture) : Needed(from, key).GetValue<double>();
}
