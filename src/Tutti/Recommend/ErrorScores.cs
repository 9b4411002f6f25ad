using Tutti.Evaluation;

namespace Tutti.Recommend;

/// <summary>How far answers are from the ratings that were given, with intervals from resampled rows.</summary>
public sealed record ErrorScores(Score Rmse, Score Mae)
{
    /// <summary>The mean squared error.</summary>
    public double Mse => Rmse.Value * Rmse.Value;

    public static ErrorScores Of(IReadOnlyList<float> truth, IReadOnlyList<float> predicted)
    {
        if (truth.Count != predicted.Count) throw new ArgumentException($"{predicted.Count} predictions for {truth.Count} ratings", nameof(predicted));
        double[] errors = [.. truth.Zip(predicted, (t, p) => (double)p - t)];
        var scores = Bootstrap.Intervals(errors.Length, rows =>
        {
            var (squares, sizes) = (0.0, 0.0);
            foreach (var row in rows) (squares, sizes) = (squares + (errors[row] * errors[row]), sizes + Math.Abs(errors[row]));
            return [Math.Sqrt(squares / rows.Length), sizes / rows.Length];
        });
        return new(scores[0], scores[1]);
    }

    /// <summary>What a model says of rows.</summary>
    public static float[] Predictions(RatingModel model, RatingRows rows)
    {
        var predicted = new float[rows.Count];
        Parallel.For(0, (rows.Count + 1023) / 1024, block =>
        {
            for (var row = block * 1024; row < Math.Min(rows.Count, (block + 1) * 1024); row++) predicted[row] = model.Predict(rows.Users[row], rows.Items[row]);
        });
        return predicted;
    }
}
