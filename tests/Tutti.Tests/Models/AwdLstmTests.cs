using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Nn;
using Tutti.Tests.Nn;
using Tutti.Tests.Torch;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Models;

/// <summary>What recordings do not show of AWD-LSTM: masks, pieces of long texts, cut updates, reading backward, penalties of ragged texts, bad configs.</summary>
public sealed class AwdLstmTests() : EngineTest(threads: 1)
{
    static ModelConfig Config(double dropout = 0, bool language = false, params (string Key, JsonNode Value)[] settings)
    {
        var config = Tiny.Config("awd-lstm", classes: 3, dropout: dropout);
        foreach (var (key, value) in settings) config = config.With(key, value);
        return language ? config.AsLanguageModel() : config;
    }

    static TextModel Model(double dropout = 0, bool language = false, params (string Key, JsonNode Value)[] settings) => ModelFolder.New(Config(dropout, language, settings), 2, dtype: DType.Float64);

    static Example[] Texts(params int[] lengths) => [.. lengths.Select((length, row) =>
    {
        var random = RandomStream.Of(8, "texts", row);
        return new Example([.. Enumerable.Range(0, length).Select(i => 2 + random.Below(i, Tiny.Vocabulary - 2))], null, row % 3, row);
    })];

    static (double Loss, Dictionary<string, double[]> Gradients, Dictionary<string, double[]> Statistics) Update(Func<TextModel> make, Example[][] parts, (double, double) penalty = default, bool checkpointing = false)
    {
        using var model = make();
        using var scope = new Scope();
        model.Params.Run.ActivationPenalty = penalty;
        var loss = new Learner(model, new TrainConfig(), 7).Gradients(parts, update: 3, checkpointing);
        return (loss, Tiny.Learnt(model).ToDictionary(item => item.Name, item => item.Stored.Grad!.ToArray<double>()),
            model.Params.Items.Except(Tiny.Learnt(model)).ToDictionary(item => item.Name, item => item.Stored.ToArray<double>()));
    }

    static void Same(Dictionary<string, double[]> expected, Dictionary<string, double[]> actual)
    {
        foreach (var (name, values) in expected) Assert.True(Check.Worst(values, actual[name]) <= 1e-10, $"{name} differs by {Check.Worst(values, actual[name])}");
    }

    // ---- cuts

    [Theory, InlineData(false), InlineData(true)]
    public void An_update_of_long_texts_has_one_gradient_and_one_running_mean_however_it_is_cut(bool checkpointing)
    {
        TextModel Make() => Model(0.3, false, ("bptt", 4), ("max_len", 9));
        var texts = Texts(23, 3, 9, 14, 1, 4, 30);
        var whole = Update(Make, [texts], (2, 1));
        foreach (var parts in new Example[][][] { [texts[..2], texts[2..5], texts[5..]], [.. texts.Select(text => new[] { text })] })
        {
            var cut = Update(Make, parts, (2, 1), checkpointing);
            Assert.Equal(whole.Loss, cut.Loss, 1e-10);
            Same(whole.Gradients, cut.Gradients);
            Same(whole.Statistics, cut.Statistics);
        }
        Assert.All(whole.Gradients, pair => Assert.True(pair.Value.Max(Math.Abs) > 1e-6, pair.Key));
        Assert.Contains(whole.Statistics, pair => pair.Key.EndsWith("running_mean", StringComparison.Ordinal) && pair.Value.Max(Math.Abs) > 1e-4);
    }

    [Fact]
    public void An_update_that_is_gone_on_with_counts_the_head_once()
    {
        var texts = Texts(8, 3, 9, 5);
        var whole = Update(() => Model(0.3), [texts]);
        using var model = Model(0.3);
        // As a resumed process does: a new sum, the gradients and statistics of the first part in place.
        foreach (var part in new[] { texts[..2], texts[2..] })
        {
            using var sum = new GradientSum(model, new TrainConfig(), 7);
            var divisor = sum.Divisor(texts);
            using var mode = sum.Update(3);
            sum.Add(part, divisor);
        }
        Same(whole.Gradients, Tiny.Learnt(model).ToDictionary(item => item.Name, item => item.Stored.Grad!.ToArray<double>()));
        Same(whole.Statistics, model.Params.Items.Except(Tiny.Learnt(model)).ToDictionary(item => item.Name, item => item.Stored.ToArray<double>()));
    }

    [Fact]
    public void Statistics_of_parts_would_be_noticed()
    {
        var texts = Texts(8, 3, 9, 5);
        var whole = Update(() => Model(), [texts]).Gradients["1.layers.0.2.weight"];
        double[][] alone = [.. new[] { texts[..2], texts[2..] }.Select(part => Update(() => Model(), [part]).Gradients["1.layers.0.2.weight"])];
        Assert.True(Check.Worst(whole, [.. alone[0].Zip(alone[1], (a, b) => (a + b) / 2)]) > 1e-3);
    }

    [Fact]
    public void One_text_alone_is_learnt_from_with_the_running_means_which_stay()
    {
        var (loss, gradients, statistics) = Update(() => Model(), [Texts(5)]);
        Assert.True(double.IsFinite(loss) && gradients["0.module.rnns.0.weight_hh_l0_raw"].Max(Math.Abs) > 1e-6);
        Assert.All(statistics.Where(pair => pair.Key.EndsWith("running_mean", StringComparison.Ordinal)), pair => Assert.Equal(0, pair.Value.Max(Math.Abs)));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Texts_of_one_length_read_together_give_what_each_gives_alone(bool language)
    {
        using var model = Model(0, language);
        using var scope = new Scope();
        using var none = Modes.NoGrad();
        foreach (var texts in new[] { Texts(5, 5, 5), Texts(5, 3, 5) })
        {
            var alone = texts.SelectMany(text => model.Hidden(TextData.Batch([text]), null, out _).ToArray<double>()).ToArray();
            Assert.True(Check.Worst(alone, model.Hidden(TextData.Batch(texts), null, out _).ToArray<double>()) <= 1e-12);
        }
    }

    // ---- masks

    [Fact]
    public void A_mask_of_channels_is_one_per_text_and_a_word_is_dropped_everywhere()
    {
        using var model = Model();
        var run = model.Params.Run;
        (run.Training, run.Seed, run.Update) = (true, 4, 2);
        foreach (var byGenerator in new[] { false, true })
        {
            run.ByGenerator = byGenerator;
            var ones = Tensor.From(Enumerable.Repeat(1.0, 6 * 50).ToArray(), 6, 50);
            Tensor owners = Tensor.From([0L, 1, 0, 1, 0, 0]), keys = Tensor.From([10L, 20]);
            var rows = new SequenceDropout(model.Params, 0.4).Forward(ones, () => owners, () => keys).ToArray<double>().Chunk(50).ToArray();
            foreach (var row in new[] { 2, 4, 5 }) Assert.Equal(rows[0], rows[row]);
            Assert.Equal(rows[1], rows[3]);
            Assert.NotEqual(rows[0], rows[1]);
            Assert.All(rows[0], value => Assert.True(value == 0 || Math.Abs(value - (1 / 0.6)) < 1e-4));

            var words = new WordDropout(model.Params, 40, 0.4).Forward(Tensor.From(Enumerable.Repeat(1.0, 80 * 3).ToArray(), 80, 3), Tensor.From([.. Enumerable.Range(0, 80).Select(i => (long)i % 40)])).ToArray<double>().Chunk(3).ToArray();
            for (var word = 0; word < 40; word++) Assert.Equal(words[word], words[word + 40]);
            Assert.All(words, word => Assert.Single(word.Distinct()));
            Assert.InRange(words[..40].Count(word => word[0] == 0), 6, 28);
        }
    }

    [Fact]
    public void Recurrent_weights_are_dropped_anew_for_each_update_and_not_while_predicting()
    {
        using var model = Model(0, false, ("weight_p", 0.5));
        double[] Logits(bool training, long update)
        {
            (model.Params.Run.Training, model.Params.Run.Update) = (training, update);
            return model.Forward(TextData.Batch(Texts(6, 4, 9))).ToArray<double>();
        }
        var (first, second, predicted) = (Logits(true, 1), Logits(true, 2), Logits(false, 1));
        Assert.NotEqual(first, second);
        Assert.NotEqual(first, predicted);
        Assert.Equal(first, Logits(true, 1));
        Assert.Equal(predicted, Logits(false, 2));
    }

    // ---- pieces

    /// <summary>The states of a text by loops: one LSTM layer after the other, over the whole text.</summary>
    static double[][] States(TextModel model, IEnumerable<int> ids)
    {
        double[] Weight(string name) => model.Params.Items.Single(item => item.Name == name).Value.ToArray<double>();
        var prefix = model.Params.Items[0].Name[..^"encoder.weight".Length];
        var table = Weight(prefix + "encoder.weight").Chunk(16).ToArray();
        var x = ids.Select(id => table[id]).ToArray();
        for (var layer = 0; layer < 2; layer++)
        {
            var place = $"{prefix}rnns.{layer}.";
            var (u, wide) = (Weight(place + "weight_hh_l0_raw"), layer == 0 ? 20 : 16);
            var (w, b, d) = (Weight(place + "module.weight_ih_l0").Chunk(x[0].Length).ToArray(), Weight(place + "module.bias_ih_l0"), Weight(place + "module.bias_hh_l0"));
            var (rows, h, c) = (u.Chunk(wide).ToArray(), new double[wide], new double[wide]);
            x = [.. x.Select(input =>
            {
                double Gate(int at) => w[at].Zip(input, (a, y) => a * y).Sum() + b[at] + rows[at].Zip(h, (a, y) => a * y).Sum() + d[at];
                static double Sigmoid(double value) => 1 / (1 + Math.Exp(-value));
                var cell = Enumerable.Range(0, wide).Select(j => (Sigmoid(Gate(wide + j)) * c[j]) + (Sigmoid(Gate(j)) * Math.Tanh(Gate((2 * wide) + j)))).ToArray();
                var next = Enumerable.Range(0, wide).Select(j => Sigmoid(Gate((3 * wide) + j)) * Math.Tanh(cell[j])).ToArray();
                (h, c) = (next, cell);
                return next;
            })];
        }
        return x;
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Pieces_go_on_from_each_other_and_the_last_ones_are_pooled(bool backward)
    {
        using var model = Model(0, false, ("bptt", 4), ("max_len", 9), ("backward", backward));
        var texts = Texts(23, 3, 9, 14, 1, 4, 16);
        // Whole pieces that begin within 9 tokens of the end: of 23 = 5 x 4 + 3 the last 7, of 14 the last 6, of 16 the last 8.
        int[] kept = [7, 3, 9, 6, 1, 4, 8];
        var hidden = model.Hidden(TextData.Batch(texts), null, out var ragged);
        Assert.Equal(kept.Sum(), hidden.Size(0));
        var pooled = model.Pool(hidden, ragged).ToArray<double>().Chunk(48).ToArray();
        for (var i = 0; i < texts.Length; i++)
        {
            var states = States(model, backward ? texts[i].Ids.Reverse() : texts[i].Ids)[^kept[i]..];
            Assert.True(Check.Worst([.. states[^1], .. Enumerable.Range(0, 16).Select(c => states.Max(row => row[c])), .. Enumerable.Range(0, 16).Select(c => states.Average(row => row[c]))], pooled[i]) <= 1e-12, $"text {i}");
        }
    }

    [Fact]
    public void Backward_means_that_a_classifier_reads_the_whole_text_from_its_end()
    {
        var texts = Texts(23, 3, 9, 14);
        double[] Logits(bool backward, Example[] of)
        {
            using var model = Model(0, false, ("bptt", 4), ("max_len", 9), ("backward", backward));
            return model.Forward(TextData.Batch(of)).ToArray<double>();
        }
        var turned = texts.Select(text => text with { Ids = [.. text.Ids.Reverse()] }).ToArray();
        Assert.True(Check.Worst(Logits(false, turned), Logits(true, texts)) <= 1e-12);
        Assert.True(Check.Worst(Logits(false, texts), Logits(true, texts)) > 1e-6);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Memory_does_not_grow_with_the_length_of_a_text(bool training)
    {
        using var model = ModelFolder.New(Config(0.2, false, ("bptt", 8), ("max_len", 16), ("emb_sz", 64), ("n_hid", 64)), 2);
        long Peak(int length)
        {
            var texts = Texts(length, length / 2);
            using var scope = new Scope();
            var before = Memory.Stats(Device.Cpu, resetPeak: true).InUse;
            if (training) new Learner(model, new TrainConfig(), 7).Gradients([texts], 0);
            else _ = SomeExamplesPredict(model, texts);
            return Memory.Stats(Device.Cpu).Peak - before;
        }
        _ = Peak(64);
        var (small, large) = (Peak(64), Peak(6400));
        Assert.True(large < small * 1.5, $"64 tokens: {small} bytes, 6400 tokens: {large}");
        static double[] SomeExamplesPredict(TextModel model, Example[] texts) => Predictor.Probabilities(model, texts, Precision.Fp32, 1 << 20, TestContext.Current.CancellationToken);
    }

    [Fact]
    public void One_enormous_text_and_one_of_a_token_are_read()
    {
        using var model = ModelFolder.New(Config(), 2);
        using var none = Modes.NoGrad();
        Assert.All(model.Forward(TextData.Batch(Texts(100_000, 1))).ToArray<float>(), value => Assert.True(float.IsFinite(value)));
    }

    // ---- penalties

    [Theory, InlineData(7, 1, 4), InlineData(5, 5, 5), InlineData(1, 1)]
    public void Penalties_are_means_of_each_text_by_its_tokens(params int[] lengths)
    {
        using var model = Model(0, language: true);
        var texts = Texts(lengths);
        var run = model.Params.Run;
        (run.Training, run.ActivationPenalty) = (true, (2, 3));
        var raw = model.Hidden(TextData.Batch(texts), null, out var ragged);
        _ = model.Head(raw, ragged);
        var rows = raw.ToArray<double>().Chunk(16).ToArray();
        var (expected, at) = (0.0, 0);
        foreach (var text in texts)
        {
            var own = rows[at..(at += text.Ids.Length)];
            expected += own.Length * 2 * own.Average(row => row.Average(value => value * value));
            if (own.Length > 1) expected += own.Length * 3 * own.Skip(1).Zip(own, (b, a) => b.Zip(a, (y, x) => (y - x) * (y - x)).Average()).Average();
        }
        Assert.Equal(expected, run.TakePenalty()!.Item(), 1e-12);
        Assert.Null(run.TakePenalty());
        run.Training = false;
        _ = model.Head(raw, ragged);
        Assert.Null(run.TakePenalty());
    }

    // ---- configs

    [Theory]
    [InlineData("bidir", "true", "train a forward and a backward model")]
    [InlineData("ps", "[0.1, 0.2]", "ps has 2 values")]
    [InlineData("pad_token", "40", "expected an id from 0 to 39")]
    [InlineData("lin_ftrs", "[0]", "widths from 1")]
    [InlineData("y_range", "[1, 0]", "the lower one first")]
    [InlineData("tutti_pooling", "\"last-four\"", "layers of one width")]
    [InlineData("tutti_dropout_samples", "3", "without batch norms")]
    public void A_config_that_asks_for_something_else_is_refused(string key, string value, string expected) =>
        Assert.Contains(expected, Assert.Throws<DataException>(() => Model(0, false, (key, JsonNode.Parse(value)!))).Message, StringComparison.Ordinal);

    [Fact]
    public void Groups_are_the_embedding_each_layer_and_the_head_and_a_tied_decoder_counts_with_its_table()
    {
        using var classifier = Model();
        using var language = Model(0, language: true);
        int Of(TextModel model, string name) => model.Groups!.Of(model.Params.Items.Single(item => item.Name == name).Name);
        foreach (var (name, group) in new[] { ("0.module.encoder.weight", 0), ("0.module.rnns.0.module.bias_hh_l0", 1), ("0.module.rnns.1.weight_hh_l0_raw", 2), ("1.layers.1.2.weight", 3) }) Assert.Equal(group, Of(classifier, name));
        foreach (var (name, group) in new[] { ("0.encoder.weight", 3), ("0.rnns.0.module.bias_hh_l0", 1), ("0.rnns.1.weight_hh_l0_raw", 2), ("1.decoder.bias", 3) }) Assert.Equal(group, Of(language, name));
    }

    [Fact]
    public void An_own_decoder_and_a_range_are_computed()
    {
        using var untied = Model(0, true, ("tie_weights", false), ("out_bias", false));
        Assert.Equal([40, 16], untied.Params.Items.Single(item => item.Name == "1.decoder.weight").Stored.Shape);
        Assert.DoesNotContain(untied.Params.Items, item => item.Name == "1.decoder.bias");
        using var ranged = Model(0, false, ("y_range", new JsonArray(2.0, 5.0)));
        using var plain = Model();
        var batch = TextData.Batch(Texts(4, 9));
        Assert.Equal(plain.Forward(batch).ToArray<double>().Select(x => 2 + (3 / (1 + Math.Exp(-x)))), ranged.Forward(batch).ToArray<double>(), (a, b) => Math.Abs(a - b) < 1e-12);
    }
}
