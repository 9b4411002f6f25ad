using Tutti.Models;
using Tutti.Tests.Models;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Training;

/// <summary>Texts of random ids whose class a tiny encoder can learn.</summary>
static class SomeExamples
{
    /// <summary>Id 2, then 1 to 12 ids, then 3. Class 1 when id 10 stands among them.</summary>
    public static Example[] Of(int count, int classes = 2, int seed = 1)
    {
        var random = RandomStream.Of(seed, "some examples");
        return [.. Enumerable.Range(0, count).Select(row =>
        {
            var label = random.Below(row * 64, classes);
            var ids = Enumerable.Range(0, 1 + random.Below((row * 64) + 1, 12)).Select(i => 14 + random.Below((row * 64) + 2 + i, Tiny.Vocabulary - 14)).ToArray();
            ids[random.Below((row * 64) + 20, ids.Length)] = 9 + label;
            return new Example([2, .. ids, 3], null, label, row);
        })];
    }

    public static FitResult FitInTest(this Learner learner, IReadOnlyList<Example> train, IReadOnlyList<Example> valid, FitProgress? progress = null) =>
        learner.Fit(train, valid, progress, TestContext.Current.CancellationToken);

    public static double[] Predict(TextModel model, IReadOnlyList<Example> examples, Precision precision = Precision.Fp32, int tokens = 4096) =>
        Predictor.Probabilities(model, examples, precision, tokens, TestContext.Current.CancellationToken);

    /// <summary>Keeps what is reported, at once and in order.</summary>
    public sealed class Kept<T> : List<T>, IProgress<T>
    {
        void IProgress<T>.Report(T value) => Add(value);
    }
}
