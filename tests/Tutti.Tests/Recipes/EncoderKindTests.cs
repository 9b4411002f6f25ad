using Tutti.Models;
using Tutti.Recipes;

namespace Tutti.Tests.Recipes;

/// <summary>Every kind of encoder that a recipe can train from nothing.</summary>
[Collection(RunCollection.Name)]
public sealed class EncoderKindTests
{
    [Fact]
    public void One_recipe_trains_every_kind_and_each_can_be_exported()
    {
        using var temp = Shared.Temp();
        TinyRun.Rows("train.csv", temp.File("train.csv"), 0, 64);
        var kinds = Enum.GetValues<EncoderKind>();
        var recipe = Recipe.Parse("""
            data: { train: train.csv, text: "{text}", label: target, validation: 0.25 }
            train: { batch: 16, epochs: 1, learning-rate: 1e-3, max-length: 24, dropout: 0.2 }
            members: [ { model: { kind: bert, layers: 2, hidden: 16, heads: 2, vocabulary: 300, max-length: 40 } } ]
            """, temp.Path);
        var only = recipe.Members[0].Model;
        recipe = recipe with { Members = [.. kinds.Select(kind => new MemberConfig { Model = kind == EncoderKind.AwdLstm ? only with { Kind = kind, Heads = null, MaxLength = null, Embedding = 12 } : only with { Kind = kind } })] };
        var result = TinyRun.Train(recipe, temp.File("run"));
        Assert.Equal(kinds.Length, result.Leaderboard.Rows.Count(row => row.Cells == 1));
        foreach (var (kind, member) in kinds.Zip(recipe.Members))
        {
            var folder = Path.Combine(temp.File("run"), "cells", $"{member.Name}-s1-f0", "checkpoint");
            var config = ModelConfig.Read(Path.Combine(folder, "config.json"));
            Assert.Equal(kind.ToString().ToLowerInvariant(), config.ModelType.Replace("-", "", StringComparison.Ordinal));
            Assert.All(Catalog.Find(config).DropoutKeys, key => Assert.Equal(0.2, config.Number(key, 0)));
            Assert.Equal(kind == EncoderKind.AwdLstm ? int.MaxValue : 40, Longest(folder));
            if (kind == EncoderKind.AwdLstm)
            {
                Assert.Equal((12, 16, 2), (config.Int("emb_sz", 0), config.Int("n_hid", 0), config.Int("n_layers", 0)));
                Assert.Contains("cannot be written as ONNX", Assert.Throws<DataException>(() => ModelExport.ToOnnx(temp.File("run"), temp.File(kind.ToString()), $"{member.Name}-s1-f0")).Message, StringComparison.Ordinal);
                continue;
            }
            Assert.InRange(ModelExport.ToOnnx(temp.File("run"), temp.File(kind.ToString()), $"{member.Name}-s1-f0").Deviation!.Value, 0, 1e-4);
        }
        using var together = TextClassifier.Load(temp.File("run"));
        Assert.Equal(1, together.Predict("Forest fire near La Ronge").Sum(item => item.Probability), 1e-9);
    }

    /// <summary>The longest text that a saved model reads.</summary>
    static int Longest(string folder)
    {
        using var model = ModelFolder.Load(folder, null, 1, out var report);
        Assert.Empty(report.Lines());
        return model.MaxLength;
    }
}
