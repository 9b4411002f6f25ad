using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Training;

/// <summary>An encoder whose activations are much larger than its weights, and ragged texts for it: for tests of memory.</summary>
static class SmallEncoder
{
    public const int Vocabulary = 120;

    public static TrainConfig Config { get; } = new() { Batch = 32, Epochs = 2, LearningRate = 1e-3, LabelSmoothing = 0.1, Warmup = 0 };

    public static TextModel Model(DType dtype = DType.Float32, int layers = 3, int vocabulary = Vocabulary, Device? device = null, double dropout = 0.1) => ModelFolder.New(new ModelConfig(new JsonObject
    {
        ["model_type"] = "bert",
        ["vocab_size"] = vocabulary,
        ["hidden_size"] = 48,
        ["num_hidden_layers"] = layers,
        ["num_attention_heads"] = 4,
        ["intermediate_size"] = 96,
        ["max_position_embeddings"] = 96,
        ["hidden_dropout_prob"] = dropout,
        ["attention_probs_dropout_prob"] = dropout,
    }, "config.json").WithLabels(["a", "b", "c"]), seed: 1, device, dtype);

    /// <summary>Texts of 3 to 80 tokens, most of them short.</summary>
    public static Example[] Examples(int count)
    {
        var random = RandomStream.Of(3, "small encoder");
        return [.. Enumerable.Range(0, count).Select(row =>
        {
            var length = 3 + (int)(77 * Math.Pow(random.Uniform(row * 128), 2));
            return new Example([.. Enumerable.Range(0, length).Select(i => 1 + random.Below((row * 128) + 2 + i, Vocabulary - 1))], null, random.Below((row * 128) + 1, 3), row);
        })];
    }

    /// <summary>The losses of a fit of 160 examples; the peak, and the bytes in use between updates.</summary>
    public static double[] Fit(TrainConfig config, out long peak, out long steady, IProgress<ReplayResult>? replays = null, Action? step = null, IProgress<MemoryReport>? plans = null)
    {
        Memory.Trim();
        using var model = Model();
        var steps = new Watched(step);
        var examples = Examples(160);
        var result = new Learner(model, config, 1, [0.3, 2, 1]).Fit(examples, examples[..20], new(steps, Plans: plans, Replays: replays), TestContext.Current.CancellationToken);
        (peak, steady) = (result.PeakBytes, steps.Steady);
        return [.. steps.Losses];
    }

    sealed class Watched(Action? then) : IProgress<StepResult>
    {
        public List<double> Losses { get; } = [];
        public long Steady { get; private set; }

        public void Report(StepResult value)
        {
            Losses.Add(value.Loss);
            Steady = value.Memory.InUse;
            then?.Invoke();
        }
    }
}
