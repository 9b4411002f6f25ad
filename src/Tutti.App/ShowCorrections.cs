using Spectre.Console;
using Tutti.Recipes;

namespace Tutti.App;

/// <summary>Corrected labels, on standard output.</summary>
static class ShowCorrections
{
    /// <summary>What they gained; by the labels as they were first.</summary>
    public static void Gain(CorrectionOutcome outcome)
    {
        var (console, audit) = (Show.Out, outcome.Audit);
        console.WriteLine(FormattableString.Invariant($"Corrected labels: {audit.Count(CorrectionKind.Changed)} rows changed and {audit.Count(CorrectionKind.Dropped)} left out since {outcome.Earlier}; {outcome.Reused} of {outcome.Cells} cells are that run's"));
        var table = Show.Table("held-out rows", "n", "accuracy before", "after", "gain (95 %)", "P", "log-loss gain (95 %)");
        foreach (var one in outcome.Gains)
            table.AddRow(Show.Cells(one.Rows, FormattableString.Invariant($"{one.After.N}"), Show.Interval(one.Before), Show.Interval(one.After), Show.Interval(one.Gain.Accuracy.Difference),
                FormattableString.Invariant($"{one.Gain.McNemar:0.000}"), Show.Interval(Less(one.Gain.LogLoss.Difference))));
        console.Write(table);
        console.WriteLine($"The gain to go by is that on {CorrectionGain.Untouched}; what follows is by the labels of the corrected file.");
        if (audit.Count(CorrectionKind.HeldBack) is > 0 and var held)
            Show.Warning(FormattableString.Invariant($"{held} corrections of held-out rows, which are only measured by, were not applied; look at them by themselves, and apply them with --apply-test"));
        if (outcome.OtherSettings.Count > 0) Show.Warning($"the recipe is another one too, so that the gain is not of the labels alone: {string.Join("; ", outcome.OtherSettings)}");
        console.WriteLine();
    }

    // Of a loss: above 0 is better.
    static Evaluation.Score Less(Evaluation.Score difference) => new(-difference.Value, -difference.High, -difference.Low, difference.N);
}
