namespace Tutti.Recommend;

/// <summary>A weighed sum of what several models say, and a constant.</summary>
/// <param name="models">Of the same users and items.</param>
/// <param name="weights">One each.</param>
/// <param name="constant">Added.</param>
public sealed class BlendedModel(IReadOnlyList<RatingModel> models, IReadOnlyList<double> weights, double constant) : RatingModel
{
    public override int UserCount => models[0].UserCount;
    public override int ItemCount => models[0].ItemCount;

    public override float Predict(int user, int item)
    {
        var sum = constant;
        for (var i = 0; i < models.Count; i++) sum += weights[i] * models[i].Predict(user, item);
        return (float)sum;
    }

    /// <summary>By the models that can, their weights raised in proportion; where none of those has any, in equal parts.</summary>
    public override float[]? FoldIn(ReadOnlySpan<int> items, ReadOnlySpan<float> values)
    {
        List<(float[] Scores, double Weight)> able = [];
        for (var i = 0; i < models.Count; i++)
            if (models[i].FoldIn(items, values) is { } scores) able.Add((scores, Math.Max(0, weights[i])));
        if (able.Count == 0) return null;
        var (all, some) = (weights.Sum(), able.Sum(one => one.Weight));
        var folded = new float[ItemCount];
        for (var item = 0; item < folded.Length; item++) folded[item] = (float)(constant + able.Sum(one => one.Scores[item] * (some > 0 ? one.Weight / some : 1.0 / able.Count) * all));
        return folded;
    }

    public override void Scores(int user, Span<float> scores)
    {
        var one = new float[scores.Length];
        scores.Fill((float)constant);
        for (var i = 0; i < models.Count; i++)
        {
            if (weights[i] == 0) continue;
            models[i].Scores(user, one);
            for (var item = 0; item < scores.Length; item++) scores[item] += (float)(weights[i] * one[item]);
        }
    }
}
