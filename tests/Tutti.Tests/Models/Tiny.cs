using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Torch;

namespace Tutti.Tests.Models;

/// <summary>Encoders small enough to train within a test.</summary>
static class Tiny
{
    public const int Vocabulary = 40;

    public static JsonObject Json(string type = "bert", double dropout = 0) => new()
    {
        ["model_type"] = type,
        ["vocab_size"] = Vocabulary,
        ["hidden_size"] = 16,
        ["num_hidden_layers"] = 2,
        ["num_attention_heads"] = 2,
        ["intermediate_size"] = 32,
        ["hidden_dropout_prob"] = dropout,
        ["attention_probs_dropout_prob"] = dropout,
        ["max_position_embeddings"] = 34,
        ["type_vocab_size"] = type == "bert" ? 2 : 1,
        ["pad_token_id"] = type == "bert" ? 0 : 1,
        ["layer_norm_eps"] = 1e-5,
        ["initializer_range"] = 0.2,
    };

    public static TextModel Model(string type = "bert", int classes = 2, double dropout = 0, long seed = 1, DType dtype = DType.Float32, Device? device = null) =>
        ModelFolder.New(new ModelConfig(Json(type, dropout), "config.json").WithLabels([.. Enumerable.Range(0, classes).Select(i => $"class {i}")]), seed, device, dtype);

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
