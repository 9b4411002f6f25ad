using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Tutti.Models.Vision;

/// <summary>
/// config.json of a network of pictures as its architecture reads it: Hugging Face's own keys, or the constructor arguments of timm's class, which a timm folder says by the model's name ("architecture",
/// with "model_args" where some differ) and old ones in full ("class").
/// </summary>
static partial class PictureConfig
{
    /// <summary>Written by timm.</summary>
    public static bool IsTimm(this ModelConfig config) => config.Json["model_type"] is null && (config.Json["architecture"] is not null || config.Json["class"] is not null);

    /// <summary>The family of a timm config: the model_type that Hugging Face's config of the same would have; null for none that is known.</summary>
    public static string? Family(ModelConfig config) => config.Json["architecture"] is null
        ? config.Text("class", "") switch
        {
            "ResNet" => "resnet",
            "ConvNeXt" => "convnext",
            "VisionTransformer" => "vit",
            "SwinTransformer" => "swin",
            "SwinTransformerV2" => "swinv2",
            "EfficientNet" => "efficientnet",
            _ => null,
        }
        : TimmNames.Find(Name(config))?.Family;

    /// <summary>The constructor arguments of a timm config.</summary>
    /// <exception cref="DataException">No model has this name.</exception>
    public static ModelConfig Arguments(this ModelConfig config)
    {
        if (config.Json["architecture"] is null) return config;
        var known = TimmNames.Find(Name(config)) ?? throw new DataException(config.Where, $"no network of pictures is called '{Name(config)}'{Nearest.Hint(Name(config), TimmNames.All, "")}");
        var json = (JsonObject)known.Arguments.DeepClone();
        foreach (var (key, value) in config.Json["model_args"] as JsonObject ?? []) json[key] = value?.DeepClone();
        foreach (var key in (ReadOnlySpan<string>)["num_classes", "global_pool"])
            if (config.Json[key] is { } value) json[key] = value.DeepClone();
        return new(json, config.Where);
    }

    /// <summary>The same config for pictures of another size.</summary>
    public static ModelConfig WithPictureSize(this ModelConfig config, int height, int width)
    {
        var size = new JsonArray(height, width);
        if (!config.IsTimm()) return config.With("image_size", size);
        if (config.Json["architecture"] is null) return config.With("img_size", size);
        var arguments = (JsonObject?)config.Json["model_args"]?.DeepClone() ?? [];
        arguments["img_size"] = size;
        return config.With("model_args", arguments);
    }

    /// <summary>Height and width: one number for both, or two.</summary>
    public static (int Height, int Width) Area(this ModelConfig config, string key, int fallback)
    {
        var sizes = config.Json[key] is JsonArray ? config.Sizes(key, []) : [config.Size(key, fallback)];
        return sizes.Length switch
        {
            1 => (sizes[0], sizes[0]),
            2 => (sizes[0], sizes[1]),
            3 => (sizes[1], sizes[2]),                        // with the channels before
            _ => throw new DataException(config.Where, $"{key} has {sizes.Length} numbers; expected height and width"),
        };
    }

    /// <summary>A list of whole numbers from 1.</summary>
    public static int[] Sizes(this ModelConfig config, string key, int[] fallback)
    {
        if (config.Json[key] is null) return fallback;
        var sizes = config.Json[key] is JsonArray list ? list.Select(item => item is JsonValue value && value.TryGetValue<int>(out var size) ? size : 0).ToArray() : [];
        if (sizes.Length is 0 or > MostStages || sizes.Any(size => size is < 1 or > MostBlocks))
            throw new DataException(config.Where, $"{key} is {config.Json[key]!.ToJsonString()}; expected a list of up to {MostStages} whole numbers from 1");
        return sizes;
    }

    /// <summary>One number for every stage, or one that counts for all.</summary>
    public static int[] PerStage(this ModelConfig config, string key, int stages, int fallback) => config.Json[key] switch
    {
        null => [.. Enumerable.Repeat(fallback, stages)],
        JsonArray list when list.Count == stages => [.. list.Select(item => item is JsonValue value && value.TryGetValue<int>(out var number) ? number : throw new DataException(config.Where, $"{key} has {item?.ToJsonString() ?? "null"}; expected whole numbers"))],
        JsonArray list => throw new DataException(config.Where, $"{key} has {list.Count} numbers for {stages} stages"),
        _ => [.. Enumerable.Repeat(config.Int(key, fallback), stages)],
    };

    /// <summary>Numbers of a name such as those behind "layer" or "blocks".</summary>
    public static int Number(Match match) => int.Parse(match.Groups["n"].ValueSpan, CultureInfo.InvariantCulture);

    /// <summary>No network has more stages, or blocks in one; each takes memory before its weights are looked for.</summary>
    const int MostStages = 8, MostBlocks = 20_000;

    // Behind a dot stands what the weights were trained on.
    static string Name(ModelConfig config) => config.Text("architecture", "") is var name && Tag().Match(name) is { Success: true } tag ? name[..tag.Index] : name;

    [GeneratedRegex(@"\..*\z")]
    private static partial Regex Tag();
}
