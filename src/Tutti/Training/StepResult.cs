using Tutti.Torch;

namespace Tutti.Training;

/// <summary>What one update did. Immutable: who watches a run cannot change it.</summary>
/// <param name="Update">From 1.</param>
/// <param name="Updates">Of the whole run.</param>
/// <param name="Epoch">From 1.</param>
/// <param name="Epochs">Of the whole run.</param>
/// <param name="Loss">Mean over the update's true weight.</param>
/// <param name="Rate">The learning rate used.</param>
/// <param name="GradientNorm">Before clipping.</param>
/// <param name="Examples">In this update.</param>
/// <param name="Tokens">In this update; padding is never counted because none is computed.</param>
/// <param name="Seconds">Of this update, from the choice of its examples to the new weights.</param>
/// <param name="DataSeconds">Those of them in which nothing was computed because examples were shuffled, cut or put together.</param>
/// <param name="Memory">Of the device, after the update.</param>
public sealed record StepResult(long Update, long Updates, int Epoch, int Epochs, double Loss, double Rate, double GradientNorm, int Examples, int Tokens, double Seconds, double DataSeconds, MemoryStats Memory)
{
    /// <summary>Those of the seconds in which gradients were still summed over processes, or others waited for, when this one's share was computed; 0 for one process.</summary>
    public double SumSeconds { get; init; }
}

/// <summary>What an evaluation of the held-out rows found.</summary>
/// <param name="Best">True when this is the best so far by the chosen measure; its weights are kept.</param>
public sealed record EvaluationResult(long Update, int Epoch, double Loss, double Accuracy, double MacroF1, bool Best, double Seconds)
{
    /// <summary>Of several targets each one's score; empty where there is one thing to learn.</summary>
    public IReadOnlyList<TargetScore> Targets { get; init; } = [];
}

/// <summary>Receives what happens during a fit; any part may be null.</summary>
/// <param name="Plans">How updates will be cut, before the first.</param>
/// <param name="Replays">Micro-batches that had no room and were computed again in pieces.</param>
/// <param name="Notes">What the user should know, such as a damaged resume point.</param>
public sealed record FitProgress(IProgress<StepResult>? Steps = null, IProgress<EvaluationResult>? Evaluations = null, IProgress<MemoryReport>? Plans = null,
    IProgress<ReplayResult>? Replays = null, IProgress<string>? Notes = null);

/// <summary>What a fit came to.</summary>
/// <param name="Best">The evaluation whose weights the model now has.</param>
/// <param name="Updates">Updates done.</param>
/// <param name="StoppedEarly">Training ended because nothing improved any more.</param>
/// <param name="Examples">Examples of all updates.</param>
/// <param name="Tokens">Tokens of all updates.</param>
/// <param name="Seconds">Of all updates, evaluations left out.</param>
/// <param name="DataSeconds">Those of them that updates waited for data.</param>
/// <param name="PeakBytes">The most memory in use.</param>
public sealed record FitResult(EvaluationResult Best, long Updates, bool StoppedEarly, long Examples, long Tokens, double Seconds, double DataSeconds, long PeakBytes);

/// <summary>Training cannot go on: the numbers broke. Says at which update and for which rows.</summary>
public sealed class TrainingException(string message) : Exception(message);
