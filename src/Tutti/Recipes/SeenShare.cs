using Tutti.Ensembling;
using Tutti.Evaluation;

namespace Tutti.Recipes;

/// <summary>What the ways in which a member's rows are seen count for, and what that brought, whatever is said of a row.</summary>
/// <param name="Weight">Beside the plain prediction, for rows to come.</param>
/// <param name="ByFold">For each fold's rows.</param>
/// <param name="Rows">That were scored.</param>
/// <param name="Differences">From the plain predictions, for each answer.</param>
sealed record SeenShare(double Weight, IReadOnlyDictionary<int, double> ByFold, int Rows, IReadOnlyList<AnswerDifference> Differences)
{
    /// <summary>The rows were scored with shares that they had no part in.</summary>
    public bool Nested => ByFold.Count > 1;

    public static SeenShare Of(ViewShare share) => new(share.Weight, share.ByFold, share.Predictions.Count, [AnswerDifference.OfClasses(share.Accuracy, share.LogLoss.Reversed, null)]);

    public static SeenShare Of(AnswerViewShare share) => new(share.Weight, share.ByFold, share.Predictions.Count, share.Differences);

    /// <summary>What it brought, as a run tells it.</summary>
    /// <param name="member">Whose rows.</param>
    /// <param name="seen">In which ways.</param>
    public Gain Gain(string member, TestTimeConfig seen) => new(FormattableString.Invariant($"{member} with {RecipeJson.Name(seen.Views)} (share {Weight:0.00}{(Nested || Weight == 0 ? "" : ", fitted to the same rows")})"), $"{member} without", Differences);
}
