namespace Tutti.Evaluation;

/// <summary>What a blend, or rows that were seen in several ways, brought on the same held-out rows.</summary>
/// <param name="Of">Such as "blend (mean)".</param>
/// <param name="Over">What it is compared with, such as "vit, the best member".</param>
/// <param name="Differences">The former minus the latter, of each answer.</param>
public sealed record Gain(string Of, string Over, IReadOnlyList<AnswerDifference> Differences);
