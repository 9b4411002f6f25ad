using System.Globalization;
using System.Numerics;
using System.Numerics.Tensors;
using Tutti.Predictions;

namespace Tutti.Labels;

/// <summary>What one pass over the rows keeps of each: all that most filters and scores need.</summary>
sealed class RowFacts
{
    /// <summary>Equal within this much counts as equal when a given label is compared with what the model says.</summary>
    public const double Slack = 1e-6;

    RowFacts(int count) => (Self, Rival, Other) = (new double[count], new double[count], new int[count]);

    /// <summary>Probability of the given label.</summary>
    public double[] Self { get; }

    /// <summary>Largest probability of another class.</summary>
    public double[] Rival { get; }

    /// <summary>That class, the lowest of equals: the label to suggest.</summary>
    public int[] Other { get; }

    /// <summary>Goes through the rows once and checks that each is a probability distribution.</summary>
    /// <exception cref="ArgumentException">A row is not; the first one is named.</exception>
    public static RowFacts Of<T>(ProbabilityRows<T> rows, int[] labels) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var facts = new RowFacts(rows.Count);
        var wrong = int.MaxValue;
        Lock finding = new();
        var fault = "";
        rows.Each((row, values) =>
        {
            if (FaultOf(values) is { } found)
            {
                lock (finding)
                    if (row < wrong) (wrong, fault) = (row, found);
                return;
            }
            var label = labels[row];
            var (best, value) = (-1, -1.0);
            if (label > 0)
            {
                best = TensorPrimitives.IndexOfMax(values[..label]);
                value = double.CreateChecked(values[best]);
            }
            if (label + 1 < values.Length)
            {
                var after = label + 1 + TensorPrimitives.IndexOfMax(values[(label + 1)..]);
                if (double.CreateChecked(values[after]) > value) (best, value) = (after, double.CreateChecked(values[after]));
            }
            facts.Self[row] = double.CreateChecked(values[label]);
            (facts.Other[row], facts.Rival[row]) = (best, value);
        });
        return wrong == int.MaxValue ? facts : throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"row {wrong}: {fault}"), nameof(rows));
    }

    /// <summary>Whether the model's most probable class (the lowest of equals) is the given label.</summary>
    public bool Agrees(int row, int label) => Self[row] > Rival[row] || (Self[row] == Rival[row] && label < Other[row]);

    /// <summary>The same with <see cref="Slack"/> in favour of the given label.</summary>
    public bool NearlyAgrees(int row, int label) => Self[row] + Slack is var self && (self > Rival[row] || (self == Rival[row] && label < Other[row]));

    static string? FaultOf<T>(ReadOnlySpan<T> values) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var sum = double.CreateChecked(TensorPrimitives.Sum(values));
        if (Math.Abs(sum - 1) <= PredictionSet.SumTolerance / 2 && TensorPrimitives.Min(values) >= T.Zero) return null;
        // The slow and exact look, with a message.
        var exact = new double[values.Length];
        for (var k = 0; k < exact.Length; k++) exact[k] = double.CreateChecked(values[k]);
        return PredictionSet.FaultOf(exact);
    }
}
