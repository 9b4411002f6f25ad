#:project ../src/Tutti/Tutti.csproj
// A loss and a metric of one's own: too much costs a tenth of too little, and what is measured is what such mistakes cost. docs/targets.md explains it.
// Run it from the repository's root: dotnet run samples/custom-loss.cs
using System.Globalization;
using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Torch;
using Tutti.Training;

// Texts of two words: how many are ordered follows from them, but for luck.
var luck = RandomStream.Of(seed: 1, "orders");
Example[] orders = [.. Enumerable.Range(0, 400).Select(row => new Example([2, 5 + (row % 4), 10 + (row % 3), 3], null, -1, row) { Targets = [(float)((row % 4) + (0.5 * (row % 3)) + luck.Normal(row))] })];
var (train, valid) = (orders[..300], orders[300..]);

// The loss, as a sum over examples: its gradient is found by itself.
Tensor Cost(Tensor logits, IReadOnlyList<Example> part)
{
    var ordered = Tensor.From<float>([.. part.Select(example => example.Targets![0])], part.Count, 1);
    var lacking = ordered - logits;
    return (lacking.Relu() + ((-lacking).Relu() * 0.1)).Sum();
}

// The metric, from the predictions.
double CostOf(double[] predicted, IReadOnlyList<Example> examples) => predicted.Zip(examples, (p, example) => example.Targets![0] - p).Average(lacking => Math.Max(lacking, -0.1 * lacking));

var epochs = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 30;
foreach (var (name, objective) in new (string, Objective)[]
{
    ("squared error", new OwnObjective(new Numbers()) { Metrics = [new("cost", CostOf)] }),
    ("own loss", new OwnObjective(new Numbers()) { Sum = Cost, Metrics = [new("cost", CostOf)] }),
})
{
    var source = new JsonObject { ["model_type"] = "bert", ["vocab_size"] = 20, ["hidden_size"] = 16, ["num_hidden_layers"] = 1, ["num_attention_heads"] = 2, ["intermediate_size"] = 32, ["max_position_embeddings"] = 8 };
    using var model = ModelFolder.New(new ModelConfig(source, "custom-loss.cs").WithLabels(["ordered"]), seed: 1);
    var fit = new Learner(model, new TrainConfig { Batch = 20, Epochs = epochs, LearningRate = 5e-3, BestBy = BestBy.Last }, seed: 1, objective: objective).Fit(train, valid);
    Console.WriteLine($"{name}: {string.Join(", ", fit.Best.Targets)}");
}
