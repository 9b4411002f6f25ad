using System.Globalization;
using Spectre.Console;
using Tutti.Evaluation;

namespace Tutti.App;

/// <summary>Prints differences on the same held-out rows.</summary>
static class ShowGains
{
    /// <summary>What the blend and test-time views brought; nothing where a run has neither.</summary>
    /// <param name="gains">Of a run.</param>
    /// <param name="to">Where; null: standard output.</param>
    public static void All(IReadOnlyList<Gain> gains, IAnsiConsole? to = null)
    {
        if (gains.Count == 0) return;
        var (console, several) = (to ?? Show.Out, gains.Any(gain => gain.Differences.Any(one => one.Name.Length > 0)));
        string[] target = several ? ["target"] : [];
        var table = Show.Table(["gain of", "over", .. target, "accuracy or its like", "loss"]);
        table.Columns[1].Alignment = Justify.Left;
        foreach (var gain in gains)
            foreach (var (i, one) in gain.Differences.Index())
                table.AddRow(Show.Cells([i == 0 ? gain.Of : "", i == 0 ? gain.Over : "", .. several ? (string[])[one.Name] : [], Value(one), Loss(one)]));
        console.WriteLine("Gains: differences on the same held-out rows, 95 % intervals");
        console.Write(table);
    }

    /// <summary>The difference of the measure: "accuracy +0.012 (-0.001 to +0.025)".</summary>
    public static string Value(AnswerDifference one) => $"{one.Measure} {Signed(one.Value)}";

    /// <summary>The difference of the mean loss.</summary>
    public static string Loss(AnswerDifference one) => Signed(one.Loss);

    public static string Signed(PairedResult result) => $"{Signed(result.Difference.Value)} ({Signed(result.Difference.Low)} to {Signed(result.Difference.High)})";

    static string Signed(double value) => value.ToString("+0.000;-0.000;0.000", CultureInfo.InvariantCulture);
}
