using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Models.Onnx;
using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Models.Onnx;

/// <summary>
/// Files that were written, read back byte by byte and computed operator by operator on padded texts of unequal lengths, against our own forward on ragged ones and
/// against what transformers recorded.
/// </summary>
public sealed class OnnxClassifierTests() : EngineTest(threads: 1)
{
    // Float32 through a few layers in another order of additions; logits are about 1.
    const double Tolerance = 1e-4;

    // Longer than the windows, buckets and reaches of the tiny configs; one text is a single token, and one has types.
    static readonly TokenBatch batch = new(
        [2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 3, 2, 2, 9, 3, 2, 30, 31, 32, 3, 33, 34, 35, 3],
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1], [14, 1, 3, 9], [0, 1, 2, 3]);

    static TokenBatch BatchOf(TextModel model) => batch with { Types = Reads(model, "token_type_ids") ? batch.Types : null };

    static bool Reads(TextModel model, string input) => OnnxClassifier.Of(model).Inputs.Any(value => value.Name == input);

    static TextModel Model(string kind, Pooling pooling = Pooling.Own, params (string Key, JsonNode Value)[] settings)
    {
        var config = Tiny.Config(kind, classes: 3, layers: 5).WithPooling(pooling);
        if (kind is "electra" or "albert") config = config.With("type_vocab_size", 2);
        foreach (var (key, value) in settings) config = config.With(key, value.DeepClone());
        return ModelFolder.New(config, 3);
    }

    static double Deviation(TextModel model, long mostBytes = long.MaxValue, TokenBatch? texts = null)
    {
        using var temp = Shared.Temp();
        using var none = Modes.NoGrad();
        texts ??= BatchOf(model);
        var expected = model.Forward(texts).ToArray<float>();
        Assert.True(expected.Max(Math.Abs) > 1e-2 && expected.Chunk(3).Select(row => row[0]).Distinct().Count() == texts.Count, "logits that do not depend on the text would prove nothing");
        OnnxWriter.Write(OnnxClassifier.Of(model), temp.Path, "model.onnx", mostBytes);
        return OnnxCheck.Deviation(OnnxReader.Read(temp.File("model.onnx")), texts, expected, new ModelConfig(model.Config, "config.json").Int("pad_token_id", 0));
    }

    public static TheoryData<string, Pooling> AllWays()
    {
        TheoryData<string, Pooling> data = [];
        foreach (var kind in Catalog.Names.Where(Tiny.HasAttention))
            foreach (var pooling in Enum.GetValues<Pooling>()) data.Add(kind, pooling);
        return data;
    }

    [Theory, MemberData(nameof(AllWays))]
    public void A_file_gives_the_logits_of_the_model_alone_and_padded(string kind, Pooling pooling)
    {
        using var model = Model(kind, pooling);
        Assert.InRange(Deviation(model), 0, Tolerance);
    }

    public static TheoryData<string, string> Variants => new()
    {
        { "bert", """{ "hidden_act": "gelu_new" }""" },
        { "bert", """{ "hidden_act": "relu" }""" },
        { "bert", """{ "hidden_act": "silu" }""" },
        { "bert", """{ "hidden_act": "gelu_pytorch_tanh", "layer_norm_eps": 0.1 }""" },
        { "roberta", """{ "type_vocab_size": 2 }""" },
        { "camembert", """{ "pad_token_id": 3 }""" },
        { "electra", """{ "embedding_size": 16 }""" },
        { "distilbert", """{ "sinusoidal_pos_embds": true, "activation": "relu" }""" },
        { "albert", """{ "num_hidden_groups": 2, "inner_group_num": 1, "hidden_act": "gelu" }""" },
        { "modernbert", """{ "classifier_pooling": "mean" }""" },
        { "modernbert", """{ "norm_bias": true, "attention_bias": true, "mlp_bias": true, "classifier_bias": true, "classifier_activation": "relu", "hidden_activation": "silu" }""" },
        { "modernbert", """{ "global_attn_every_n_layers": 1 }""" },
        { "modernbert", """{ "local_attention": 64, "local_rope_theta": 500.0 }""" },
        { "deberta-v2", """{ "conv_kernel_size": 0 }""" },
        { "deberta-v2", """{ "conv_kernel_size": 5, "conv_groups": 1, "conv_act": "gelu" }""" },
        { "deberta-v2", """{ "share_att_key": true }""" },
        { "deberta-v2", """{ "pos_att_type": "c2p" }""" },
        { "deberta-v2", """{ "pos_att_type": "p2c", "norm_rel_ebd": "none" }""" },
        { "deberta-v2", """{ "pos_att_type": "", "norm_rel_ebd": "none" }""" },
        { "deberta-v2", """{ "position_buckets": -1, "max_relative_positions": 6 }""" },
        { "deberta-v2", """{ "relative_attention": false, "position_biased_input": true, "type_vocab_size": 2, "embedding_size": 12, "pooler_hidden_act": "tanh" }""" },
    };

    [Theory, MemberData(nameof(Variants))]
    public void Every_choice_of_a_config_is_in_the_file(string kind, string settings)
    {
        using var usual = Model(kind);
        using var model = Model(kind, Pooling.Own, [.. JsonNode.Parse(settings)!.AsObject().Select(pair => (pair.Key, pair.Value!))]);
        Assert.InRange(Deviation(model), 0, Tolerance);
        Assert.NotEqual(usual.Forward(BatchOf(usual)).ToArray<float>(), model.Forward(BatchOf(model)).ToArray<float>());
    }

    [Fact]
    public void Token_types_are_an_input_where_the_model_reads_them()
    {
        foreach (var (kind, reads) in new[] { ("bert", true), ("electra", true), ("albert", true), ("roberta", false), ("distilbert", false), ("mpnet", false), ("modernbert", false), ("deberta-v2", false) })
        {
            using var model = Model(kind);
            Assert.Equal(reads, Reads(model, "token_type_ids"));
        }
        using var bert = Model("bert");
        var file = OnnxClassifier.Of(bert);
        Assert.NotEqual(OnnxCheck.Logits(file, batch, 0), OnnxCheck.Logits(file, batch with { Types = null }, 0));
    }

    [Fact]
    public void What_padding_holds_does_not_matter_where_the_mask_says_so()
    {
        foreach (var kind in Catalog.Names.Where(kind => Tiny.HasAttention(kind) && kind is not ("roberta" or "xlm-roberta" or "camembert" or "mpnet")))      // these know padding by its id
        {
            using var model = Model(kind);
            var file = OnnxClassifier.Of(model);
            var (zeros, others) = (OnnxCheck.Logits(file, BatchOf(model), 0), OnnxCheck.Logits(file, BatchOf(model), 17));
            for (var i = 0; i < zeros.Length; i++) Assert.Equal(zeros[i], others[i], 1e-5f);
        }
    }

    /// <summary>Nothing of ours computes the expectation: padded inputs and logits are those that transformers recorded.</summary>
    [Theory, MemberData(nameof(Fixtures))]
    public void A_file_gives_the_logits_that_transformers_recorded(string name)
    {
        var folder = Path.Combine(Shared.Fixtures, "01_hf_text", name);
        using var temp = Shared.Temp();
        using var model = ModelFolder.Load(folder, null, 0, out _);
        OnnxWriter.Write(OnnxClassifier.Of(model), temp.Path, "model.onnx");
        using var values = new SafeTensors(Path.Combine(folder, "case.safetensors"));
        var file = OnnxReader.Read(temp.File("model.onnx"));
        var inputs = file.Inputs.ToDictionary(input => input.Name, input => values.Entries.ContainsKey(input.Name) ? values.Read(input.Name) : Tensor.Zeros(values.Shape("input_ids"), DType.Int64));
        using var none = Modes.NoGrad();
        var (expected, actual) = (values.Read("logits").ToArray<float>(), new OnnxInterpreter(file).Run(inputs)[0].ToArray<float>());
        Assert.Equal(expected.Length, actual.Length);
        Assert.InRange(expected.Zip(actual, (a, b) => Math.Abs((double)a - b)).Max(), 0, Tolerance);
    }

    public static TheoryData<string> Fixtures() => [.. Directory.GetDirectories(Path.Combine(Shared.Fixtures, "01_hf_text")).Where(folder => File.Exists(Path.Combine(folder, "case.json")))
        .Where(folder => !ModelConfig.Read(Path.Combine(folder, "config.json")).IsLanguageModel).Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal)];

    [Fact]
    public void Weights_that_do_not_fit_into_the_file_lie_beside_it()
    {
        using var temp = Shared.Temp();
        using var model = Model("deberta-v2");
        OnnxWriter.Write(OnnxClassifier.Of(model), temp.Path, "model.onnx", mostBytes: 1000);
        Assert.Equal(["model.onnx", "model.onnx_data"], Directory.GetFiles(temp.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.True(new FileInfo(temp.File("model.onnx_data")).Length > new FileInfo(temp.File("model.onnx")).Length);
        Assert.InRange(Deviation(model, mostBytes: 1000), 0, Tolerance);
        File.Delete(temp.File("model.onnx_data"));
        Assert.Contains("model.onnx_data", Assert.Throws<DataException>(() => OnnxReader.Read(temp.File("model.onnx"))).Message, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Tiny.Transformers), MemberType = typeof(Tiny))]
    public void A_changed_weight_is_noticed(string kind)
    {
        using var model = Model(kind);
        using var none = Modes.NoGrad();
        var expected = model.Forward(BatchOf(model)).ToArray<float>();
        var file = OnnxClassifier.Of(model);
        foreach (var item in model.Params.Items.Where(item => item.Name.Contains(".0.", StringComparison.Ordinal) && item.Name.EndsWith("weight", StringComparison.Ordinal)).Take(3).Append(model.Params.Items[^1]))
        {
            var before = item.Stored.Clone();
            item.Stored.CopyFrom(item.Stored + (before.Abs() + 0.1));
            Assert.True(OnnxCheck.Deviation(file, BatchOf(model), expected, new ModelConfig(model.Config, "").Int("pad_token_id", 0)) > 1e-3, item.Name);
            item.Stored.CopyFrom(before);
        }
    }

    [Fact]
    public void A_recurrent_model_is_refused()
    {
        using var model = Tiny.Model("awd-lstm");
        Assert.Contains("'awd-lstm' cannot be written as ONNX yet; --to hf", Assert.Throws<DataException>(() => OnnxClassifier.Of(model)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_predicts_tokens_is_refused()
    {
        using var model = ModelFolder.New(Tiny.Config("bert").AsLanguageModel(), 1);
        Assert.Contains("predicts tokens", Assert.Throws<DataException>(() => OnnxClassifier.Of(model)).Message, StringComparison.Ordinal);
    }
}
