namespace Tutti.Recommend;

/// <summary>
/// The mean, what an item is rated above it, and what a user rates above both; each deviation counts as if there were further ratings without one (Koren and Bell 2011, 5.2.1). The baseline that
/// every other model has to beat.
/// </summary>
public sealed class Averages : ArrayModel
{
    internal const string KindName = "averages";

    /// <summary>Ratings without a deviation that every item, and every user, is given.</summary>
    const double ItemDamping = 10, UserDamping = 15;

    readonly float[] users, items;

    internal Averages(float mean, float[] users, float[] items) => (Mean, this.users, this.items) = (mean, users, items);

    public float Mean { get; }
    public override string Kind => KindName;
    public override int UserCount => users.Length;
    public override int ItemCount => items.Length;

    public static Averages Train(RatingRows rows)
    {
        var mean = rows.Values.Average(value => (double)value);
        var items = Deviating(rows.Items, rows.ItemCount, ItemDamping, row => rows.Values[row] - mean);
        var users = Deviating(rows.Users, rows.UserCount, UserDamping, row => rows.Values[row] - mean - items[rows.Items[row]]);
        return new((float)mean, users, items);
    }

    public override float Predict(int user, int item) => Mean + (user < 0 ? 0 : users[user]) + (item < 0 ? 0 : items[item]);

    public override float[] FoldIn(ReadOnlySpan<int> items, ReadOnlySpan<float> values)
    {
        var sum = 0.0;
        for (var i = 0; i < items.Length; i++) sum += values[i] - Predict(Unknown, items[i]);
        var deviation = (float)(sum / (UserDamping + items.Length));
        return [.. Enumerable.Range(0, ItemCount).Select(item => Predict(Unknown, item) + deviation)];
    }

    static float[] Deviating(int[] of, int count, double damping, Func<int, double> deviation)
    {
        var (sums, counts) = (new double[count], new int[count]);
        for (var row = 0; row < of.Length; row++)
        {
            sums[of[row]] += deviation(row);
            counts[of[row]]++;
        }
        return [.. sums.Select((sum, i) => (float)(sum / (damping + counts[i])))];
    }

    internal override void Write(ModelArrays to)
    {
        to.Add("mean", [Mean]);
        to.Add("users", users);
        to.Add("items", items);
    }

    internal static Averages Read(ModelArrays from) => new(from.Floats("mean", 1)[0], from.Floats("users"), from.Floats("items"));
}
