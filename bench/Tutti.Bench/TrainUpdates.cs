using Tutti.Models;
using Tutti.Training;

namespace Tutti.Bench;

/// <summary>Our side of the train benchmark: a BERT with random weights, random token ids of given lengths, and Learner as users call it.</summary>
sealed class TrainUpdates : IDisposable
{
    const int Seed = 1;

    readonly TextModel model;
    readonly TrainConfig config;
    readonly Example[] examples;
    UpdateClock? clock;

    public TrainUpdates(TrainCase one, int[] lengths)
    {
        // What the peer does: no decay, a rate that stands, gradients clipped at 1.
        config = new() { Batch = one.Batch, Epochs = 1, LearningRate = 2e-5, Schedule = ScheduleKind.Constant, Warmup = 0, WeightDecay = 0, MaxGradientNorm = 1, Precision = one.Precision };
        examples = Berts.Examples(lengths, one.Size.Vocabulary, Seed);
        model = Berts.New(one.Size, Seed);
        Pass = [.. Batches.Epoch(examples, config.Batch, Seed, epoch: 1).Select(update => Batches.Micro(update, config.MicroTokens))];
    }

    /// <summary>The micro-batches of each update of a round.</summary>
    public IReadOnlyList<IReadOnlyList<Example[]>> Pass { get; }

    /// <summary>One epoch by Learner. Its clock runs over whole updates, the making of the batch included; evaluation and checkpoint are outside it.</summary>
    public Round Round()
    {
        var steps = new StepSums();
        new Learner(model, config, Seed).Fit(examples, examples[..1], new FitProgress(steps));
        return new(steps.Examples / steps.Seconds, steps.Peak, Resident: Machine.ResidentPeak());
    }

    /// <summary>The milliseconds of an update's parts: one more epoch, with the calls that Learner's update makes under a clock each.</summary>
    public UpdateParts Parts() => (clock ??= new(model, config, Seed)).Epoch(examples);

    public void Dispose()
    {
        clock?.Dispose();
        model.Dispose();
    }
}
