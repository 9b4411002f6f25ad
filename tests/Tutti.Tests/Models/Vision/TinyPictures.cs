using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Models.Vision;

/// <summary>Networks of pictures small enough to train within a test, and pictures for them.</summary>
static class TinyPictures
{
    public const int Size = 32;

    static readonly Dictionary<string, string> configs = new(StringComparer.Ordinal)
    {
        ["resnet"] = """{ "model_type": "resnet", "depths": [1, 1], "hidden_sizes": [8, 12], "embedding_size": 4, "layer_type": "bottleneck" }""",
        ["resnet d"] = """{ "class": "ResNet", "block": "Bottleneck", "layers": [1, 1], "channels": [2, 3], "stem_type": "deep", "stem_width": 4, "avg_down": true, "drop_path_rate": 0.2, "drop_rate": 0.1 }""",
        ["convnext"] = """{ "model_type": "convnext", "depths": [1, 1], "hidden_sizes": [4, 6], "drop_path_rate": 0.2, "layer_scale_init_value": 0.1 }""",
        ["convnextv2"] = """{ "model_type": "convnextv2", "depths": [1, 1], "hidden_sizes": [4, 6] }""",
        ["convnextv2 timm"] = """{ "class": "ConvNeXt", "depths": [1, 1], "dims": [4, 6], "use_grn": true, "ls_init_value": null, "conv_mlp": true, "drop_path_rate": 0.2 }""",
        ["vit"] = """{ "model_type": "vit", "hidden_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16, "image_size": 32, "patch_size": 16, "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1 }""",
        ["vit registers"] = """{ "class": "VisionTransformer", "embed_dim": 12, "depth": 2, "num_heads": 2, "img_size": 32, "patch_size": 16, "class_token": false, "reg_tokens": 2, "no_embed_class": true, "global_pool": "avg", "init_values": 0.1, "drop_path_rate": 0.2 }""",
        ["swin"] = """{ "class": "SwinTransformer", "embed_dim": 8, "depths": [2, 2], "num_heads": [2, 2], "window_size": 4, "img_size": 32, "drop_path_rate": 0.2, "attn_drop_rate": 0.1 }""",
        ["swinv2"] = """{ "model_type": "swinv2", "embed_dim": 8, "depths": [2, 2], "num_heads": [2, 2], "window_size": 4, "image_size": 32, "hidden_dropout_prob": 0.1, "drop_path_rate": 0.2 }""",
        ["efficientnet"] = """{ "class": "EfficientNet", "channel_multiplier": 0.25, "depth_multiplier": 0.3, "pad_type": "same", "drop_path_rate": 0.2, "drop_rate": 0.1 }""",
        ["small-cnn"] = """{ "model_type": "small-cnn", "widths": [4, 6] }""",
        ["small-mlp"] = """{ "model_type": "small-mlp", "widths": [8, 6] }""",
    };

    public static TheoryData<string> Kinds() => [.. configs.Keys];

    /// <summary>Those whose parts of an update do not depend on how it is cut.</summary>
    public static bool HasBatchNorm(string kind) => kind.StartsWith("resnet", StringComparison.Ordinal) || kind is "efficientnet" or "small-cnn";

    public static ModelConfig Config(string kind) => new ModelConfig((JsonObject)JsonNode.Parse(configs[kind])!, kind).WithLabels(["dark", "bright", "striped"]);

    public static VisionModel Model(string kind, long seed = 3, DType dtype = DType.Float32) => ModelFolder.NewPictures(Config(kind), seed, dtype: dtype);

    /// <summary>Dark pictures, bright ones, and striped ones; every epoch sees them with other noise.</summary>
    public static Example[] Pictures(int count, long seed = 1) => [.. Enumerable.Range(0, count).Select(row => Example.Of(new(3, Size, Size, epoch => Pixels(seed, row, epoch)), row % 3, row))];

    static float[] Pixels(long seed, int row, int epoch)
    {
        var random = RandomStream.Of(seed, "pixels", row, epoch);
        return [.. Enumerable.Range(0, 3 * Size * Size).Select(i => (float)((0.3 * random.Normal(i)) + (row % 3) switch { 0 => -0.6, 1 => 0.6, _ => i / Size % 4 < 2 ? 0.6 : -0.6 }))];
    }

    public static PictureBatch Batch(int count, int size = Size)
    {
        var random = RandomStream.Of(5, "batch");
        return new([.. Enumerable.Range(0, count * 3 * size * size).Select(i => (float)random.Normal(i))], 3, size, size, [.. Enumerable.Range(0, count).Select(i => (long)i)]);
    }
}
