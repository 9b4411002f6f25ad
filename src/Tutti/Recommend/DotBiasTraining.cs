using Tutti.Models.Collab;
using Tutti.Torch;
using Tutti.Training.Optimizers;

namespace Tutti.Recommend;

/// <summary>
/// Trains <see cref="EmbeddingDotBias"/> as fastai's collab_learner does: mean squared error, its Adam (second moments' decay 0.99, eps 1e-5) with decoupled weight decay that biases take part in
/// (they are tables, too), dense gradients: rows outside an update decay and go on by momentum. On the CPU an epoch is one call of a kernel with the arithmetic of autograd and AdamW; elsewhere
/// it goes through both.
/// </summary>
public sealed class DotBiasTraining : IDisposable
{
    /// <summary>Of the second moments, and what is added to their root.</summary>
    internal const double Beta2 = 0.99, Eps = 1e-5;

    /// <summary>fastai's settings in its lessons on MovieLens.</summary>
    internal const int UsualFactors = 50, UsualEpochs = 5, UsualBatch = 64;
    internal const double UsualRate = 5e-3, UsualDecay = 0.1;

    readonly EmbeddingDotBias model;
    readonly double decay;
    readonly Tensor[] m, v;
    readonly AdamW? byGradients;
    long done;

    /// <param name="model">What is trained, in place.</param>
    /// <param name="decay">Weight decay per unit of learning rate.</param>
    /// <param name="byGradients">Through autograd also where there is a kernel.</param>
    public DotBiasTraining(EmbeddingDotBias model, double decay, bool byGradients = false)
    {
        (this.model, this.decay) = (model, decay);
        var kernel = !byGradients && model.Weights[0].Stored is { Device.IsCpu: true, DType: DType.Float32 };
        using var scope = new Scope();
        Tensor[] Zeros() => kernel ? [.. model.Weights.Select(weight => Tensor.Zeros(weight.Stored.Shape).Owned())] : [];
        (m, v) = (Zeros(), Zeros());
        this.byGradients = kernel ? null : new AdamW(model.Weights, 0.9, Beta2, Eps, decay);
    }

    /// <summary>A model trained with these settings.</summary>
    /// <exception cref="ConfigException">A rating lies outside of the range.</exception>
    public static DotBiasModel Train(RatingRows rows, RatingSettings settings)
    {
        var range = settings.RangeFor(rows);
        var rate = settings.LearningRate ?? UsualRate;
        var decay = RatingFit.CheckedDecay(rate, settings.WeightDecay ?? UsualDecay);
        var fit = new RatingFit(rows, settings, settings.Epochs ?? UsualEpochs, settings.Batch ?? UsualBatch, rate);
        using var scope = new Scope();
        using var model = EmbeddingDotBias.Fresh(settings.Seed, rows.UserCount + 1, rows.ItemCount + 1, settings.Factors ?? UsualFactors, range, settings.Device);
        using var training = new DotBiasTraining(model, decay);
        fit.Run((users, items, ratings, steps) => training.Epoch(users, items, ratings, fit.Batch, steps));
        var tables = model.Tables.Select(table => table.ToArray<float>()).ToArray();
        return new(tables[0], tables[1], tables[2], tables[3], range);
    }

    /// <summary>An epoch of updates.</summary>
    /// <param name="users">Of every rating, its row, in the order in which they are learnt.</param>
    /// <param name="items">The same of items.</param>
    /// <param name="ratings">One each.</param>
    /// <param name="batch">Ratings of an update.</param>
    /// <param name="steps">Rate and momentum of every update.</param>
    /// <returns>The sum of squared errors, each before its update.</returns>
    public double Epoch(long[] users, long[] items, float[] ratings, int batch, (double Rate, double Momentum)[] steps)
    {
        using var scope = new Scope();
        if (byGradients is not null) return Gradients.Epoch(byGradients, model.Forward, () => { }, model.Weights[0].Stored.Device, users, items, ratings, batch, steps);
        using var mode = Modes.NoGrad();
        var numbers = steps.SelectMany(step => Numbers(step.Rate, step.Momentum)).ToArray();
        return Tensor.DotBias([.. model.Weights.Select(weight => weight.Stored)], m, v, Tensor.From(users), Tensor.From(items), Tensor.From(ratings), batch, Tensor.From<double>(numbers, steps.Length, 4), Beta2, Eps, model.Range);
    }

    // What decay leaves, the rate over the first moment's bias correction, one over the root of the second's, momentum.
    double[] Numbers(double rate, double momentum)
    {
        done++;
        return [1 - (rate * decay), rate / (1 - Math.Pow(momentum, done)), 1 / Math.Sqrt(1 - Math.Pow(Beta2, done)), momentum];
    }

    public void Dispose()
    {
        byGradients?.Dispose();
        foreach (var tensor in m.Concat(v)) tensor.Dispose();
    }
}
