using Tutti.Models.Collab;
using Tutti.Torch;
using Tutti.Training.Optimizers;

namespace Tutti.Recommend;

/// <summary>Trains <see cref="EmbeddingNN"/> as fastai's collab_learner with use_nn does, with the loss and optimizer of <see cref="DotBiasTraining"/>; biases and batch norm do not decay.</summary>
public static class EmbeddingNNTraining
{
    /// <summary>A model trained with these settings. Users and items get as many factors as fastai's rule says, unless settings do.</summary>
    /// <exception cref="ConfigException">A rating lies outside of the range.</exception>
    public static EmbeddingNNModel Train(RatingRows rows, RatingSettings settings)
    {
        var range = settings.RangeFor(rows);
        var fit = new RatingFit(rows, settings, settings.Epochs ?? DotBiasTraining.UsualEpochs, settings.Batch ?? DotBiasTraining.UsualBatch, settings.LearningRate ?? DotBiasTraining.UsualRate);
        (int, int) Size(int count) => (count + 1, settings.Factors ?? EmbeddingNN.WidthOf(count + 1));
        using var scope = new Scope();
        using var model = EmbeddingNN.Fresh(settings.Seed, Size(rows.UserCount), Size(rows.ItemCount), settings.Layers ?? [DotBiasTraining.UsualFactors], range, settings.Device);
        using var optimizer = Optimizer(model, settings.WeightDecay ?? DotBiasTraining.UsualDecay);
        model.Training = true;
        fit.Run((users, items, ratings, steps) => Gradients.Epoch(optimizer, model.Forward, model.Settle, settings.Device, users, items, ratings, fit.Batch, steps));
        return new(model.Weights.ToDictionary(weight => weight.Name, weight => (weight.Value.Detach().ToArray<float>(), weight.Stored.Shape)), range);
    }

    /// <summary>fastai's Adam.</summary>
    internal static AdamW Optimizer(EmbeddingNN model, double decay) => new(model.Trained, 0.9, DotBiasTraining.Beta2, DotBiasTraining.Eps, decay);
}
