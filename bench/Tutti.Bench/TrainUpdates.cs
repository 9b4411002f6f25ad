using System.Diagnostics;
using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Nn;
using Tutti.Torch;
using Tutti.Training;
using Tutti.Training.Optimizers;

namespace Tutti.Bench;

/// <summary>Our side of the train benchmark: a BERT with random weights, random token ids of given lengths, and Learner as users call it.</summary>
sealed class TrainUpdates : IDisposable
{
    const int Vocabulary = 30522, Seed = 1;

    readonly TextModel model;
    readonly TrainConfig config;
    readonly Example[] examples;

    public TrainUpdates(TrainCase one, int[] lengths)
    {
        // What the peer does: no decay, a rate that stands, gradients clipped at 1.
        config = new() { Batch = one.Batch, Epochs = 1, LearningRate = 2e-5, Schedule = ScheduleKind.Constant, Warmup = 0, WeightDecay = 0, MaxGradientNorm = 1, Precision = one.Precision };
        var stream = RandomStream.Of(Seed, "token ids");
        var drawn = 0L;
        examples = [.. lengths.Select((length, row) => new Example([.. Enumerable.Range(0, length).Select(_ => 1 + stream.Below(drawn++, Vocabulary - 1))], null, stream.Below(drawn++, 2), row))];
        var json = new JsonObject
        {
            ["model_type"] = "bert",
            ["vocab_size"] = Vocabulary,
            ["num_hidden_layers"] = one.Size.Layers,
            ["hidden_size"] = one.Size.Hidden,
            ["num_attention_heads"] = one.Size.Heads,
            ["intermediate_size"] = one.Size.Intermediate,
        };
        model = ModelFolder.New(new ModelConfig(json, "bench"), Seed);
    }

    /// <summary>One epoch by Learner. Its clock runs over whole updates, the making of the batch included; evaluation and checkpoint are outside it.</summary>
    public Round Round()
    {
        var steps = new Steps();
        new Learner(model, config, Seed).Fit(examples, examples[..1], new FitProgress(steps));
        return new(steps.Examples / steps.Seconds, steps.Peak);
    }

    /// <summary>The milliseconds of an update's parts: one more epoch, with the calls that Learner's update makes under a clock each.</summary>
    public Parts Parts()
    {
        using var optimizer = new AdamW(model.Params.Items, config.Beta1, config.Beta2, config.Epsilon, config.WeightDecay);
        long forward = 0, backward = 0, step = 0;
        var updates = Batches.Epoch(examples, config.Batch, Seed, epoch: 1);
        for (var i = 0; i < updates.Count; i++)
        {
            (model.Params.Run.Training, model.Params.Run.Seed, model.Params.Run.Update) = (true, Seed, i);
            foreach (var part in Batches.Micro(updates[i], config.MicroTokens))
            {
                using var scope = new Scope();
                var begun = Stopwatch.GetTimestamp();
                var loss = Loss(part) / config.Batch;
                var between = Stopwatch.GetTimestamp();
                loss.Backward();
                forward += between - begun;
                backward += Stopwatch.GetTimestamp() - between;
            }
            var clock = Stopwatch.GetTimestamp();
            Modes.ClearAutocast();
            optimizer.Step(config.LearningRate, config.MaxGradientNorm);
            optimizer.ZeroGradients();
            step += Stopwatch.GetTimestamp() - clock;
        }
        return new(Milliseconds(forward), Milliseconds(backward), Milliseconds(step));

        double Milliseconds(long ticks) => 1000.0 * ticks / Stopwatch.Frequency / updates.Count;
    }

    public void Dispose() => model.Dispose();

    Tensor Loss(Example[] part)
    {
        using var mode = Modes.Autocast(Device.Cpu, config.Precision == Precision.Bf16 ? DType.BFloat16 : null);
        var targets = Tensor.From<long>([.. part.Select(example => (long)example.Label)], [part.Length]);
        return Losses.CrossEntropy(model.Forward(TextData.Batch(part)).To(DType.Float32), targets);
    }

    /// <summary>Adds up what Learner reports, at once and on its thread.</summary>
    sealed class Steps : IProgress<StepResult>
    {
        public int Examples { get; private set; }
        public double Seconds { get; private set; }
        public long Peak { get; private set; }

        public void Report(StepResult value)
        {
            Examples += value.Examples;
            Seconds += value.Seconds;
            Peak = value.Memory.Peak;
        }
    }
}
