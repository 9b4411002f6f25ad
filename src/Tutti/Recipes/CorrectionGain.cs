using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Evaluation;
using Tutti.Predictions;
using Tutti.Reports;
using Tutti.Runs;

namespace Tutti.Recipes;

/// <summary>What corrected labels gained on some held-out rows: the run that was trained with them beside the one before, on the same rows.</summary>
/// <param name="Rows">Which, and by which labels.</param>
/// <param name="Before">Accuracy of the earlier run.</param>
/// <param name="After">Of this one.</param>
/// <param name="Gain">After less before; log-loss too, where less than 0 is better.</param>
public sealed record CorrectionGain(string Rows, Score Before, Score After, AgainstBest Gain)
{
    public const string Original = "labels as they were", Untouched = "rows that no correction touched", Corrected = "labels as corrected";
}

/// <summary>A run beside the earlier one whose labels were corrected.</summary>
/// <param name="Earlier">That run.</param>
/// <param name="AuditFile">What was corrected.</param>
/// <param name="Cells">All of the run.</param>
/// <param name="Reused">Of them the earlier run's.</param>
/// <param name="OtherSettings">What the two recipes differ in beside the labels: the gain is of that too.</param>
/// <param name="Gains">By the labels as they were first; then of untouched rows; where held-out rows were corrected, by the new labels.</param>
public sealed record CorrectionOutcome(string Earlier, string AuditFile, CorrectionAudit Audit, int Cells, int Reused, IReadOnlyList<string> OtherSettings, IReadOnlyList<CorrectionGain> Gains)
{
    /// <summary>Compares and writes <c>corrections.json</c>; null where no labels were corrected, or the earlier run has no predictions any more.</summary>
    internal static CorrectionOutcome? Of(Recipe recipe, RunFolder files, RunData data, int cells, int reused, IProgress<RunNews> news)
    {
        if (data.Corrected is not { } corrected) return null;
        if (!File.Exists(corrected.Earlier.OutOfFold))
        {
            news.Report(new NoteNews($"what the corrected labels gained is not known: {corrected.Earlier.Root} has no {Path.GetFileName(corrected.Earlier.OutOfFold)}"));
            return null;
        }
        var gains = Compared(PredictionFile.Read(corrected.Earlier.OutOfFold).Labelled(), PredictionFile.Read(files.OutOfFold).Labelled());
        var settings = SettingsDifference.Of(Comparable(Recipe.Load(corrected.Earlier.Recipe)), Comparable(recipe));
        var outcome = new CorrectionOutcome(corrected.Earlier.Root, corrected.AuditFile, corrected.Audit, cells, reused, settings, gains);
        AtomicFile.Write(files.Corrections, outcome.Json().ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
        foreach (var line in outcome.Lines()) news.Report(new NoteNews(line));
        return outcome;
    }

    /// <summary>The same predictions by the labels as they were, on the rows whose label stayed, and by the labels as they are now.</summary>
    internal static CorrectionGain[] Compared(PredictionSet before, PredictionSet after)
    {
        var rowOf = after.Ids.Index().ToDictionary(item => item.Item, item => item.Index, StringComparer.Ordinal);
        int[] rows = [.. Enumerable.Range(0, before.Count).Where(row => rowOf.ContainsKey(before.Ids[row]))], other = [.. rows.Select(row => rowOf[before.Ids[row]])];
        if (rows.Length == 0 || !before.Classes.SequenceEqual(after.Classes)) return [];
        var (first, second) = (before.Rows(rows), after.Rows(other));
        int[] same = [.. Enumerable.Range(0, rows.Length).Where(row => first.Labels![row] == second.Labels![row])];
        List<CorrectionGain> gains = [];
        if (same.Length < rows.Length) gains.Add(Gain(CorrectionGain.Original, first, With(second, first.Labels!)));
        if (same.Length > 0) gains.Add(Gain(CorrectionGain.Untouched, first.Rows(same), second.Rows(same)));
        if (same.Length < rows.Length) gains.Add(Gain(CorrectionGain.Corrected, With(first, second.Labels!), second));
        return [.. gains];
    }

    static CorrectionGain Gain(string rows, PredictionSet before, PredictionSet after) => new(rows, Accuracy(before), Accuracy(after), Leaderboard.Difference(after, before));

    static Score Accuracy(PredictionSet set)
    {
        int[] predicted = set.Predicted(), right = [.. set.Labels!.Zip(predicted, (label, one) => label == one ? 1 : 0)];
        return Bootstrap.Interval(right.Length, drawn =>
        {
            var sum = 0;
            foreach (var row in drawn) sum += right[row];
            return (double)sum / drawn.Length;
        });
    }

    static PredictionSet With(PredictionSet set, int[] labels) => new(set.Ids, set.Classes, set.Probabilities, labels, set.Folds);

    // Neither the file of the rows nor what does not change a prediction.
    static JsonObject Comparable(Recipe recipe) => RecipeJson.Node(new { recipe.Task, Data = recipe.Data with { Train = "", Test = null, Sample = null }, recipe.Seed, recipe.Train, recipe.TestTime, recipe.Members, recipe.Blend });

    /// <summary>One sentence for each gain, and what else they may be due to.</summary>
    public IEnumerable<string> Lines()
    {
        yield return FormattableString.Invariant($"corrected labels: {Audit.Count(CorrectionKind.Changed)} rows changed and {Audit.Count(CorrectionKind.Dropped)} left out since {Earlier}, whose folds are kept; {AuditFile} says by whom and why");
        foreach (var one in Gains)
            yield return FormattableString.Invariant($"corrected labels: by {one.Rows} ({one.After.N} held-out rows) accuracy was {one.Before.Value:0.0000} and is {one.After.Value:0.0000}, gain {one.Gain.Accuracy.Difference.Value:0.0000} ({one.Gain.Accuracy.Difference.Low:0.0000} to {one.Gain.Accuracy.Difference.High:0.0000})");
        if (Audit.Count(CorrectionKind.HeldBack) is > 0 and var held) yield return FormattableString.Invariant($"corrected labels: {held} held-out rows were corrected too, but are only measured by and stayed as they were (--apply-test)");
        if (OtherSettings.Count > 0) yield return $"corrected labels: the recipe is another one too, so that the gain is not of the labels alone: {string.Join("; ", OtherSettings)}";
    }

    JsonObject Json() => new()
    {
        ["earlier"] = Earlier,
        ["audit"] = AuditFile,
        ["changed"] = Audit.Count(CorrectionKind.Changed),
        ["dropped"] = Audit.Count(CorrectionKind.Dropped),
        ["confirmed"] = Audit.Count(CorrectionKind.Confirmed),
        ["heldBack"] = Audit.Count(CorrectionKind.HeldBack),
        ["testApplied"] = Audit.TestApplied,
        ["cells"] = Cells,
        ["reused"] = Reused,
        ["otherSettings"] = new JsonArray([.. OtherSettings.Select(line => JsonValue.Create(line))]),
        ["gains"] = new JsonArray([.. Gains.Select(one => (JsonNode)new JsonObject
        {
            ["rows"] = one.Rows,
            ["before"] = Leaderboard.Json(one.Before),
            ["after"] = Leaderboard.Json(one.After),
            ["gain"] = Leaderboard.Json(one.Gain),
        })]),
    };
}
