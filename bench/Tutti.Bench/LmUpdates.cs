using System.Diagnostics;
using Tutti.Models;
using Tutti.Torch;
using Tutti.Training;
using Tutti.Training.Optimizers;

namespace Tutti.Bench;

/// <summary>Our side of the lm benchmark: an AWD-LSTM with random weights, random words, and Learner as users call it.</summary>
sealed class LmUpdates : IDisposable
{
    const int Seed = 1;

    readonly LmCase one;
    readonly TextModel model;
    readonly TrainConfig config;
    readonly NextTokens objective;
    readonly Example[] texts;

    public LmUpdates(LmCase one)
    {
        this.one = one;
        // fastai's Adam, a rate that stands, no clipping: what the peer does. The streams of an update stay together, as wherever memory allows it.
        config = new()
        {
            Batch = one.Batch,
            Bptt = one.Length,
            Jitter = 0,
            MicroTokens = one.Batch * one.Length,
            Epochs = 1,
            LearningRate = 1e-3,
            Schedule = ScheduleKind.Constant,
            Warmup = 0,
            Beta1 = 0.9,
            Beta2 = 0.99,
            Epsilon = 1e-5,
            WeightDecay = 0.01,
            MaxGradientNorm = 0,
            Precision = one.Precision,
        };
        model = one.Size.New(Seed);
        objective = new(one.Batch, one.Length);
        var words = RandomStream.Of(Seed, "words");
        texts = [new([.. Enumerable.Range(0, (one.Batch * one.Length * one.Updates) + 1).Select(i => LmSize.Pad + 1 + words.Below(i, one.Size.Vocabulary - LmSize.Pad - 1))], null, -1, 0)];
    }

    /// <summary>What it computes in.</summary>
    public string Computes => config.Precision.Autocast(model) is null ? "fp32" : "bf16";

    /// <summary>The losses of the last round's updates.</summary>
    public IReadOnlyList<double> Losses { get; private set; } = [];

    /// <summary>One epoch by Learner. Its clock runs over whole updates, the cutting of the streams included; evaluation is outside it.</summary>
    public Round Round()
    {
        var steps = new Steps();
        Example[] few = [texts[0] with { Ids = texts[0].Ids[..2] }];
        new Learner(model, config, Seed, objective: objective).Fit(texts, few, new FitProgress(steps));
        Losses = steps.Losses;
        return new(steps.Losses.Count / steps.Seconds, steps.Peak, Resident: Machine.ResidentPeak());
    }

    /// <summary>The milliseconds of an update's parts: one more epoch, with the calls that Learner's update makes under a clock each.</summary>
    public Parts Parts()
    {
        var (forward, backward, stepping, update) = (0L, 0L, 0L, 0);
        var order = objective.Order(texts, config, Seed);
        using var gradients = new GradientSum(model, config, Seed, objective);
        using var optimizer = new AdamW(model.Params.Trained, config.Beta1, config.Beta2, config.Epsilon, config.WeightDecay);
        using var carried = new Nn.CarriedState(order.Streams);
        model.Params.Run.Carried = carried;
        foreach (var examples in order.Epoch(1))
        {
            using var scope = new Scope();
            using var mode = gradients.Update(update++);
            var begun = Stopwatch.GetTimestamp();
            var loss = Loss(examples);
            var made = Stopwatch.GetTimestamp();
            loss.Backward();
            model.Params.SettleRows();
            var back = Stopwatch.GetTimestamp();
            optimizer.Step(config.LearningRate, config.MaxGradientNorm);
            optimizer.ZeroGradients();
            carried.Advance();
            (forward, backward, stepping) = (forward + made - begun, backward + back - made, stepping + Stopwatch.GetTimestamp() - back);
        }
        model.Params.Run.Carried = null;
        Modes.ClearAutocast();
        return new(Milliseconds(forward), Milliseconds(backward), Milliseconds(stepping));

        double Milliseconds(long ticks) => 1000.0 * ticks / Stopwatch.Frequency / update;
    }

    public void Dispose() => model.Dispose();

    Tensor Loss(Example[] examples)
    {
        var autocast = config.Precision.Autocast(model);
        using var mode = Modes.Autocast(Device.Cpu, autocast);
        var sum = objective.Loss(model, TextData.Batch(examples), examples, autocast is not null, null);
        if (model.Params.Run.TakePenalty() is { } penalty) sum = sum + penalty;
        return sum / objective.Weight(examples);
    }

    /// <summary>Adds up what Learner reports, at once and on its thread.</summary>
    sealed class Steps : IProgress<StepResult>
    {
        public List<double> Losses { get; } = [];
        public double Seconds { get; private set; }
        public long Peak { get; private set; }

        public void Report(StepResult value)
        {
            Losses.Add(value.Loss);
            Seconds += value.Seconds;
            Peak = value.Memory.Peak;
        }
    }
}
