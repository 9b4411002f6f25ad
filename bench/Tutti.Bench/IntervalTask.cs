using Tutti.Evaluation;
using Tutti.Torch;

namespace Tutti.Bench;

/// <summary>How often intervals held the truth, and tests claimed a difference where there is none.</summary>
/// <param name="Covered">Shares of repetitions; NaN where that is not asked.</param>
/// <param name="Alarms">The interval of a difference that is not there left 0 out.</param>
/// <param name="SmallP">P below 0.05 where there is no difference.</param>
sealed record Frequencies(double Covered, double Alarms, double SmallP);

/// <summary>Simulated evaluations whose truth is known, again and again.</summary>
static class IntervalTask
{
    const int Rows = 200, Resamples = 1000;
    const double Right = 0.8, Difference = 0.1;

    /// <summary>True class (row) and predicted one, of three classes that are not alike.</summary>
    static readonly double[,] confusion = { { 0.42, 0.05, 0.03 }, { 0.06, 0.22, 0.02 }, { 0.05, 0.03, 0.12 } };

    /// <summary>What is simulated, by name.</summary>
    public static IReadOnlyDictionary<string, Func<int, Frequencies>> Cases { get; } = new Dictionary<string, Func<int, Frequencies>>
    {
        ["accuracy"] = repetitions => Covering(repetitions, Right, random =>
        {
            bool[] right = [.. Enumerable.Range(0, Rows).Select(_ => random.Uniform() < Right)];
            return (Rows, rows => Share(rows, row => right[row]));
        }),
        ["log-loss"] = repetitions => Covering(repetitions, 0.5, random =>
        {
            // Skewed, as losses are: most are small. A gamma of shape 2 with mean 0.5.
            double[] losses = [.. Enumerable.Range(0, Rows).Select(_ => -0.25 * Math.Log((1 - random.Uniform()) * (1 - random.Uniform())))];
            return (Rows, rows => Mean(rows, losses));
        }),
        ["F1-macro"] = repetitions => Covering(repetitions, TrueF1(), random =>
        {
            var drawn = Enumerable.Range(0, Rows).Select(_ => Draw(random)).ToArray();
            return (Rows, F1);

            double F1(ReadOnlySpan<int> rows)
            {
                var (truth, predicted) = (new int[rows.Length], new int[rows.Length]);
                for (var i = 0; i < rows.Length; i++) (truth[i], predicted[i]) = drawn[rows[i]];
                return Metrics.F1MacroOfPresent(new(truth, predicted, 3));
            }
        }),
        ["paired-bootstrap"] = Paired,
        ["McNemar"] = McNemar,
    };

    static Frequencies Covering(int repetitions, double truth, Func<Draws, (int Rows, RowMetric Metric)> draw)
    {
        var covered = 0;
        Parallel.For(0, repetitions, repetition =>
        {
            var (rows, metric) = draw(new("covering", repetition));
            var score = Bootstrap.Interval(rows, metric, (ulong)repetition, Resamples);
            if (score.Low <= truth && truth <= score.High) Interlocked.Increment(ref covered);
        });
        return new((double)covered / repetitions, double.NaN, double.NaN);
    }

    // Losses of two models that find the same rows hard.
    static Frequencies Paired(int repetitions)
    {
        var (covered, alarms, small) = (0, 0, 0);
        Parallel.For(0, repetitions, repetition =>
        {
            var random = new Draws("paired", repetition);
            var (first, second) = (new double[Rows], new double[Rows]);
            for (var row = 0; row < Rows; row++)
            {
                var hard = random.Normal();
                (first[row], second[row]) = (hard + (0.5 * random.Normal()) + Difference, hard + (0.5 * random.Normal()));
            }
            var result = PairedTest.Bootstrap(first, second, (ulong)repetition, Resamples);
            if (result.Difference.Low <= Difference && Difference <= result.Difference.High) Interlocked.Increment(ref covered);
            var none = PairedTest.Bootstrap([.. first.Select(value => value - Difference)], second, (ulong)repetition, Resamples);
            if (none.Significant) Interlocked.Increment(ref alarms);
            if (none.P < 0.05) Interlocked.Increment(ref small);
        });
        return new((double)covered / repetitions, (double)alarms / repetitions, (double)small / repetitions);
    }

    // Two models as good as each other; the exact test keeps below the level it promises.
    static Frequencies McNemar(int repetitions)
    {
        var small = 0;
        Parallel.For(0, repetitions, repetition =>
        {
            var random = new Draws("McNemar", repetition);
            var (first, second) = (new bool[5 * Rows], new bool[5 * Rows]);
            for (var row = 0; row < first.Length; row++) (first[row], second[row]) = (random.Uniform() < Right, random.Uniform() < Right);
            if (PairedTest.McNemar(first, second) < 0.05) Interlocked.Increment(ref small);
        });
        return new(double.NaN, double.NaN, (double)small / repetitions);
    }

    static double TrueF1() => Enumerable.Range(0, 3).Average(k => 2 * confusion[k, k] / Enumerable.Range(0, 3).Sum(c => confusion[k, c] + confusion[c, k]));

    static (int Truth, int Predicted) Draw(Draws random)
    {
        var left = random.Uniform();
        for (var cell = 0; cell < 8; cell++)
            if ((left -= confusion[cell / 3, cell % 3]) < 0) return (cell / 3, cell % 3);
        return (2, 2);
    }

    static double Mean(ReadOnlySpan<int> rows, double[] values)
    {
        var sum = 0.0;
        foreach (var row in rows) sum += values[row];
        return sum / rows.Length;
    }

    static double Share(ReadOnlySpan<int> rows, Predicate<int> of)
    {
        var count = 0;
        foreach (var row in rows)
            if (of(row)) count++;
        return (double)count / rows.Length;
    }

    /// <summary>The random numbers of one repetition, one after the other.</summary>
    sealed class Draws(string purpose, int repetition)
    {
        readonly RandomStream stream = RandomStream.Of(0, purpose, repetition);
        long next;

        public double Uniform() => stream.Uniform(next++);

        public double Normal() => Math.Sqrt(-2 * Math.Log(1 - Uniform())) * Math.Cos(2 * Math.PI * Uniform());
    }
}
