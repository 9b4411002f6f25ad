namespace Tutti.Recommend;

/// <summary>What a trained recommender says. Safe to ask from several threads.</summary>
public abstract class RatingModel
{
    /// <summary>The number in place of a user or an item that the model has not seen; it is answered with what is known of the other, or with the mean.</summary>
    public const int Unknown = -1;

    /// <summary>Users and items that the model knows.</summary>
    public abstract int UserCount { get; }
    public abstract int ItemCount { get; }

    /// <summary>The rating that the user is expected to give, in the unit of the ratings; of models that only rank, a number that is higher for what suits better.</summary>
    /// <param name="user">0 to <see cref="UserCount"/> - 1, or <see cref="Unknown"/>.</param>
    /// <param name="item">0 to <see cref="ItemCount"/> - 1, or <see cref="Unknown"/>.</param>
    public abstract float Predict(int user, int item);

    /// <summary>What <see cref="Predict"/> says of every item for one user.</summary>
    /// <param name="scores">One per item, overwritten.</param>
    public virtual void Scores(int user, Span<float> scores)
    {
        for (var item = 0; item < scores.Length; item++) scores[item] = Predict(user, item);
    }

    /// <summary>
    /// What is expected of every item for a user who was not there in training, from ratings of theirs: the user's part is solved for, the items' part stays. Null where the model cannot.
    /// </summary>
    /// <param name="items">Numbers of items, each 0 to <see cref="ItemCount"/> - 1.</param>
    /// <param name="values">The rating of each.</param>
    public virtual float[]? FoldIn(ReadOnlySpan<int> items, ReadOnlySpan<float> values)
    {
        if (Factors is not { } factors) return null;
        var user = new FoldedUser(factors, items.ToArray(), values.ToArray());
        return [.. Enumerable.Range(0, ItemCount).Select(user.Predict)];
    }

    /// <summary>What the model knows of users and items as rows of numbers; null where it works otherwise. By it answers are explained and new users are taken in.</summary>
    public virtual RatingFactors? Factors => null;
}
