using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Tutti.Labels;
using Tutti.Tables;

namespace Tutti.Recipes;

/// <summary>Corrections that were applied.</summary>
/// <param name="File">The corrected copy.</param>
/// <param name="AuditFile">What was done, row by row.</param>
/// <param name="Audit">The same.</param>
/// <param name="Open">Rows of the corrections file that nobody looked at.</param>
public sealed partial record CorrectedCopy(string File, string AuditFile, CorrectionAudit Audit, int Open)
{
    /// <summary>Writes a copy of a file with corrected labels, and the audit beside it. All is checked before anything is written; the original is only read.</summary>
    /// <param name="source">The labelled rows.</param>
    /// <param name="corrections">What is right.</param>
    /// <param name="output">The copy; null: <c>train.corrected.csv</c> beside <c>train.csv</c>.</param>
    /// <param name="applyTest">Whether rows that are only measured by are corrected too.</param>
    /// <param name="clock">Null: the system's.</param>
    /// <exception cref="InputException">The corrections do not belong to the file, or the copy would replace something else.</exception>
    public static CorrectedCopy Write(LabelledFile source, CorrectionFile corrections, string? output = null, bool applyTest = false, TimeProvider? clock = null)
    {
        var rows = corrections.Rows.Select(one => Row(source, corrections.Path, one, applyTest)).ToArray();
        CheckClasses(source, corrections.Path, rows);
        var path = output ?? Usual(source.Table.File);
        CheckOutput(path, source, corrections);
        var cells = rows.Where(row => row.Kind == CorrectionKind.Changed).ToDictionary(row => source.RowOf(row.Id), row => row.New!);
        var left = rows.Where(row => row.Kind == CorrectionKind.Dropped).Select(row => source.RowOf(row.Id)).ToHashSet();
        var bytes = TableEdit.Of(source.Table, source.Format, source.Label, cells, left);
        var audit = new CorrectionAudit((clock ?? TimeProvider.System).GetUtcNow(), source.Run is { } run ? Relative(path, run.Root) : null, Relative(path, source.Table.File), source.Table.ContentHash!,
            Path.GetFileName(path), Convert.ToHexStringLower(SHA256.HashData(bytes)), Relative(path, corrections.Path), corrections.Hash, source.Label, source.IdColumn, applyTest)
        { Rows = rows };
        // The audit comes first: a copy without one would be trained on as if it were a file of its own.
        audit.Write(CorrectionAudit.PathOf(path));
        AtomicFile.Write(path, stream => stream.Write(bytes));
        return new(path, CorrectionAudit.PathOf(path), audit, corrections.Open);
    }

    static CorrectedRow Row(LabelledFile source, string path, Correction one, bool applyTest)
    {
        var row = source.RowOf(one.Id);
        if (row < 0) throw Unknown(source, path, one);
        var (old, line) = (source.LabelOf(row), source.Table.LineOf(row));
        if (one.Given is { } given && given != old)
            throw new DataException(path, $"row '{one.Id}' is said to have been '{given}', and {source.Table.File}, line {line}, has '{old}': the correction was made for another state of the file.\nLook at the row again, and write '{old}' into column given.", one.Line, "given");
        var drops = one.Label == CorrectionFile.Drop && !source.Classes.Contains(CorrectionFile.Drop);
        if (!drops && !source.Classes.Contains(one.Label))
            throw new DataException(path, $"got '{one.Label}', expected one of the classes {string.Join(", ", source.Classes.Take(20))}{(source.Classes.Count > 20 ? ", ..." : "")}, or {CorrectionFile.Drop} to leave the row out{Nearest.Hint(one.Label, source.Classes, "")}", one.Line, "label");
        if (drops && source.IdColumn is null)
            throw new DataException(path, $"rows without an id column are called by their number, which would be others' when row {one.Id} is left out; give the recipe a data.id (or the command --id) to leave rows out", one.Line, "label");
        var kind = one.Label == old ? CorrectionKind.Confirmed : source.IsTestRow(row) && !applyTest ? CorrectionKind.HeldBack : drops ? CorrectionKind.Dropped : CorrectionKind.Changed;
        return new(kind, one.Id, line, source.Folds?.Of(row) is >= 0 and var fold ? fold : null, old, drops ? null : one.Label,
            source.Probability(one.Id, old), drops ? null : source.Probability(one.Id, one.Label), one.Who, one.When, one.Why);
    }

    static DataException Unknown(LabelledFile source, string path, Correction one)
    {
        var test = source.Test is { } file && IsIn(file, source, one.Id) ? $" It is a row of the test file {file}, which is never repaired: audit its labels by themselves, with tutti labels --probs." : "";
        return new(path, $"there is no row '{one.Id}' in {source.Table.File}; expected ids {(source.IdColumn is { } column ? $"of its column '{column}'" : "from 0, the numbers of its rows")}, such as '{source.Ids[0]}'.{test}", one.Line, "id");
    }

    static bool IsIn(string file, LabelledFile source, string id)
    {
        try
        {
            return RowIds.Of(Table.Read(file, source.Format), source.IdColumn).Contains(id);
        }
        catch (InputException)
        {
            return false;
        }
    }

    static void CheckClasses(LabelledFile source, string path, CorrectedRow[] rows)
    {
        var count = Enumerable.Range(0, source.Table.Count).CountBy(source.LabelOf, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
        foreach (var row in rows.Where(row => row.Kind is CorrectionKind.Changed or CorrectionKind.Dropped))
        {
            count[row.Old]--;
            if (row.New is not null) count[row.New] = count.GetValueOrDefault(row.New) + 1;
        }
        if (source.Classes.FirstOrDefault(name => count.GetValueOrDefault(name, -1) == 0) is { } empty)
            throw new DataException(path, $"no row would be '{empty}' any more, and a model of the run's classes cannot be trained; keep a row of it", 0, "label");
    }

    static void CheckOutput(string path, LabelledFile source, CorrectionFile corrections)
    {
        foreach (var (what, taken) in new[] { ("the original", source.Table.File), ("the corrections", corrections.Path), ("the test rows", source.Test) })
            if (taken is not null && Real(path) == Real(taken)) throw new ConfigException("--out", $"got {path}, which is the file of {what}; it stays as it is: name another file");
        if (!System.IO.File.Exists(path)) return;
        // A copy that was made from the same file is only made again.
        var audit = CorrectionAudit.PathOf(path);
        if (System.IO.File.Exists(audit) && CorrectionAudit.Read(audit) is var before && before.SourceSha256 == source.Table.ContentHash && before.CorrectedSha256 == Convert.ToHexStringLower(SHA256.HashData(System.IO.File.ReadAllBytes(path)))) return;
        throw new ConfigException("--out", $"got {path}, which is there already and was not made from {source.Table.File} by this command; name another file, or remove it");
    }

    static string Real(string path)
    {
        var full = Path.GetFullPath(path);
        return !System.IO.File.Exists(full) ? full : System.IO.File.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full;
    }

    /// <summary>train.csv: train.corrected.csv; that: train.corrected-2.csv.</summary>
    static string Usual(string file)
    {
        var (stem, end) = (Path.GetFileNameWithoutExtension(file), Path.GetExtension(file));
        var again = Again().Match(stem);
        var name = !again.Success ? $"{stem}.corrected{end}"
            : FormattableString.Invariant($"{again.Groups["stem"].Value}.corrected-{(again.Groups["n"].Success ? int.Parse(again.Groups["n"].Value, System.Globalization.CultureInfo.InvariantCulture) : 1) + 1}{end}");
        return Path.Combine(Path.GetDirectoryName(file) ?? "", name);
    }

    [GeneratedRegex(@"^(?<stem>.+)\.corrected(-(?<n>[0-9]{1,4}))?\z")]
    private static partial Regex Again();

    // From the audit's folder, so that data and runs may be moved together.
    static string Relative(string output, string path) => Path.GetRelativePath(Path.GetDirectoryName(Path.GetFullPath(output))!, Path.GetFullPath(path));
}
