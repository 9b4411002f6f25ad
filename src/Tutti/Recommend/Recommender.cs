using System.Numerics.Tensors;

namespace Tutti.Recommend;

/// <summary>An item that a user rated and that is like a recommended one.</summary>
/// <param name="Similarity">The cosine of the two items' factors, or of who rated them.</param>
public sealed record NearItem(int Item, double Similarity, float Rating);

/// <summary>What a direction among the items' factors adds to a recommendation.</summary>
/// <param name="Axis">Which, from 0.</param>
/// <param name="Towards">Well-known items at the end of the axis where the recommended one lies, the farthest first.</param>
/// <param name="Away">The same at the other end.</param>
/// <param name="Adds">To the sum that the rating is made of.</param>
public sealed record AxisReason(int Axis, IReadOnlyList<int> Towards, IReadOnlyList<int> Away, double Adds);

/// <summary>An item for a user, and why.</summary>
/// <param name="Rating">What the user is expected to rate it; of models that only rank, the higher the better.</param>
/// <param name="Near">What of the user's own items is most like it.</param>
/// <param name="Because">Axes that speak for it, the strongest first; none where the model has no factors.</param>
public sealed record Recommendation(int Item, double Rating, IReadOnlyList<NearItem> Near, IReadOnlyList<AxisReason> Because);

/// <summary>Finds items for users who are known, or who are taken in by what they rated. Safe to ask from several threads.</summary>
public sealed class Recommender
{
    const int MostNear = 3, MostAxes = 2, Axes = 4, Ends = 3;

    readonly RatingModel model;
    readonly RatingRows seen;
    readonly RatingFactors? factors;
    readonly Lazy<ItemAxes?> axes;
    readonly Lazy<int[][]> raters;

    /// <param name="model">Whose answers.</param>
    /// <param name="seen">What users rated: they are not recommended it again, and recommendations are explained by it.</param>
    /// <param name="explaining">Factors to explain by and to take users in with; null: the model's own, where it has some.</param>
    public Recommender(RatingModel model, RatingRows seen, RatingFactors? explaining = null)
    {
        (this.model, this.seen) = (model, seen);
        factors = explaining ?? model.Factors;                // asked for once: a model may make these arrays for the asking
        axes = new(() => factors is null ? null : new ItemAxes(factors, seen, Axes, Ends));
        raters = new(() => RatersOf(seen));
    }

    /// <summary>The axes of the items' factors; null where the model has none.</summary>
    public ItemAxes? ItemAxes => axes.Value;

    /// <summary>The best items that a known user has not rated.</summary>
    public IReadOnlyList<Recommendation> For(int user, int count)
    {
        if (user < 0 || user >= model.UserCount) throw new ArgumentOutOfRangeException(nameof(user), user, $"expected 0 to {model.UserCount - 1}");
        var own = Enumerable.Range(0, seen.Count).Where(row => seen.Users[row] == user).ToArray();
        var (items, ratings) = (Array.ConvertAll(own, row => seen.Items[row]), Array.ConvertAll(own, row => seen.Values[row]));
        var scores = new float[model.ItemCount];
        model.Scores(user, scores);
        return Explained(scores, count, items, ratings, factors is null ? default : factors.OfUser(user));
    }

    /// <summary>The best items for somebody new, who has rated some.</summary>
    /// <returns>Null where the model cannot take users in.</returns>
    public IReadOnlyList<Recommendation>? ForNew(IReadOnlyList<int> items, IReadOnlyList<float> ratings, int count)
    {
        if (model.FoldIn([.. items], [.. ratings]) is not { } scores) return null;
        return Explained(scores, count, items, ratings, factors is null ? default : new FoldedUser(factors, items, ratings).Vector);
    }

    List<Recommendation> Explained(float[] scores, int count, IReadOnlyList<int> items, IReadOnlyList<float> ratings, ReadOnlySpan<float> vector)
    {
        List<Recommendation> found = [];
        var liked = ratings.Count == 0 ? 0 : ratings.Average();
        foreach (var item in Ranking.Top(scores, count, items.ToHashSet()))
        {
            // What the user likes less than usual explains nothing.
            var near = items.Zip(ratings).Where(pair => pair.Second >= liked).Select(pair => new NearItem(pair.First, Similarity(item, pair.First), pair.Second))
                .Where(one => one.Similarity > 0).OrderByDescending(one => one.Similarity).ThenBy(one => one.Item).Take(MostNear);
            found.Add(new(item, scores[item], [.. near], vector.IsEmpty || axes.Value is not { } known ? [] : known.Reasons(vector, item, MostAxes)));
        }
        return found;
    }

    double Similarity(int a, int b)
    {
        if (factors is not null) return Cosine(factors.OfItem(a), factors.OfItem(b));
        var (first, second) = (raters.Value[a], raters.Value[b]);
        return first.Length == 0 || second.Length == 0 ? 0 : first.Intersect(second).Count() / Math.Sqrt((double)first.Length * second.Length);
    }

    static double Cosine(ReadOnlySpan<float> a, ReadOnlySpan<float> b) => TensorPrimitives.Norm(a) is var x and > 0 && TensorPrimitives.Norm(b) is var y and > 0 ? TensorPrimitives.Dot(a, b) / ((double)x * y) : 0;

    static int[][] RatersOf(RatingRows rows)
    {
        var raters = new List<int>[rows.ItemCount];
        for (var item = 0; item < raters.Length; item++) raters[item] = [];
        for (var row = 0; row < rows.Count; row++) raters[rows.Items[row]].Add(rows.Users[row]);
        return [.. raters.Select(users => users.ToArray())];
    }
}
