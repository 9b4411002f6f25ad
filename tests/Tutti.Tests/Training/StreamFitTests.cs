using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Nn;
using Tutti.Tests.Models;
using Tutti.Tests.Torch;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Training;

/// <summary>A recurrent language model learns streams: states go from update to update whatever the cut, and a fit that was ended in mid-stream goes on to the same bits.</summary>
public sealed class StreamFitTests() : EngineTest(threads: 1)
{
    static readonly TrainConfig config = new() { Batch = 6, Epochs = 2, LearningRate = 0.02, Bptt = 7, Jitter = 2, MicroTokens = 16, Schedule = ScheduleKind.OneCycle, EvaluateEvery = 5, WeightDecay = 0.1, Beta2 = 0.99 };

    static readonly Example[] train = Texts(40, 1), valid = Texts(24, 2);

    /// <summary>Texts in which every id is mostly followed by the same other one.</summary>
    static Example[] Texts(int count, int seed)
    {
        var random = RandomStream.Of(seed, "some texts");
        return [.. Enumerable.Range(0, count).Select(row =>
        {
            List<int> ids = [2];
            for (var i = 0; i < 5 + random.Below(row * 100, 20); i++) ids.Add(random.Uniform((row * 100) + 1 + i) < 0.8 ? 4 + (((ids[^1] * 7) + 3) % (Tiny.Vocabulary - 4)) : 4 + random.Below((row * 100) + 50 + i, Tiny.Vocabulary - 4));
            return new Example([.. ids], null, -1, row);
        })];
    }

    static TextModel Model(long seed = 1, double dropout = 0.1, DType dtype = DType.Float32, bool backward = false)
    {
        var json = Tiny.Json("awd-lstm", dropout);
        if (backward) json["backward"] = true;
        return ModelFolder.New(new ModelConfig(json, "config.json").AsLanguageModel(), seed, null, dtype);
    }

    [Fact]
    public void Updates_one_after_the_other_have_the_same_gradients_however_their_streams_are_cut()
    {
        var order = new LanguageStreams(train, config.Batch, 7, seed: 3, jitter: 2);
        double[] Gradients(int[] cuts)
        {
            using var model = Model(dtype: DType.Float64);
            using var states = new CarriedState(config.Batch);
            model.Params.Run.Carried = states;
            model.Params.Run.ActivationPenalty = (2, 1);
            var learner = new Learner(model, config, 5, objective: new NextTokens(config.Batch, 7));
            List<double> all = [];
            for (var update = 0; update < 3; update++)
            {
                var examples = order.Epoch(1)[update];
                List<Example[]> parts = [];
                foreach (var cut in cuts) parts.Add([.. examples.Skip(parts.Sum(part => part.Length)).Take(cut)]);
                all.Add(learner.Gradients(parts, update));
                states.Advance();
            }
            all.AddRange(Tiny.Learnt(model).SelectMany(item => item.Value.Grad!.Dense().ToArray<double>()));
            return [.. all];
        }
        var whole = Gradients([6]);
        foreach (var cuts in (int[][])[[1, 5], [2, 2, 2], [1, 1, 1, 1, 1, 1]])
            foreach (var (expected, got) in whole.Zip(Gradients(cuts))) Assert.Equal(expected, got, 1e-10 * Math.Max(1, Math.Abs(expected)));
    }

    [Fact]
    public void The_states_that_an_update_left_count_in_the_next_and_an_epoch_begins_without()
    {
        using var model = Model(dropout: 0);
        List<double> Losses(bool carry)
        {
            using var states = new CarriedState(config.Batch);
            model.Params.Run.Carried = states;
            var learner = new Learner(model, config, 5, objective: new NextTokens(config.Batch, 7));
            List<double> losses = [];
            foreach (var update in new LanguageStreams(train, config.Batch, 7, null).Epoch(1).Take(3))
            {
                losses.Add(learner.Gradients([update], 0));
                if (carry) states.Advance();
            }
            foreach (var item in model.Params.Items) item.Stored.SetGrad(null);
            return losses;
        }
        var (carried, fresh) = (Losses(true), Losses(false));
        Assert.Equal(fresh[0], carried[0]);
        Assert.NotEqual(fresh[1], carried[1]);
        Assert.NotEqual(fresh[2], carried[2]);
    }

    [Theory, InlineData(1, false), InlineData(3, false), InlineData(3, true)]
    public void Held_out_tokens_are_predicted_from_all_that_their_stream_had_before(int streams, bool backward)
    {
        using var model = Model(dropout: 0, backward: backward);
        var sums = new NextTokens(streams, 5, backward).PerUnit(model, valid, Precision.Fp32, 7, CancellationToken.None);
        // The same in one pass over each stream, from zero states.
        int[] all = [.. valid.SelectMany(text => backward ? text.Ids.Reverse() : text.Ids)];
        var length = (all.Length - 1) / streams;
        var (loss, right) = (0.0, 0);
        for (var stream = 0; stream < streams; stream++)
        {
            using var scope = new Scope();
            using var none = Modes.NoGrad();
            var ids = all[(stream * length)..((stream * length) + length + 1)];
            var logits = model.Forward(new(ids[..^1], null, [length], [0]));
            var probabilities = logits.To(DType.Float64).Softmax(1).ToArray<double>().Chunk(Tiny.Vocabulary).ToArray();
            for (var i = 0; i < length; i++)
            {
                loss -= Math.Log(probabilities[i][ids[i + 1]]);
                if (Array.IndexOf(probabilities[i], probabilities[i].Max()) == ids[i + 1]) right++;
            }
        }
        Assert.Equal(loss, sums.Chunk(3).Sum(unit => unit[0]), 1e-4 * loss);
        Assert.Equal(length * streams, sums.Chunk(3).Sum(unit => unit[1]));
        Assert.Equal(right, sums.Chunk(3).Sum(unit => unit[2]));
        Assert.Equal(valid.Length, sums.Length / 3);
        Assert.Null(model.Params.Run.Carried);
    }

    [Fact]
    public void Few_texts_are_cut_into_blocks_for_their_interval()
    {
        using var model = Model(dropout: 0);
        Example[] one = [new([.. Enumerable.Range(0, 700).Select(i => 4 + (i % 30))], null, -1, 0)];
        Assert.Equal(3, new NextTokens(1, 50).PerUnit(model, one, Precision.Fp32, 4096, CancellationToken.None).Length / 3);
    }

    [Fact]
    public void A_model_learns_what_follows_what()
    {
        using var model = Model(dropout: 0);
        var before = Loss(model);
        new Learner(model, config with { Epochs = 12 }, 5, objective: new NextTokens(config.Batch, 7)).FitInTest(train, valid);
        Assert.InRange(Loss(model), 0.5, before - 0.7);

        static double Loss(TextModel model)
        {
            var sums = new NextTokens(6, 7).PerUnit(model, valid, Precision.Fp32, 4096, CancellationToken.None);
            return sums.Chunk(3).Sum(unit => unit[0]) / sums.Chunk(3).Sum(unit => unit[1]);
        }
    }

    [Fact]
    public void Cancelled_in_any_micro_batch_a_fit_goes_on_to_the_same_bits()
    {
        using var temp = Shared.Temp();
        var (whole, passes) = Fit(temp.File("whole"), 1, null);
        Assert.True(passes > 60, $"{passes} passes");
        for (var at = 1; at < passes; at += 3)
        {
            var folder = temp.File($"at {at}");
            Assert.Null(Fit(folder, 1, at).Bits);
            Assert.Equal(whole, Fit(folder, 2, null).Bits);
        }
    }

    [Fact]
    public void Cancelled_again_and_again_it_comes_to_the_same_bits()
    {
        using var temp = Shared.Temp();
        var whole = Fit(temp.File("whole"), 1, null).Bits;
        string? parts = null;
        for (var process = 1; parts is null; process++) parts = Fit(temp.File("parts"), process, 4).Bits;
        Assert.Equal(whole, parts);
    }

    /// <summary>One process of a fit: cancelled in its n-th forward pass of an update, or to the end.</summary>
    static (string? Bits, int Passes) Fit(string folder, long seed, int? stopAt)
    {
        using var source = new CancellationTokenSource();
        var (passes, planned) = (0, false);
        CountedModel? counted = null;
        // The first process makes the weights; the others, from another seed, must take them from the point.
        using var model = counted = new(Model(seed), () =>
        {
            if (planned && counted!.Params.Run.Training && ++passes == stopAt) source.Cancel();
        });
        var store = new FitStore(new ResumeFolder(Path.Combine(folder, "resume")), TimeSpan.FromHours(1), new JsonObject { ["fit"] = "this one" });
        var losses = new SomeExamples.Kept<EvaluationResult>();
        var learner = new Learner(model, config, 5, checkpointFolder: Path.Combine(folder, "checkpoint"), store: store, objective: new NextTokens(config.Batch, 7));
        try
        {
            var result = learner.Fit(train, valid, new(Evaluations: losses, Plans: new Now<MemoryReport>(_ => planned = true)), source.Token);
            return (Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(Path.Combine(folder, "checkpoint", "last", "model.safetensors")))) + result.Best.Loss.ToString("R", System.Globalization.CultureInfo.InvariantCulture), passes);
        }
        catch (OperationCanceledException)
        {
            return (null, passes);
        }
    }

    sealed class Now<T>(Action<T> to) : IProgress<T>
    {
        public void Report(T value) => to(value);
    }
}
