using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Tutti.Tests.Models;
using Tutti.Tests.Torch;
using Tutti.Torch;
using Tutti.Training;
using Tutti.Training.Optimizers;

namespace Tutti.Tests.Training;

/// <summary>Layer groups that come to learn during a fit: for every architecture, in memory, and across an interruption.</summary>
public sealed class UnfreezeTests() : EngineTest(threads: 1)
{
    static readonly Example[] texts = [.. Enumerable.Range(0, 12).Select(i => new Example([2, 5 + (i % 3), 9 + (i % 5), 3], null, i % 2, i))];
    static readonly TrainConfig plain = new() { Batch = 6, LearningRate = 1e-3, Schedule = ScheduleKind.Constant, Warmup = 0, WeightDecay = 0.1 };

    [Theory, MemberData(nameof(Tiny.Kinds), MemberType = typeof(Tiny))]
    public void A_group_stays_bit_for_bit_until_its_epoch_and_learns_from_its_first_update(string kind)
    {
        using var model = Tiny.Model(kind);
        var groups = model.Groups!;
        var config = plain with { Epochs = groups.Count, Unfreeze = UnfreezeKind.Gradual };
        var before = model.Params.Items.ToDictionary(item => item.Name, item => item.Value.ToArray<float>());
        var steps = new Seen<StepResult>(step =>
        {
            foreach (var group in model.Params.Items.GroupBy(item => groups.Of(item.Name)))
            {
                var learns = step.Epoch > groups.Count - 1 - group.Key;
                Assert.True(learns == group.Any(item => !item.Value.ToArray<float>().AsSpan().SequenceEqual(before[item.Name])), $"group {group.Key} after update {step.Update}");
                Assert.All(group.Where(item => !item.Name.Contains(".running_", StringComparison.Ordinal)), item => Assert.Equal(learns, item.Stored.RequiresGrad));
                Assert.All(group, item => Assert.Null(item.Stored.StoredGrad));
            }
        });
        new Learner(model, config, 1).FitInTest(texts, texts, new(steps));
        Assert.Equal(2 * groups.Count, steps.Count);
        Assert.All(Tiny.Learnt(model), item => Assert.True(item.Stored.RequiresGrad));
    }

    [Theory, MemberData(nameof(Tiny.Kinds), MemberType = typeof(Tiny))]
    public void Backward_does_not_go_below_the_lowest_layer_that_learns(string kind)
    {
        using var model = Tiny.Model(kind);
        var config = plain with { Epochs = model.Groups!.Count, Unfreeze = UnfreezeKind.Gradual };
        using var groups = new LearningGroups(model, config, 1);
        using var sum = new GradientSum(model, config, 1);
        var layers = model.Groups!.Layers;
        for (var epoch = 0; epoch < config.Epochs; epoch++)
        {
            groups.Begin(epoch);
            List<bool> recorded = [];
            using (sum.Update(epoch)) sum.AddOnce(texts, texts.Length, output => recorded.Add(output.RequiresGrad));
            // The embeddings' output, then every layer's; ALBERT runs its one group of layers several times.
            Assert.True(recorded[0] == (epoch >= layers + 1), $"the embeddings in epoch {epoch + 1}: {string.Join(' ', recorded)}");
            if (layers == recorded.Count - 1)
                foreach (var layer in Enumerable.Range(1, layers)) Assert.True(recorded[layer] == (epoch >= layers + 1 - layer), $"layer {layer} in epoch {epoch + 1}: {string.Join(' ', recorded)}");
            Assert.All(model.Params.Items, item => Assert.True(item.Stored.StoredGrad is null || groups.Begins(item) <= epoch, item.Name));
            foreach (var item in model.Params.Items) item.Stored.SetGrad(null);
        }
    }

    [Fact]
    public void A_group_that_comes_late_moves_by_its_own_rate_as_if_its_steps_were_the_first()
    {
        // Adam's first step is the rate times the sign of the gradient: with the count of another group's steps it would be three times that.
        using var model = Tiny.Model(dtype: DType.Float64);
        var config = plain with { Batch = 12, Epochs = 4, WeightDecay = 0, Epsilon = 1e-15, LayerDecay = 0.5, Unfreeze = UnfreezeKind.Gradual };
        var before = model.Params.Items.ToDictionary(item => item.Name, item => item.Value.ToArray<double>());
        Dictionary<string, double> moved = [];
        var steps = new Seen<StepResult>(step =>
        {
            foreach (var item in model.Params.Items.Where(item => model.Groups!.Of(item.Name) == 4 - step.Update))
                moved[item.Name] = item.Value.ToArray<double>().Zip(before[item.Name], (a, b) => Math.Abs(a - b)).Max();
        });
        new Learner(model, config, 1).FitInTest(texts, texts, new(steps));
        foreach (var (name, share) in new[] { ("classifier.weight", 1), ("bert.encoder.layer.1.output.dense.weight", 0.5), ("bert.encoder.layer.0.attention.self.query.weight", 0.25), ("bert.embeddings.word_embeddings.weight", 0.125), ("bert.embeddings.LayerNorm.weight", 0.125) })
            Assert.Equal(1e-3 * share, moved[name], 1e-6 * share);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void The_optimizer_has_nothing_for_weights_that_have_not_begun(bool byOperators)
    {
        var path = byOperators ? AdamWPath.Operators : AdamWPath.OnePass;
        using var model = Tiny.Model();
        using var groups = new LearningGroups(model, plain with { Epochs = 4, Unfreeze = UnfreezeKind.Gradual }, 1);
        using var sum = new GradientSum(model, plain, 1);
        using var optimizer = new AdamW(model.Params.Trained, decay: 0.1, factor: groups.Factor, begins: groups.Begins) { Path = path };
        var before = model.Params.Items.ToDictionary(item => item.Name, item => item.Value.ToArray<float>());
        groups.Begin(1);
        using (sum.Update(1)) sum.AddOnce(texts, texts.Length);
        optimizer.Step(1e-3, 0);
        optimizer.ZeroGradients();
        foreach (var (name, moment) in optimizer.State)
            if (model.Groups!.Of(name[2..]) < 2) Assert.All(moment.ToArray<float>(), value => Assert.Equal(0, value));
        Assert.All(model.Params.Items, item => Assert.True(model.Groups!.Of(item.Name) >= 2 || item.Value.ToArray<float>().AsSpan().SequenceEqual(before[item.Name]), item.Name));
        Assert.Contains(model.Params.Items, item => model.Groups!.Of(item.Name) == 2 && !item.Value.ToArray<float>().AsSpan().SequenceEqual(before[item.Name]));
    }

    [Fact]
    public void Groups_that_a_fit_is_too_short_for_have_no_optimizer_state_and_it_says_so()
    {
        using var model = Tiny.Model();
        var notes = new SomeExamples.Kept<string>();
        new Learner(model, plain with { Epochs = 2, Unfreeze = UnfreezeKind.Gradual }, 1).FitInTest(texts, texts, new(Notes: notes));
        Assert.Contains(notes, note => note.Contains("2 epochs are too few for 4 layer groups: embeddings, layer 1 never learn", StringComparison.Ordinal));
        Assert.All(model.Params.Trained, item => Assert.True(model.Groups!.Of(item.Name) >= 2, item.Name));
        Assert.Equal(2 * 4 * model.Params.Trained.Sum(item => item.Stored.Count), MemoryNeed.MomentBytes(model));
    }

    [Theory, InlineData(false), InlineData(true)]
    public void The_predicted_peak_is_that_of_the_largest_phase(bool gradual)
    {
        var config = SmallEncoder.Config with { Epochs = 6, Unfreeze = gradual ? UnfreezeKind.Gradual : new UnfreezeConfig { HeadEpochs = 1 } };
        var plans = new SomeExamples.Kept<MemoryReport>();
        SmallEncoder.Fit(config, out var peak, out _, plans: plans);
        Assert.InRange(Assert.Single(plans).Plan.PredictedPeak, peak * 0.9, peak * 1.1);
    }

    [Fact]
    public void Layers_can_be_taken_together()
    {
        using var model = SmallEncoder.Model(layers: 3);
        using var groups = new LearningGroups(model, plain with { LayerGroups = 3, LayerDecay = 0.1 }, 1);
        Assert.Equal(["embeddings to layer 1", "layer 2 to layer 3", "head"], groups.Names);
        double Of(string part) => groups.Factor(model.Params.Items.First(item => item.Name.Contains(part, StringComparison.Ordinal)));
        foreach (var (part, share) in new[] { ("word_embeddings", 0.01), ("layer.0.", 0.01), ("layer.1.", 0.1), ("layer.2.", 0.1), ("classifier", 1) }) Assert.Equal(share, Of(part), 1e-12);
        Assert.Equal(model.Params.Items.Sum(item => item.Stored.Count), groups.Weights.Sum());
        var error = Assert.Throws<ConfigException>(() => LearningGroups.Check(model, plain with { LayerGroups = 6 }));
        Assert.Contains("got 6, the model has 5 (embeddings, layer 1, layer 2, layer 3, head)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_without_layers_is_refused()
    {
        using var model = new Samples.BagOfTokens(new(1), Tiny.Config());
        foreach (var config in new[] { plain with { LayerDecay = 0.5 }, plain with { FirstRate = 1e-4 }, plain with { LayerGroups = 2 }, plain with { Unfreeze = UnfreezeKind.Gradual } })
            Assert.Contains("is for models whose layers are known", Assert.Throws<ConfigException>(() => LearningGroups.Check(model, config)).Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(Precision.Fp32, true), InlineData(Precision.Fp32, false), InlineData(Precision.Bf16, true)]
    public void Cancelled_in_any_micro_batch_it_goes_on_to_the_same_bits_across_unfreezing(Precision precision, bool gradual)
    {
        using var temp = Shared.Temp();
        var config = plain with
        {
            Batch = 12,
            Epochs = gradual ? 5 : 3,
            MicroTokens = 70,
            Precision = precision,
            Schedule = gradual ? ScheduleKind.SlantedTriangular : ScheduleKind.OneCycle,
            LayerDecay = gradual ? 0.4 : null,
            Unfreeze = gradual ? UnfreezeKind.Gradual : new UnfreezeConfig { HeadEpochs = 1 },
        };
        var examples = SomeExamples.Of(20);
        var (steps, passes) = (new List<string>(), 0);
        var whole = Fit(temp.File("whole"), config, examples, stopAt: null, seed: 1, steps, ref passes);
        Assert.NotNull(whole);
        Assert.True(passes > config.Epochs * 3, $"{passes} passes");
        for (var at = 1; at <= passes; at++)
        {
            var (parts, ignored) = (new List<string>(), 0);
            var folder = temp.File($"at {at}");
            var ended = Fit(folder, config, examples, at, seed: 1, parts, ref ignored) ?? Fit(folder, config, examples, stopAt: null, seed: 2, parts, ref ignored);
            Assert.True(whole == ended, $"cancelled in pass {at}");
            Assert.Equal(steps, parts);
        }
    }

    /// <summary>One process; the hash of the last weights, or null when it was cancelled.</summary>
    static string? Fit(string folder, TrainConfig config, Example[] examples, int? stopAt, long seed, List<string> steps, ref int passes)
    {
        using var source = new CancellationTokenSource();
        var count = -1;                                       // probes come before the plan
        using var model = new CountedModel(Tiny.Model(dropout: 0.1, seed: seed), () =>
        {
            if (count >= 0 && ++count == stopAt) source.Cancel();
        });
        var store = new FitStore(new ResumeFolder(Path.Combine(folder, "resume")), TimeSpan.FromHours(1), new JsonObject { ["fit"] = "this one" });
        FitProgress progress = new(new Seen<StepResult>(step => steps.Add(FormattableString.Invariant($"{step.Update} {step.Loss:R} {step.Rate:R} {step.GradientNorm:R}"))), Plans: new Seen<MemoryReport>(_ => count = 0));
        try
        {
            new Learner(model, config, 5, checkpointFolder: Path.Combine(folder, "checkpoint"), store: store).Fit(examples, examples[..8], progress, source.Token);
            return Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(Path.Combine(folder, "checkpoint", "last", "model.safetensors"))));
        }
        catch (OperationCanceledException)
        {
            return null;
        }
        finally
        {
            passes = count;
        }
    }

    /// <summary>Looks at what is reported, at once.</summary>
    sealed class Seen<T>(Action<T> look) : IProgress<T>
    {
        public int Count { get; private set; }

        public void Report(T value)
        {
            Count++;
            look(value);
        }
    }
}
