using Tutti.Evaluation;

namespace Tutti.Recipes;

/// <summary>How good a run's predictions of labelled rows are.</summary>
/// <param name="All">The scores of all rows.</param>
/// <param name="Seen">Rows that the run was trained on: scores on them say nothing about new ones.</param>
/// <param name="Unseen">The scores of the others; null where there are none, or no others than these.</param>
public sealed record RunScores(EvaluationSummary All, long Seen, EvaluationSummary? Unseen);

/// <summary>The same of labels, numbers or several targets.</summary>
/// <param name="All">The scores of all rows.</param>
/// <param name="Rows">Their number.</param>
/// <param name="Seen">Rows that the run was trained on.</param>
/// <param name="Unseen">The scores of the others; null where there are none, or no others than these.</param>
public sealed record AnswerRunScores(IReadOnlyList<AnswerSummary> All, int Rows, int Seen, IReadOnlyList<AnswerSummary>? Unseen);
