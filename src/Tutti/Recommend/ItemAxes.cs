namespace Tutti.Recommend;

/// <summary>
/// The directions in which the factors of items differ most. Factors themselves can be turned at will without changing an answer; these directions cannot, so they can be named: by the
/// well-known items at their ends.
/// </summary>
public sealed class ItemAxes
{
    readonly RatingFactors factors;
    readonly PrincipalAxes axes;
    readonly (int[] Low, int[] High)[] ends;

    /// <param name="factors">Of the items.</param>
    /// <param name="rows">Who rated what: items with fewer ratings than most name nothing.</param>
    /// <param name="count">Axes.</param>
    /// <param name="named">Items that name an end.</param>
    public ItemAxes(RatingFactors factors, RatingRows rows, int count, int named)
    {
        this.factors = factors;
        axes = PrincipalAxes.Of(factors.Items, factors.Width, count);
        Ratings = CrossTable.Counts(rows.Items, rows.ItemCount);
        var rated = Enumerable.Range(0, rows.ItemCount).Where(item => Ratings[item] > 0).OrderByDescending(item => Ratings[item]).ThenBy(item => item).ToArray();
        WellKnown = [.. rated.Take(Math.Max(2 * named, rated.Length / 4))];
        ends = [.. axes.Axes.Select((_, axis) =>
        {
            int[] sorted = [.. WellKnown.OrderBy(item => Along(item, axis)).ThenBy(item => item)];
            return (sorted.Take(named).ToArray(), sorted.Reverse().Take(named).ToArray());
        })];
    }

    /// <summary>Ratings of every item.</summary>
    public int[] Ratings { get; }

    /// <summary>The quarter of the rated items with the most ratings, the most first.</summary>
    public int[] WellKnown { get; }

    /// <summary>Axes, the one with the most variance first.</summary>
    public int Count => axes.Axes.Count;

    /// <summary>Of every axis, its share of the variance of the items' factors.</summary>
    public IReadOnlyList<double> Shares => axes.Shares;

    /// <summary>Well-known items at the ends of an axis, the farthest first.</summary>
    public (IReadOnlyList<int> Low, IReadOnlyList<int> High) Ends(int axis) => ends[axis];

    /// <summary>Where an item lies on an axis.</summary>
    public double Along(int item, int axis) => axes.Along(factors.OfItem(item), axis);

    /// <summary>The axes that speak most for an item, to a user with these factors.</summary>
    internal AxisReason[] Reasons(ReadOnlySpan<float> user, int item, int most)
    {
        List<AxisReason> reasons = [];
        for (var axis = 0; axis < Count; axis++)
        {
            var likes = 0.0;
            for (var c = 0; c < user.Length; c++) likes += user[c] * axes.Axes[axis][c];
            var along = Along(item, axis);
            // An item is no reason for itself.
            if (likes * along > 0) reasons.Add(new(axis, [.. (along > 0 ? ends[axis].High : ends[axis].Low).Where(other => other != item)], along > 0 ? ends[axis].Low : ends[axis].High, likes * along));
        }
        return [.. reasons.OrderByDescending(reason => reason.Adds).Take(most)];
    }
}
