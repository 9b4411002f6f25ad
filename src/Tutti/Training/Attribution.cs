using Tutti.Models;
using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Training;

/// <summary>What each token of a text did to a model's prediction. Deterministic: dropout is off.</summary>
public static class Attribution
{
    /// <summary>
    /// Gradient x input (Shrikumar et al. 2016): per token the sum over its embedding of value times gradient, where the score is the logit of one class less
    /// another's. It says by how much the score would change if the token's embedding were stretched by a little, as a share of it.
    /// </summary>
    /// <param name="model">The model; its weights get no gradient.</param>
    /// <param name="example">An encoded text.</param>
    /// <param name="predicted">The class that is asked for.</param>
    /// <param name="against">The class that it is compared with.</param>
    /// <returns>A number per token.</returns>
    public static double[] GradientTimesInput(TextModel model, Example example, int predicted, int against)
    {
        ArgumentNullException.ThrowIfNull(model);
        Parameter[] trained = [.. model.Params.Items.Where(item => item.Stored.RequiresGrad)];
        var before = model.Params.Run.Training;
        model.Params.Run.Training = false;
        foreach (var weight in trained) weight.Stored.RequireGrad(false);
        try
        {
            using var scope = new Scope();
            Tensor? input = null;
            // Without weights that take one, the embeddings' output is a leaf and keeps its gradient.
            var logits = model.Forward(TextData.Batch([example]), state => input ??= state.RequireGrad());
            Score(logits, predicted, against).Backward();
            return Values((input!.Grad! * input.Detach()).Sum(1));
        }
        finally
        {
            foreach (var weight in trained) weight.Stored.RequireGrad();
            model.Params.Run.Training = before;
        }
    }

    /// <summary>Occlusion (Zeiler and Fergus 2014): what the probability of a class loses when a token is replaced by another, such as the mask.</summary>
    /// <param name="model">The model.</param>
    /// <param name="example">An encoded text.</param>
    /// <param name="predicted">The class whose probability is looked at.</param>
    /// <param name="mask">The id that takes a token's place.</param>
    /// <param name="kept">Ids that stay, such as those that begin and end a text: their loss is 0.</param>
    /// <param name="precision">As the model predicts.</param>
    /// <param name="cancel">Stops between batches.</param>
    /// <returns>A number per token.</returns>
    public static double[] Occlusion(TextModel model, Example example, int predicted, int mask, IReadOnlySet<int> kept, Precision precision = Precision.Fp32, CancellationToken cancel = default)
    {
        int[] places = [.. Enumerable.Range(0, example.Ids.Length).Where(place => !kept.Contains(example.Ids[place]))];
        Example[] masked = [.. places.Select(place => example with { Ids = [.. example.Ids.Select((id, i) => i == place ? mask : id)] })];
        var probabilities = Predictor.Probabilities(model, [example, .. masked], precision, cancel: cancel);
        var classes = probabilities.Length / (masked.Length + 1);
        var losses = new double[example.Ids.Length];
        for (var i = 0; i < places.Length; i++) losses[places[i]] = probabilities[predicted] - probabilities[((i + 1) * classes) + predicted];
        return losses;
    }

    static Tensor Score(Tensor logits, int predicted, int against) => logits.Select(1, predicted).Sum() - logits.Select(1, against).Sum();

    static double[] Values(Tensor tensor)
    {
        using var wide = tensor.To(DType.Float64);
        return wide.ToArray<double>();
    }
}
