using System.Diagnostics;
using Tutti.Distributed;
using Tutti.Models;

namespace Tutti.Training;

/// <summary>How long an update takes, measured by a few real ones of a model that is thrown away. Nothing is written, and no stream of random numbers is shared with a fit that counts.</summary>
/// <param name="Seconds">Of an update: the median, without the first, which finds memory and caches cold.</param>
/// <param name="Sums">Those of them that summing gradients over processes still took when this one's share was computed.</param>
/// <param name="Updates">Of the whole fit.</param>
readonly record struct UpdateTrial(double Seconds, double Sums, long Updates)
{
    /// <summary>Updates at least and at most.</summary>
    public const int Fewest = 3, Most = 8;

    /// <summary>One process ends a trial after so long, when it has the fewest updates.</summary>
    static readonly TimeSpan enough = TimeSpan.FromSeconds(10);

    /// <summary>As many updates as another trial may take about as long with.</summary>
    public static int Count(double seconds) => (int)Math.Clamp(enough.TotalSeconds / seconds, Fewest, Most);

    /// <param name="model">Its weights are changed.</param>
    /// <param name="ranks">The processes that share every update; null: this one alone.</param>
    /// <param name="updates">At most; of several processes exactly so many.</param>
    /// <exception cref="TrainingException">The numbers broke.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, here or in another process, before enough updates were done.</exception>
    public static UpdateTrial Of(Network model, TrainConfig config, long seed, IReadOnlyList<Example> train, IReadOnlyList<Example> valid, Objective objective, Ranks? ranks, int updates, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var (begun, done) = (Stopwatch.GetTimestamp(), false);
        List<StepResult> steps = [];
        // Long enough that the last update, which is evaluated, is never reached.
        var brief = config with { Epochs = Math.Max(config.Epochs, updates + 2), EvaluateEvery = int.MaxValue };
        try
        {
            new Learner(model, brief, seed, objective: objective) { Ranks = ranks }.Fit(train, valid, new(new Steps(step =>
            {
                steps.Add(step);
                done = steps.Count >= updates || (ranks is null && steps.Count >= Fewest && Stopwatch.GetElapsedTime(begun) > enough);
                if (done) stop.Cancel();
            })), stop.Token);
        }
        catch (OperationCanceledException) when (done)
        {
            return new(Median(steps, step => step.Seconds), Median(steps, step => step.SumSeconds), steps[0].Updates / brief.Epochs * config.Epochs);
        }
        throw new InvalidOperationException("a trial is ended before its last update");
    }

    static double Median(List<StepResult> steps, Func<StepResult, double> of)
    {
        var sorted = steps.Skip(1).Select(of).Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    sealed class Steps(Action<StepResult> to) : IProgress<StepResult>
    {
        public void Report(StepResult value) => to(value);
    }
}
