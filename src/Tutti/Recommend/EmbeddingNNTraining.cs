using Tutti.Models.Collab;
using Tutti.Torch;
using Tutti.Training.Optimizers;

namespace Tutti.Recommend;

/// <summary>Trains <see cref="EmbeddingNN"/> as fastai's collab_learner with use_nn does, with the loss and optimizer of <see cref="DotBiasTraining"/>; biases and batch norm do not decay.</summary>
public static class EmbeddingNNTraining
{
    const int FewRows = 512;

    /// <summary>A model trained with these settings. Users and items get as many factors as fastai's rule says, unless settings do.</summary>
    /// <exception cref="ConfigException">A rating lies outside of the range.</exception>
    public static EmbeddingNNModel Train(RatingRows rows, RatingSettings settings)
    {
        var range = settings.RangeFor(rows);
        var rate = settings.LearningRate ?? DotBiasTraining.UsualRate;
        var decay = RatingFit.CheckedDecay(rate, settings.WeightDecay ?? DotBiasTraining.UsualDecay);
        var fit = new RatingFit(rows, settings, settings.Epochs ?? DotBiasTraining.UsualEpochs, settings.Batch ?? DotBiasTraining.UsualBatch, rate);
        (int, int) Size(int count) => (count + 1, settings.Factors ?? EmbeddingNN.WidthOf(count + 1));
        using var scope = new Scope();
        using var model = EmbeddingNN.Fresh(settings.Seed, Size(rows.UserCount), Size(rows.ItemCount), settings.Layers ?? [DotBiasTraining.UsualFactors], range, settings.Device);
        using var optimizer = Optimizer(model, decay);
        model.Training = true;
        var threads = Engine.Threads;
        try
        {
            // Products of a few rows end before a second thread has begun, and where cores are busy each waits for it.
            if (settings.Device.IsCpu && fit.Batch <= FewRows) Engine.Threads = 1;
            fit.Run((users, items, ratings, steps) => Gradients.Epoch(optimizer, model.Forward, model.Settle, settings.Device, users, items, ratings, fit.Batch, steps));
        }
        finally
        {
            Engine.Threads = threads;
        }
        return new(model.Weights.ToDictionary(weight => weight.Name, weight => (weight.Value.Detach().ToArray<float>(), weight.Stored.Shape)), range);
    }

    /// <summary>fastai's Adam.</summary>
    internal static AdamW Optimizer(EmbeddingNN model, double decay) => new(model.Trained, 0.9, DotBiasTraining.Beta2, DotBiasTraining.Eps, decay);
}
