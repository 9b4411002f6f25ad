using Tutti.Evaluation;
using Tutti.Nn;
using Tutti.Predictions;
using Tutti.Torch;

namespace Tutti.Training;

/// <summary>K numbers per row, NaN where one is not known: the mean squared error of (value - mean) / spread, which is what the model gives. There is no accuracy.</summary>
/// <param name="answers">The numbers' means and spreads; null: 0 and 1.</param>
public sealed class Numbers(IReadOnlyList<Answer>? answers = null) : Objective
{
    public override double Weight(IReadOnlyList<Example> update) => Present(update);

    public override Tensor Loss(Tensor logits, IReadOnlyList<Example> part)
    {
        var (known, targets) = Known(logits, answers is null ? part : [.. part.Select(Scaled)]);
        return Losses.SquaredError(known, targets) / Samples(logits, part.Count);
    }

    public override Tensor Predict(Tensor logits)
    {
        var outputs = logits.To(DType.Float64);
        if (answers is null) return outputs;
        Tensor Row(Func<Answer, double> of) => Tensor.From<double>([.. answers.Select(of)], [answers.Count], logits.Device);
        return (outputs * Row(answer => answer.Spread)) + Row(answer => answer.Mean);
    }

    public override HeldOutScores Judge(double[] predictions, IReadOnlyList<Example> examples)
    {
        var k = predictions.Length / examples.Count;
        double Scale(double value, int at) => answers is null ? value : (value - answers[at % k].Mean) / answers[at % k].Spread;
        (double Truth, double Predicted)[] known = [.. examples.SelectMany(example => example.Targets!).Select((target, at) => (Scale(target, at), Scale(predictions[at], at))).Where(pair => !double.IsNaN(pair.Item1))];
        return new(known.Length == 0 ? double.NaN : Regression.MeanSquaredError([.. known.Select(pair => pair.Truth)], [.. known.Select(pair => pair.Predicted)]), double.NaN, double.NaN);
    }

    Example Scaled(Example example) => example with { Targets = [.. example.Targets!.Select((value, k) => (float)((value - answers![k].Mean) / answers[k].Spread))] };
}
