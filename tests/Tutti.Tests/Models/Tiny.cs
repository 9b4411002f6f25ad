using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Tests.Models;

/// <summary>Encoders small enough to train within a test.</summary>
static class Tiny
{
    public const int Vocabulary = 40;

    /// <summary>Every architecture that there is.</summary>
    public static TheoryData<string> Kinds() => [.. Catalog.Names];

    /// <summary>Those that read texts with attention: the others have no head of the first token, and cannot be written as ONNX.</summary>
    public static TheoryData<string> Transformers() => [.. Catalog.Names.Where(HasAttention)];

    public static bool HasAttention(string kind) => kind != "awd-lstm";

    /// <summary>Poolings that a kind can have.</summary>
    public static IEnumerable<Pooling> Poolings(string kind) => Enum.GetValues<Pooling>().Where(pooling => HasAttention(kind) || pooling != Pooling.LastFour);

    /// <summary>Weights that learn: all but running statistics.</summary>
    public static IEnumerable<Parameter> Learnt(TextModel model) => model.Params.Items.Where(item => !item.Name.Contains(".running_", StringComparison.Ordinal));

    public static JsonObject Json(string type = "bert", double dropout = 0, int layers = 2)
    {
        var json = new JsonObject
        {
            ["model_type"] = type,
            ["vocab_size"] = Vocabulary,
            ["hidden_size"] = 16,
            ["num_hidden_layers"] = layers,
            ["num_attention_heads"] = 2,
            ["intermediate_size"] = 32,
            ["hidden_dropout_prob"] = dropout,
            ["attention_probs_dropout_prob"] = dropout,
            ["max_position_embeddings"] = 34,
            ["type_vocab_size"] = type == "bert" ? 2 : 1,
            ["pad_token_id"] = type is "bert" or "electra" or "albert" or "deberta-v2" or "modernbert" ? 0 : 1,
            ["layer_norm_eps"] = 1e-5,
            ["initializer_range"] = 0.2,
        };
        foreach (var (key, value) in Own(type, dropout, layers)) json[key] = value;
        return json;
    }

    // Short windows and few buckets, so that texts of a few tokens meet them.
    static Dictionary<string, JsonNode> Own(string type, double dropout, int layers) => type switch
    {
        "electra" => new() { ["embedding_size"] = 12 },
        "distilbert" => new() { ["dim"] = 16, ["hidden_dim"] = 32, ["n_layers"] = layers, ["n_heads"] = 2, ["dropout"] = dropout, ["attention_dropout"] = dropout, ["seq_classif_dropout"] = dropout },
        "deberta-v2" => new()
        {
            ["relative_attention"] = true,
            ["position_buckets"] = 4,
            ["pos_att_type"] = "p2c|c2p",
            ["norm_rel_ebd"] = "layer_norm",
            ["position_biased_input"] = false,
            ["type_vocab_size"] = 0,
            ["conv_kernel_size"] = 3,
            ["conv_groups"] = 2,
            ["pooler_dropout"] = dropout,
        },
        "albert" => new() { ["embedding_size"] = 12, ["num_hidden_groups"] = 1, ["inner_group_num"] = 2, ["classifier_dropout_prob"] = dropout },
        "modernbert" => new()
        {
            ["local_attention"] = 4,
            ["global_attn_every_n_layers"] = 2,
            ["embedding_dropout"] = dropout,
            ["attention_dropout"] = dropout,
            ["mlp_dropout"] = dropout,
            ["classifier_dropout"] = dropout,
        },
        "awd-lstm" => new()
        {
            ["emb_sz"] = 16,
            ["n_hid"] = 20,
            ["n_layers"] = layers,
            ["pad_token"] = 1,
            ["input_p"] = dropout,
            ["hidden_p"] = dropout,
            ["weight_p"] = dropout,
            ["embed_p"] = dropout,
            ["output_p"] = dropout,
            ["lin_ftrs"] = new JsonArray(6),
            ["ps"] = new JsonArray(dropout),
        },
        _ => [],
    };

    public static ModelConfig Config(string type = "bert", int classes = 2, double dropout = 0, int layers = 2) =>
        new ModelConfig(Json(type, dropout, layers), "config.json").WithLabels([.. Enumerable.Range(0, classes).Select(i => $"class {i}")]);

    public static TextModel Model(string type = "bert", int classes = 2, double dropout = 0, long seed = 1, DType dtype = DType.Float32, Device? device = null) =>
        ModelFolder.New(Config(type, classes, dropout), seed, device, dtype);

    /// <summary>A folder with the weights of a model, as they are or changed.</summary>
    public static void Save(string folder, TextModel model, Func<string, string?>? rename = null, Func<string, Tensor, Tensor>? change = null)
    {
        ModelFolder.Save(model, folder);
        using var scope = new Scope();
        var tensors = new Dictionary<string, Tensor>();
        foreach (var item in model.Params.Items)
            if ((rename is null ? item.Name : rename(item.Name)) is { } name) tensors[name] = change?.Invoke(item.Name, item.Value) ?? item.Value;
        using var stream = File.Create(Path.Combine(folder, "model.safetensors"));
        SafeTensors.Write(stream, tensors);
    }

    public static TokenBatch Batch { get; } = new([2, 5, 7, 3, 2, 9, 3, 2, 3], null, [4, 3, 2], [0, 1, 2]);

    public static float[] Logits(TextModel model)
    {
        using var scope = new Scope();
        return model.Forward(Batch).ToArray<float>();
    }
}
