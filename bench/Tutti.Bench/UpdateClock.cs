using System.Diagnostics;
using Tutti.Models;
using Tutti.Nn;
using Tutti.Torch;
using Tutti.Training;
using Tutti.Training.Optimizers;

namespace Tutti.Bench;

/// <summary>Milliseconds of an update, on average over a pass.</summary>
/// <param name="Update">From the first example that is looked at to the weights that are changed.</param>
/// <param name="Forward">From ids to logits.</param>
/// <param name="Backward">The loss, and back.</param>
/// <param name="Optimizer">Clipping, AdamW, and letting the gradients go.</param>
/// <param name="Preparation">Shuffling, dealing and cutting examples, and making batches of them.</param>
sealed record UpdateParts(double Update, double Forward, double Backward, double Optimizer, double Preparation)
{
    /// <summary>What lies between the parts.</summary>
    public double Other => Update - Forward - Backward - Optimizer - Preparation;

    /// <summary>As the peer counts; it makes its batches outside its clock.</summary>
    public Parts AsPeers() => new(Forward, Backward, Optimizer);
}

/// <summary>
/// Makes the calls that Learner's update makes, with a clock between them. Forward and backward are one call of the library; a wrapped model tells
/// when its forward pass begins and ends.
/// </summary>
sealed class UpdateClock : IDisposable
{
    readonly ClockedModel model;
    readonly TrainConfig config;
    readonly int seed;
    readonly GradientSum gradients;
    readonly AdamW optimizer;
    long updates;
    int epochs;

    public UpdateClock(TextModel model, TrainConfig config, int seed)
    {
        (this.model, this.config, this.seed) = (new(model), config, seed);
        gradients = new(this.model, config, seed);
        optimizer = new(model.Params.Items, config.Beta1, config.Beta2, config.Epsilon, config.WeightDecay);
    }

    /// <summary>All updates of one epoch.</summary>
    public UpdateParts Epoch(IReadOnlyList<Example> examples)
    {
        var ticks = new Ticks();
        var begun = Stopwatch.GetTimestamp();
        var epoch = Batches.Epoch(examples, config.Batch, seed, ++epochs);
        ticks.Preparation += Stopwatch.GetTimestamp() - begun;
        foreach (var update in epoch) One(update, ticks);
        ticks.Update = Stopwatch.GetTimestamp() - begun;
        return new(Milliseconds(ticks.Update), Milliseconds(ticks.Forward), Milliseconds(ticks.Backward), Milliseconds(ticks.Optimizer), Milliseconds(ticks.Preparation));

        double Milliseconds(long value) => 1000.0 * value / Stopwatch.Frequency / epoch.Count;
    }

    public void Dispose()
    {
        optimizer.ZeroGradients();
        optimizer.Dispose();
        gradients.Dispose();                                  // the weights are the inner model's owner's
    }

    void One(Example[] examples, Ticks ticks)
    {
        var begun = Stopwatch.GetTimestamp();
        var sum = new Accumulation(examples, gradients.Divisor(examples));
        using (gradients.Update(updates++))
            while (sum.Next(config.MicroTokens) is { } part)
            {
                var loss = gradients.Add(part, sum.Divisor);
                var end = Stopwatch.GetTimestamp();
                ticks.Preparation += model.Begun - begun;
                ticks.Forward += model.Ended - model.Begun;
                ticks.Backward += end - model.Ended;
                sum.Add(part, loss, 0, 0);
                begun = Stopwatch.GetTimestamp();
            }
        begun = Stopwatch.GetTimestamp();
        optimizer.Step(config.LearningRate, config.MaxGradientNorm);
        optimizer.ZeroGradients();
        ticks.Optimizer += Stopwatch.GetTimestamp() - begun;
    }

    sealed class Ticks
    {
        public long Update, Forward, Backward, Optimizer, Preparation;
    }

    /// <summary>A model that notes when its forward pass begins and ends.</summary>
    sealed class ClockedModel(TextModel inner) : TextModel(inner.Params, inner.Config)
    {
        public long Begun { get; private set; }
        public long Ended { get; private set; }
        public override int VocabularySize => inner.VocabularySize;
        public override int MaxLength => inner.MaxLength;

        protected internal override bool ReadsFirst => inner.ReadsFirst;

        protected override Tensor Encode(TokenBatch batch, Ragged ragged, Action<Tensor>? observe)
        {
            Begun = Stopwatch.GetTimestamp();
            return inner.Hidden(batch, observe, out _, ragged.FirstOnly);
        }

        protected internal override Tensor Head(Tensor hidden, Ragged ragged)
        {
            var logits = inner.Head(hidden, ragged);
            Ended = Stopwatch.GetTimestamp();
            return logits;
        }
    }
}
