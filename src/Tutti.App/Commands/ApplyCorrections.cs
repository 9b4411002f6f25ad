using System.CommandLine;
using System.Text.Json.Nodes;
using Tutti.Labels;
using Tutti.Recipes;

namespace Tutti.App.Commands;

/// <summary><c>tutti labels --apply</c>: corrections to a corrected copy and its audit.</summary>
static class ApplyCorrections
{
    static readonly Option<string?> apply = new("--apply") { Description = "Corrections, the queue with label, who, when and why filled in: writes a corrected copy of the training file, and an audit beside it.", HelpName = "FILE.csv" };
    static readonly Option<bool> test = new("--apply-test") { Description = "With --apply: correct rows too that are only held out, never trained on." };
    static readonly Option<string?> data = new("--data") { Description = "With --apply and without a run: the file whose labels are corrected.", HelpName = "FILE" };
    static readonly Option<string?> label = new("--label") { Description = "With --data: the column of the labels; label unless said.", HelpName = "COLUMN" };
    static readonly Option<string?> id = new("--id") { Description = "With --data: the column that names rows; without it they are counted from 0.", HelpName = "COLUMN" };

    public static IEnumerable<Option> Options => [apply, test, data, label, id];

    /// <summary>Whether the command line asks for this.</summary>
    /// <exception cref="ConfigException">Options that belong to it stand alone.</exception>
    public static bool IsAsked(ParseResult parsed)
    {
        if (parsed.GetValue(apply) is not null) return true;
        foreach (var (name, given) in new[] { ("--apply-test", parsed.GetValue(test)), ("--data", parsed.GetValue(data) is not null), ("--label", parsed.GetValue(label) is not null), ("--id", parsed.GetValue(id) is not null) })
            if (given) throw new ConfigException(name, "belongs to --apply FILE.csv, which is not given\nnext: tutti labels --help");
        return false;
    }

    /// <summary>Does it.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="run">The run, or null.</param>
    /// <param name="output">The corrected copy, or null.</param>
    /// <param name="json">Print JSON.</param>
    public static int Run(ParseResult parsed, string? run, string? output, bool json)
    {
        var source = (run, parsed.GetValue(data)) switch
        {
            ({ } folder, null) when parsed.GetValue(label) is null && parsed.GetValue(id) is null => OfRun(folder),
            (null, { } file) => LabelledFile.OfFile(file, parsed.GetValue(label) ?? "label", parsed.GetValue(id)),
            _ => throw new ConfigException("tutti labels --apply", "expected --run DIR, or --data FILE with --label COLUMN and --id COLUMN\nnext: tutti labels --help"),
        };
        var corrections = CorrectionFile.Read(parsed.GetValue(apply)!);
        var copy = CorrectedCopy.Write(source, corrections, output, parsed.GetValue(test));
        if (corrections.Ignored.Count > 0) Show.Warning($"columns not read: {string.Join(", ", corrections.Ignored)}");
        if (copy.Audit.Count(CorrectionKind.HeldBack) is > 0 and var held)
            Show.Warning(FormattableString.Invariant($"{held} rows that are only held out, never trained on, keep their labels: test rows are not repaired unless --apply-test says so; the audit names them"));
        if (json) Show.Line(Json(copy).ToJsonString(new() { WriteIndented = true }));
        else Print(copy, source);
        return 0;
    }

    static LabelledFile OfRun(string folder) => !RunTask.HasPictures(new(folder)) ? LabelledFile.OfRun(folder)
        : throw new ConfigException("--apply", $"{folder} is a run of pictures, whose labels are corrected by hand so far: move files into the folders of their classes, or change the labels of the table, and train into another run folder");

    static void Print(CorrectedCopy copy, LabelledFile source)
    {
        var audit = copy.Audit;
        Show.Line(FormattableString.Invariant($"{audit.Count(CorrectionKind.Changed)} labels changed, {audit.Count(CorrectionKind.Dropped)} rows left out, {audit.Count(CorrectionKind.Confirmed)} labels confirmed, {copy.Open} rows not looked at; {source.Table.File} stays as it was"));
        Show.Line($"corrected copy: {copy.File}");
        Show.Line($"audit: {copy.AuditFile}");
        if (source.Run is { } run)
            Show.Line($"next: tutti train {run.Recipe} --set data.train={Path.GetFullPath(copy.File)} --run {Path.TrimEndingDirectorySeparator(run.Root)}-corrected");
    }

    static JsonObject Json(CorrectedCopy copy) => new()
    {
        ["corrected"] = copy.File,
        ["audit"] = copy.AuditFile,
        ["changed"] = copy.Audit.Count(CorrectionKind.Changed),
        ["dropped"] = copy.Audit.Count(CorrectionKind.Dropped),
        ["confirmed"] = copy.Audit.Count(CorrectionKind.Confirmed),
        ["heldBack"] = copy.Audit.Count(CorrectionKind.HeldBack),
        ["open"] = copy.Open,
    };
}
