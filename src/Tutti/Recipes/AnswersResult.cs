using Tutti.Evaluation;
using Tutti.Reports;
using Tutti.Runs;

namespace Tutti.Recipes;

/// <summary>What a run came to that learnt labels, numbers or several targets.</summary>
/// <param name="Files">The run folder.</param>
/// <param name="Leaderboard">Members, blend and baselines with intervals.</param>
/// <param name="Answers">Scores of the blend, on rows that no model behind a prediction was trained on.</param>
/// <param name="Test">Predictions of the test rows, or null.</param>
/// <param name="Submission">The file for the test rows, or null.</param>
public sealed record AnswersResult(RunFolder Files, AnswerBoard Leaderboard, IReadOnlyList<AnswerSummary> Answers, string? Test, string? Submission)
{
    /// <summary>What the blend brought over the best member, and test-time views to each member.</summary>
    public IReadOnlyList<Gain> Gains { get; init; } = [];
}
