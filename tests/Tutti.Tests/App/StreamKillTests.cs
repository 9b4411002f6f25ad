using System.Diagnostics;
using System.Security.Cryptography;
using Tutti.Runs;
using Tutti.Tests.Recipes;
using Tutti.Torch;

namespace Tutti.Tests.App;

/// <summary>A recurrent language model whose process is killed in the middle of an epoch comes to the same bits.</summary>
[Collection(ProcessCollection.Name)]
public sealed class StreamKillTests : IDisposable
{
    readonly TempFolder temp = Shared.Temp();

    public StreamKillTests()
    {
        TinyRun.Rows("train.csv", temp.File("train.csv"), 0, 120);
        temp.Write("recipe.yaml", """
            task: language-model
            data: { train: train.csv, text: "{text}", validation: 0.2 }
            train: { batch: 6, epochs: 4, bptt: 12, learning-rate: 1e-2, schedule: one-cycle, micro-tokens: 30, evaluate-every: 7 }
            members: [ { model: { kind: awd-lstm, layers: 2, embedding: 24, hidden: 32, vocabulary: 300 }, name: awd } ]
            checkpoint: { every: 0 s }
            """);
    }

    public void Dispose() => temp.Dispose();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public Task Kills_change_no_bit() => Kills(3, 1);

    [Theory, Trait("Category", "Slow"), InlineData(2), InlineData(3)]
    public Task Ten_kills_change_no_bit(int seed) => Kills(10, seed);

    async Task Kills(int kills, int seed)
    {
        Signal.SkipWhereThereAreNone();
        using (var alone = Start("whole"))
        {
            var outcome = await CommandLine.Ended(alone);
            Assert.True(outcome.Code == 0, outcome.Error);
        }
        var (folder, random, said) = (temp.File("run"), RandomStream.Of(seed, "stream kills"), new List<string>());
        for (var i = 0; i < kills; i++)
        {
            using var process = Start("run");
            var ended = CommandLine.Ended(process);
            var (done, steps) = (Steps(folder), 1 + (int)(random.Uniform(2 * i) * 8));
            while (!process.HasExited && Steps(folder) < done + steps) await Task.Delay(1, Token);
            await Task.Delay((int)(random.Uniform((2 * i) + 1) * 20), Token);
            if (!process.HasExited) process.Kill();
            said.Add($"after {steps} updates");
            Assert.Contains((await ended).Code, (int[])[0, 137]);
        }
        using (var last = Start("run"))
        {
            var outcome = await CommandLine.Ended(last);
            Assert.True(outcome.Code == 0, outcome.Error);
            if (kills <= 3) Assert.Contains("goes on after update ", outcome.Error, StringComparison.Ordinal);
        }
        foreach (var file in (string[])["model.safetensors", "last/model.safetensors", "tokenizer.json"])
            Assert.True(Hash("whole", file) == Hash("run", file), $"{file}: other bytes, killed {string.Join(", ", said)}");
    }

    Process Start(string folder) => CommandLine.Start(1, "train", temp.File("recipe.yaml"), "--run", temp.File(folder), "--in-process");

    string Hash(string folder, string file) => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(Path.Combine(temp.File(folder), "cells", "awd-s1-f0", "checkpoint", file))));

    static int Steps(string folder) => File.Exists(new RunFolder(folder).Events) ? EventLog.Read(new RunFolder(folder).Events).Count(line => line.Kind == "step") : 0;
}
