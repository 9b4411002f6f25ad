namespace Tutti.Recipes;

/// <summary>
/// A trained run inside an application: all its models stay loaded. Thread-safe: callers take turns, and a call with many texts is computed as one batch.
/// </summary>
public sealed class TextClassifier : IDisposable
{
    readonly Lock turn = new();
    readonly TrainedModel[][] members;
    readonly RunBlend blend;

    TextClassifier(TrainedRun run, TrainedModel[][] members) => (Classes, this.members, blend) = (run.Classes, members, run.Blend);

    /// <summary>Class names, in the order of <see cref="Probabilities"/>.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>Loads every model of a run folder.</summary>
    /// <exception cref="DataException">Not a finished run.</exception>
    public static TextClassifier Load(string folder)
    {
        RunTask.RequireClasses(new(folder), "text classifiers");
        var run = TrainedRun.Open(folder);
        return new(run, run.Load());
    }

    /// <summary>Classes with their probabilities, the most probable first.</summary>
    public IReadOnlyList<(string Label, double Probability)> Predict(string text)
    {
        var row = Probabilities([text]);
        return [.. Classes.Zip(row).OrderByDescending(pair => pair.Second).Select(pair => (pair.First, pair.Second))];
    }

    /// <summary>Probabilities of texts (n*K, row by row). The texts are taken as the recipe's template would have rendered them.</summary>
    public double[] Probabilities(IReadOnlyList<string> texts, IReadOnlyList<string>? pairs = null)
    {
        if (texts.Count == 0) return [];
        lock (turn) return blend.Apply([.. members.Select(models => Mean([.. models.Select(model => model.Probabilities(texts, pairs))]))]);
    }

    static double[] Mean(double[][] models) => Ensembling.Blend.Average(Ensembling.BlendKind.Mean, models, [.. models.Select(_ => 1.0 / models.Length)], 1);

    public void Dispose()
    {
        foreach (var model in members.SelectMany(models => models)) model.Dispose();
    }
}
