using Tutti.Models;
using Tutti.Tests.Torch;
using Tutti.Tests.Training;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Models;

/// <summary>Weights by depth, and what is done by depth: learning rates, fresh last layers, frozen ones.</summary>
public sealed class LayerGroupsTests() : EngineTest(threads: 1)
{
    static readonly Example[] texts = [.. Enumerable.Range(0, 12).Select(i => new Example([2, 5 + (i % 3), 9 + (i % 5), 3], null, i % 2, i))];

    [Theory, MemberData(nameof(Tiny.Kinds), MemberType = typeof(Tiny))]
    public void Every_weight_has_a_depth_and_every_depth_weights(string kind)
    {
        using var model = Tiny.Model(kind);
        var groups = model.Groups!;
        var depths = model.Params.Items.Select(item => groups.Of(item.Name)).ToArray();
        Assert.Equal(Enumerable.Range(0, groups.Count), depths.Distinct().Order());
        Assert.Equal(kind == "albert" ? 3 : 4, groups.Count);
        Assert.All(model.Params.Items.Where(item => item.Name.Contains("embeddings.", StringComparison.Ordinal)), item => Assert.Equal(0, groups.Of(item.Name)));
        Assert.All(model.Params.Items.Where(item => item.Name.Contains("classifier", StringComparison.Ordinal) || item.Name.Contains("pooler", StringComparison.Ordinal)), item => Assert.Equal(groups.Count - 1, groups.Of(item.Name)));
        Assert.Equal(1, groups.Factor("classifier.weight", 0.5));
        Assert.Equal(Math.Pow(0.5, groups.Count - 1), groups.Factor(model.Params.Items[0].Name, 0.5));
    }

    /// <summary>Weights after one update in which every gradient counts with its sign alone, so that a weight moves by its learning rate.</summary>
    static Dictionary<string, double> Moved(TrainConfig config)
    {
        using var model = Tiny.Model(dtype: DType.Float64);
        var before = model.Params.Items.ToDictionary(item => item.Name, item => item.Value.ToArray<double>());
        new Learner(model, config with { Batch = 12, Epochs = 1, LearningRate = 1e-3, Warmup = 0, Schedule = ScheduleKind.Constant, WeightDecay = 0, Epsilon = 1e-15 }, 1).FitInTest(texts, texts);
        return model.Params.Items.ToDictionary(item => item.Name, item => item.Value.ToArray<double>().Zip(before[item.Name], (a, b) => Math.Abs(a - b)).Max());
    }

    [Fact]
    public void A_layer_learns_with_its_share_of_the_rate()
    {
        var moved = Moved(new TrainConfig { LayerDecay = 0.5 });
        foreach (var (name, share) in new[] { ("classifier.weight", 1), ("bert.pooler.dense.weight", 1), ("bert.encoder.layer.1.output.dense.weight", 0.5), ("bert.encoder.layer.0.attention.self.query.weight", 0.25), ("bert.embeddings.word_embeddings.weight", 0.125), ("bert.embeddings.LayerNorm.weight", 0.125) })
            Assert.Equal(1e-3 * share, moved[name], 1e-6 * share);
        Assert.All(Moved(new TrainConfig()), pair => Assert.True(pair.Key.EndsWith("key.bias", StringComparison.Ordinal) || Math.Abs(pair.Value - 1e-3) < 1e-6, pair.Key));
    }

    [Fact]
    public void Frozen_weights_stay_and_take_no_memory()
    {
        var moved = Moved(new TrainConfig { Freeze = ["embeddings.*", "bert.encoder.layer.0.*", "*.pooler.dense.bias"] });
        Assert.All(moved, pair => Assert.Equal(pair.Key.StartsWith("bert.embeddings.", StringComparison.Ordinal) || pair.Key.StartsWith("bert.encoder.layer.0.", StringComparison.Ordinal) || pair.Key == "bert.pooler.dense.bias", pair.Value == 0));

        using var model = Tiny.Model();
        var (gradients, moments, least) = (MemoryNeed.GradientBytes(model, 1000), MemoryNeed.MomentBytes(model), MemoryNeed.Smallest(model, 20, 8));
        LayerGroups.Freeze(model, ["embeddings.word_embeddings.weight", "encoder.*"]);
        var left = model.Params.Trained.Sum(item => item.Stored.Count * 4);
        Assert.Equal(left, MemoryNeed.GradientBytes(model, 1000));
        Assert.Equal(2 * left, MemoryNeed.MomentBytes(model));
        Assert.True(gradients > left && moments > 2 * left && MemoryNeed.Smallest(model, 20, 8) < least);
    }

    [Theory, MemberData(nameof(Tiny.Kinds), MemberType = typeof(Tiny))]
    public void Only_the_head_is_left_where_the_encoder_is_frozen_also_with_activations_computed_again(string kind)
    {
        using var model = Tiny.Model(kind);
        var prefix = Catalog.Find(new(model.Config, "")).Prefix;
        LayerGroups.Freeze(model, [$"{prefix}.*"]);
        foreach (var again in new[] { false, true })
        {
            new Learner(model, new TrainConfig(), 1).Gradients([texts], 0, again);
            Assert.All(Tiny.Learnt(model), item => Assert.Equal(item.Name.StartsWith(prefix + ".", StringComparison.Ordinal), item.Stored.Grad is null));
        }
    }

    [Theory, MemberData(nameof(Tiny.Kinds), MemberType = typeof(Tiny))]
    public void Lower_layers_can_be_frozen_with_activations_computed_again(string kind)
    {
        using var model = Tiny.Model(kind);
        LayerGroups.Freeze(model, [Tiny.HasAttention(kind) ? "embeddings.*" : "encoder.*"]);
        using var whole = Tiny.Model(kind);
        new Learner(model, new TrainConfig(), 1).Gradients([texts], 0, true);
        new Learner(whole, new TrainConfig(), 1).Gradients([texts], 0);
        foreach (var (item, other) in model.Params.Items.Zip(whole.Params.Items).Where(pair => !pair.First.Frozen))
        {
            var (a, b) = (Dense(item.Stored.Grad!), Dense(other.Stored.Grad!));
            Assert.True(a.Zip(b, (x, y) => Math.Abs(x - y)).Max() < 1e-5, item.Name);
        }
    }

    static float[] Dense(Tensor grad) => (grad.IsByRows ? grad.Dense() : grad).ToArray<float>();

    [Fact]
    public void A_pattern_that_names_nothing_is_refused()
    {
        using var model = Tiny.Model();
        var error = Assert.Throws<ConfigException>(() => LayerGroups.Freeze(model, ["encoder.*", "bert.embedings.*"]));
        Assert.Equal("train.freeze.1", error.Path);
        Assert.Contains("'bert.embedings.*' names no weight", error.Message, StringComparison.Ordinal);
        Assert.Contains("nothing is left to train", Assert.Throws<ConfigException>(() => LayerGroups.Freeze(model, ["*"])).Message, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Tiny.Kinds), MemberType = typeof(Tiny))]
    public void Last_layers_start_fresh_when_asked_and_nothing_else(string kind)
    {
        using var temp = Shared.Temp();
        using var model = Tiny.Model(kind, seed: 1);
        ModelFolder.Save(model, temp.Path);
        using var again = ModelFolder.Load(temp.Path, ["class 0", "class 1"], 2, out var report, reinitialize: 1);
        var groups = model.Groups!;
        Assert.Equal(model.Params.Items.Select(item => item.Name).Where(name => groups.Of(name) >= groups.Count - 2), report.Missing);
        foreach (var (a, b) in model.Params.Items.Zip(again.Params.Items).Where(pair => pair.First.Name.EndsWith("weight", StringComparison.Ordinal) && pair.First.Stored.Dims > 1))
            Assert.Equal(report.Missing.Contains(a.Name), !a.Value.ToArray<float>().AsSpan().SequenceEqual(b.Value.ToArray<float>()));
        Assert.Contains("has", Assert.Throws<DataException>(() => ModelFolder.Load(temp.Path, null, 2, out _, reinitialize: 3)).Message, StringComparison.Ordinal);
    }
}
