using System.Globalization;
using System.Security.Cryptography;
using Tutti.Tables;
using Tutti.Tests.App;

namespace Tutti.Tests.Distributed;

/// <summary>Models whose updates several processes cannot share are trained by ranks that have whole cells, to the bytes of one process.</summary>
[Collection(RankCollection.Name)]
public sealed class SpreadTasksTests : IDisposable
{
    readonly TempFolder temp = Shared.Temp();

    public SpreadTasksTests()
    {
        var table = Table.Read(Path.Combine(Shared.Root, "samples", "disaster", "train.csv"));
        TableWriter.Write(temp.File("train.csv"), ["id", "text", "target", "length"], writer =>
        {
            for (var row = 0; row < 96; row++) writer.Row(table[row, "id"], table[row, "text"], table[row, "target"], (table[row, "text"] ?? "").Length.ToString(CultureInfo.InvariantCulture));
        });
    }

    public void Dispose() => temp.Dispose();

    static Dictionary<string, string> Weights(string folder) => Directory.GetFiles(folder, "*", SearchOption.AllDirectories)
        .Where(file => file.EndsWith(".safetensors", StringComparison.Ordinal) || file.EndsWith("predictions.csv", StringComparison.Ordinal)).ToDictionary(file => Path.GetRelativePath(folder, file), file => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file))));

    async Task<Outcome[]> Train(string recipe, int cells)
    {
        temp.Write("recipe.yaml", recipe);
        string[] Command(string folder) => ["train", temp.File("recipe.yaml"), "--run", temp.File(folder), "--in-process"];
        using var process = CommandLine.Start(Command("alone"));
        var alone = await CommandLine.Ended(process);
        Assert.True(alone.Code == 0, alone.Error);
        using var processes = RankProcesses.Tutti(2, _ => Command("run"));
        var outcomes = processes.Ended(TimeSpan.FromMinutes(5));
        Assert.All(outcomes, outcome => Assert.True(outcome.Code == 0, $"{outcome.Code}: {outcome.Error}"));
        var weights = Weights(temp.File("alone"));
        Assert.Equal(cells, weights.Keys.Count(file => file.EndsWith("checkpoint/model.safetensors", StringComparison.Ordinal)));
        Assert.Equal(weights, Weights(temp.File("run")));
        return outcomes;
    }

    [Fact, Trait("Category", "Slow")]
    public async Task Language_models()
    {
        var outcomes = await Train("""
            task: language-model
            data: { train: train.csv, text: "{text}", validation: 0.25 }
            train: { batch: 4, epochs: 2, bptt: 10, learning-rate: 1e-2 }
            members:
              - { model: { kind: awd-lstm, layers: 1, embedding: 12, hidden: 16, vocabulary: 200 }, name: awd }
              - { model: { kind: electra, layers: 1, hidden: 32, heads: 2, vocabulary: 300 }, name: masked, train: { max-length: 40 } }
            """, 2);
        Assert.Contains("2 ranks: updates cannot be shared (awd: a language model's updates are computed by one process): cells are spread\n", outcomes[0].Error, StringComparison.Ordinal);
        using var asked = RankProcesses.Tutti(2, _ => ["train", temp.File("recipe.yaml"), "--run", temp.File("updates"), "--spread", "updates"]);
        Assert.All(asked.Ended(TimeSpan.FromMinutes(2)), outcome => outcome.IsWrongInput(["--spread", "language-model"]));
    }

    [Fact]
    public async Task Every_step_of_ulmfit()
    {
        await Train("""
            task: ulmfit
            data: { train: train.csv, text: "{text}", label: target, validation: 0.25 }
            adapt: { train: { epochs: 1, batch: 4, bptt: 12, learning-rate: 1e-2 } }
            train: { batch: 16, epochs: 1, learning-rate: 1e-2, max-length: 40, unfreeze: gradual, layer-groups: 2 }
            members:
              - { model: { kind: awd-lstm, layers: 1, embedding: 12, hidden: 16, vocabulary: 60 }, name: forward, seeds: [1, 2] }
              - { model: { kind: awd-lstm, layers: 1, embedding: 12, hidden: 16, backward: true, vocabulary: 60 }, name: backward }
            """, 5);
    }

    [Fact]
    public async Task Several_targets_balanced_by_the_norms_of_their_gradients()
    {
        var outcomes = await Train("""
            task: multi-target
            data:
              train: train.csv
              text: "{text}"
              validation: 0.25
              id: id
              targets: [target, { column: length, kind: number }]
            train: { batch: 16, epochs: 1, max-length: 40, balance: gradient-norm }
            members:
              - { model: { kind: bert, layers: 1, hidden: 16, heads: 2, vocabulary: 200 }, seeds: [1, 2] }
            """, 2);
        Assert.Contains("gradient-norm looks at the gradients of all rows", outcomes[0].Error, StringComparison.Ordinal);
    }
}
