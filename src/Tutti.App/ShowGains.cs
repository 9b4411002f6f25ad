using System.Globalization;
using Spectre.Console;
using Tutti.Evaluation;

namespace Tutti.App;

/// <summary>Prints differences on the same held-out rows.</summary>
static class ShowGains
{
    /// <summary>What the blend and test-time views brought, a line for each target; nothing where a run has neither.</summary>
    /// <param name="gains">Of a run.</param>
    /// <param name="to">Where; null: standard output.</param>
    public static void All(IReadOnlyList<Gain> gains, IAnsiConsole? to = null)
    {
        if (gains.Count == 0) return;
        var console = to ?? Show.Out;
        console.WriteLine("Gains: differences on the same held-out rows, 95 % intervals");
        foreach (var gain in gains)
        {
            console.WriteLine($"  {gain.Of} over {gain.Over}");
            foreach (var one in gain.Differences) console.WriteLine($"    {(one.Name.Length > 0 ? $"{one.Name}: " : "")}{Value(one)}, {(one.Measure == "MAE" ? "loss" : "log-loss")} {Loss(one)}");
        }
        console.WriteLine();
    }

    /// <summary>The difference of the measure: "accuracy +0.012 (-0.001 to +0.025)".</summary>
    public static string Value(AnswerDifference one) => $"{one.Measure} {Signed(one.Value)}";

    /// <summary>The difference of the mean loss.</summary>
    public static string Loss(AnswerDifference one) => Signed(one.Loss);

    /// <summary>A difference with its interval.</summary>
    public static string Signed(PairedResult result) => $"{Signed(result.Difference.Value)} ({Signed(result.Difference.Low)} to {Signed(result.Difference.High)})";

    static string Signed(double value) => value.ToString("+0.000;-0.000;0.000", CultureInfo.InvariantCulture);
}
