using Tutti.Predictions;

namespace Tutti.Tests.Ensembling;

/// <summary>Arbitrary predictions for property tests, the same for the same seed.</summary>
static class Some
{
    public static PredictionSet Predictions(int seed, int rows, int classes)
    {
        var random = new Random(seed);
        var probabilities = new double[rows * classes];
        for (var i = 0; i < rows; i++)
        {
            var row = probabilities.AsSpan(i * classes, classes);
            var sum = 0.0;
            foreach (ref var p in row) sum += p = random.NextDouble() + 1e-9;
            foreach (ref var p in row) p /= sum;
        }
        return new([.. Enumerable.Range(0, rows).Select(i => $"row {i}")], [.. Enumerable.Range(0, classes).Select(k => $"class {k}")], probabilities,
            [.. Enumerable.Range(0, rows).Select(_ => random.Next(classes))], [.. Enumerable.Range(0, rows).Select(i => i % 5)]);
    }
}
