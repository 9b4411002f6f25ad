using Tutti.Ensembling;
using Tutti.Evaluation;
using Tutti.Reports;
using Tutti.Runs;

namespace Tutti.Recipes;

/// <summary>What a run came to.</summary>
/// <param name="Files">The run folder.</param>
/// <param name="Leaderboard">Members, blend and baseline with intervals.</param>
/// <param name="Summary">Of the blend, on rows that no model behind a prediction was trained on.</param>
/// <param name="Blend">How members became one, and what that gained.</param>
/// <param name="Classes">Class names in the order of the confusion matrix.</param>
/// <param name="Test">Predictions of the test rows, or null.</param>
/// <param name="Submission">The file for the test rows, or null.</param>
public sealed record RunResult(RunFolder Files, Leaderboard Leaderboard, EvaluationSummary Summary, ChosenBlend Blend, IReadOnlyList<string> Classes, string? Test, string? Submission)
{
    /// <summary>What the blend brought over the best member, and test-time views to each member.</summary>
    public IReadOnlyList<Gain> Gains { get; init; } = [];

    /// <summary>What corrected labels gained; null where none were.</summary>
    public CorrectionOutcome? Corrections { get; init; }
}
