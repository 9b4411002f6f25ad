using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using Tutti.Labels;
using Tutti.Predictions;
using Tutti.Recipes;
using Tutti.Reports;
using Tutti.Runs;

namespace Tutti.App.Commands;

static class LabelsCommand
{
    const int UsualTop = 20, LongestText = 70;

    static readonly Option<string?> run = new("--run") { Description = "A finished run: its held-out predictions, and the votes of its cells.", HelpName = "DIR" };
    static readonly Option<string?> probabilities = new("--probs") { Description = "Probabilities by any model that did not see the row: CSV with p_CLASS columns, or .npy.", HelpName = "FILE" };
    static readonly Option<string?> labels = new("--labels") { Description = "The labels beside --probs: a column of it (label unless said), or a file.", HelpName = "COLUMN|FILE" };
    static readonly Option<string> filter = new("--filter") { Description = $"What is an issue: {string.Join(", ", LabelNames.Filters.Keys)}.", HelpName = "NAME", DefaultValueFactory = _ => "prune_by_noise_rate" };
    static readonly Option<string> score = new("--score") { Description = $"What issues are ranked by: {string.Join(", ", LabelNames.Scores.Keys)}.", HelpName = "NAME", DefaultValueFactory = _ => "self_confidence" };
    static readonly Option<bool> outliers = new("--outliers") { Description = "In place of labels: the rows of a run, of training and test, that are unlike all others, by its models' embeddings." };
    static readonly Option<bool> duplicates = new("--duplicates") { Description = "In place of labels: rows of a run that are nearly the same, also across training and test and with different labels." };
    static readonly Option<int?> top = new("--top") { Description = $"Issues to print, {UsualTop} unless said; --out has all.", HelpName = "N" };
    static readonly Option<string?> output = new("--out") { Description = "Write all issues to a CSV file, to be filled in as corrections; with --apply the corrected copy.", HelpName = "FILE.csv" };
    static readonly Option<bool> json = new("--json") { Description = "Print JSON, with all issues unless --top says otherwise." };

    public static Command Make()
    {
        var command = new Command("labels", "Rows whose label is probably wrong, ranked, from a run's held-out predictions or from any probabilities.") { run, probabilities, labels, filter, score, outliers, duplicates, top, output, json };
        foreach (var option in ApplyCorrections.Options) command.Options.Add(option);
        command.SetAction(parsed => Session.Guard(parsed, () =>
        {
            if (ApplyCorrections.IsAsked(parsed))
            {
                if (parsed.GetValue(probabilities) is not null) throw new ConfigException("--probs", "has no part in --apply, which corrects the training file of --run, or --data FILE\nnext: tutti labels --help");
                return ApplyCorrections.Run(parsed, parsed.GetValue(run), parsed.GetValue(output), parsed.GetValue(json));
            }
            var how = (LabelNames.Find(LabelNames.Filters, parsed.GetValue(filter)!, "--filter"), LabelNames.Find(LabelNames.Scores, parsed.GetValue(score)!, "--score"));
            if (parsed.GetValue(top) is < 1) throw new ConfigException("--top", $"got {parsed.GetValue(top)}, expected a whole number from 1");
            if ((parsed.GetValue(outliers), parsed.GetValue(duplicates)) is var which && which != (false, false))
                return OtherIssues.Similar(parsed.GetValue(run), which, parsed.GetValue(top), UsualTop, parsed.GetValue(output), parsed.GetValue(json));
            if (parsed.GetValue(labels) is null && (parsed.GetValue(run), parsed.GetValue(probabilities)) switch
            {
                ({ } folder, null) => OtherIssues.OfRun(folder),
                (null, { } file) => OtherIssues.OfFile(file),
                _ => null,
            } is { } answers)
                return OtherIssues.Answers(answers, how, parsed.GetValue(top), UsualTop, parsed.GetValue(output), parsed.GetValue(json));
            var queue = (parsed.GetValue(run), parsed.GetValue(probabilities)) switch
            {
                ({ } folder, null) when parsed.GetValue(labels) is null => OfRun(new(folder), how),
                (null, { } file) => OfFile(file, parsed.GetValue(labels), how),
                _ => throw new ConfigException("tutti labels", "expected --run DIR, or --probs FILE with --labels COLUMN|FILE\nnext: tutti labels --help"),
            };
            if (parsed.GetValue(output) is { } path) queue.Write(path);
            if (parsed.GetValue(json)) Show.Line(LabelQueueJson.Of(queue, parsed.GetValue(top) ?? int.MaxValue).ToJsonString(new() { WriteIndented = true }));
            else
            {
                Print(queue, parsed.GetValue(top) ?? UsualTop, parsed.GetValue(output));
                if (queue.Issues.Count > 0) Next(parsed.GetValue(run), parsed.GetValue(output));
            }
            return 0;
        }));
        return command;
    }

    static LabelQueue OfRun(RunFolder run, (LabelFilter Filter, LabelQuality Score) how)
    {
        if (!File.Exists(run.OutOfFold)) throw new ConfigException(run.Root, $"has no {Path.GetFileName(run.OutOfFold)}; train it to the end: tutti train RECIPE --run {run.Root}");
        RunTask.RequireClasses(run, "label issues", pictures: true);
        var all = PredictionFile.Read(run.OutOfFold);
        var set = all.Labelled();
        if (set.Count == 0) throw new DataException(run.OutOfFold, "has no labelled rows");
        if (set.Count < all.Count) Show.Warning(FormattableString.Invariant($"{all.Count - set.Count} of {all.Count} rows have no label and are left out"));
        foreach (var gap in LabelGaps.Of(set.Classes, set.Labels!, set.Folds)) Show.Warning(gap);
        var queue = LabelQueue.Of(ProbabilityRows.Of(set.Probabilities, set.K), set.Labels!, set.Classes, set.Ids, how.Filter, how.Score, MemberVotes.Of(run, set.Classes));
        return queue.With(CellOpinions.Of(run, queue.Issues.Select(issue => issue.Id).ToHashSet(StringComparer.Ordinal)), Texts(run));
    }

    /// <summary>The texts of a run's rows; where its training file is gone or is another one now, that is said and there are none.</summary>
    static Func<string, string?> Texts(RunFolder run)
    {
        try
        {
            return LabelledFile.OfRun(run.Root).TextOf;
        }
        catch (InputException e)
        {
            Show.Warning($"texts are left out: {e.Message}");
            return _ => null;
        }
    }

    static void Next(string? run, string? written)
    {
        var target = run is null ? "--data FILE --label COLUMN --id COLUMN" : $"--run {run}";
        if (run is not null && written is not null && RunTask.HasPictures(new(run)))
        {
            Show.Line("next: look at the pictures, move what is wrong into the folder of its class (or change the table's label), and train into another run folder");
            return;
        }
        Show.Line(written is null ? $"next: tutti labels {(run is null ? "--probs FILE" : target)} --out queue.csv"
            : $"next: fill in label (the right one; empty: not looked at; {CorrectionFile.Drop}: leave the row out), who, when and why, then: tutti labels {target} --apply {written}");
    }

    static LabelQueue OfFile(string path, string? labels, (LabelFilter Filter, LabelQuality Score) how)
    {
        if (!path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase))
        {
            var file = ProbabilityFile.Read(path, labels ?? "label");
            if (file.Ignored.Count > 0) Show.Warning($"columns not read: {string.Join(", ", file.Ignored)}");
            foreach (var gap in LabelGaps.Of(file.Classes, file.Labels, null)) Show.Warning(gap);
            return LabelQueue.Of(ProbabilityRows.Of(file.Probabilities, file.Classes.Count), file.Labels, file.Classes, file.Ids, how.Filter, how.Score);
        }
        var matrix = NpyFile.Open(path);
        if (matrix.Columns < 2 || matrix.Rows == 0) throw new DataException(path, FormattableString.Invariant($"is {matrix.Rows} x {matrix.Columns}; expected rows, and a column for each of at least two classes"));
        if (labels is null) throw new ConfigException("--labels", $"is missing; expected a file with a label for each row of {path}");
        string[] classes = [.. Enumerable.Range(0, matrix.Columns).Select(k => k.ToString(CultureInfo.InvariantCulture))];
        var given = ProbabilityFile.ReadLabels(labels, matrix.Rows, path, classes);
        var ids = ProbabilityFile.Numbered(matrix.Rows);
        try
        {
            return matrix.IsSingle ? LabelQueue.Of(matrix.Stream<float>(), given, classes, ids, how.Filter, how.Score) : LabelQueue.Of(matrix.Stream<double>(), given, classes, ids, how.Filter, how.Score);
        }
        catch (ArgumentException e)
        {
            throw new DataException(path, e.Message, inner: e);
        }
    }

    static void Print(LabelQueue queue, int top, string? written)
    {
        var console = Show.Out;
        console.WriteLine(FormattableString.Invariant($"Label issues: {queue.Issues.Count} of {queue.Rows} rows; overall label health {queue.Health.Score:0.000}"));
        ShowAnswerIssues.Health(queue);
        if (queue.Issues.Count > 0)
        {
            var voted = queue.Issues.Any(issue => issue.Votes is not null);
            var texts = queue.Issues.Any(issue => issue.Text is not null);
            var table = Show.Table(["id", "given", "suggested", "quality", .. voted ? ["votes"] : (string[])[], .. texts ? ["text"] : (string[])[]]);
            foreach (var issue in queue.Issues.Take(top))
                table.AddRow(Show.Cells([issue.Id, queue.Classes[issue.Given], queue.Classes[issue.Suggested], Number(issue.Quality), .. voted ? [queue.VotesOf(issue)] : (string[])[], .. texts ? [Shortened(issue.Text)] : (string[])[]]));
            console.WriteLine(FormattableString.Invariant($"The {Math.Min(top, queue.Issues.Count)} least likely labels"));
            console.Write(table);
        }
        if (written is not null) Show.Line(FormattableString.Invariant($"{queue.Issues.Count} issues: {written}"));
    }

    static string Shortened(string? text)
    {
        var line = string.Join(' ', (text ?? "").Split(default(char[]), StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= LongestText ? line : line[..LongestText] + "…";
    }

    static string Number(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);
}
