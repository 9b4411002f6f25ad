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
