using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Training;

namespace Tutti.Bench;

/// <summary>The training that both sides do: from the same weights, on the same batches.</summary>
/// <param name="Size">The model.</param>
/// <param name="Updates">Of the only epoch.</param>
/// <param name="Marks">Ids whose occurrence is the label.</param>
sealed record LossTask(BertSize Size, int Updates, int Marks)
{
    const int Batch = 16, Seed = 1;
    const double Rate = 3e-4;

    /// <summary>Small, but deep enough for what one layer's rounding does to the next.</summary>
    public static LossTask Usual { get; } = new(new(4, 256, 4, 1024, 1000), 200, 20);

    /// <summary>Rows with lengths as of tweets; the label is whether a marked id occurs, as it does in about half of them.</summary>
    public Example[] Examples() =>
        [.. Berts.Examples(Lengths.Tweets(Updates * Batch), Size.Vocabulary, Seed).Select(example => example with { Label = example.Ids.Any(id => id <= Marks) ? 1 : 0 })];

    /// <summary>The losses of our updates.</summary>
    public double[] Ours(long seed, Precision precision, double dropout)
    {
        using var model = Berts.New(Size, seed, dropout);
        var examples = Examples();
        var losses = new List<double>();
        var config = new TrainConfig { Batch = Batch, Epochs = 1, LearningRate = Rate, Schedule = ScheduleKind.Constant, Warmup = 0, WeightDecay = 0, MaxGradientNorm = 1, Precision = precision };
        new Learner(model, config, seed).Fit(examples, examples[..1], new(new Kept(losses)));
        return [.. losses];
    }

    /// <summary>The losses of the peer's updates, from the same weights and batches.</summary>
    public double[] Theirs(Peer peer, long seed, double dropout)
    {
        using var folder = new TemporaryFolder("tutti-bench-");
        using (var model = Berts.New(Size, seed, dropout)) ModelFolder.Save(model, Path.GetDirectoryName(folder.File("config.json"))!);
        var batches = new JsonArray([.. Batches.Epoch(Examples(), Batch, seed, epoch: 1).Select(update => new JsonArray([.. update.Select(example =>
            new JsonObject { ["ids"] = new JsonArray([.. example.Ids.Select(id => (JsonNode)id)]), ["label"] = example.Label })]))]);
        File.WriteAllText(folder.File("batches.json"), batches.ToJsonString());
        var answer = peer.Ask(new() { ["weights"] = folder.File("model.safetensors"), ["config"] = folder.File("config.json"), ["batches"] = folder.File("batches.json"), ["dropout"] = dropout, ["rate"] = Rate, ["seed"] = seed });
        return [.. answer["losses"]!.AsArray().Select(loss => (double)loss!)];
    }

    sealed class Kept(List<double> losses) : IProgress<StepResult>
    {
        public void Report(StepResult value) => losses.Add(value.Loss);
    }
}
