using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tutti.Vision;

/// <summary>Reads how a published model wants its pictures: Hugging Face's preprocessor_config.json, or the pretrained_cfg in timm's config.json.</summary>
public static class PreprocessConfig
{
    /// <summary>What a model folder says, or null where it says nothing of pictures.</summary>
    /// <exception cref="DataException">A file says something that is not understood.</exception>
    public static Preprocess? Of(string folder)
    {
        var own = Path.Combine(folder, "preprocessor_config.json");
        if (File.Exists(own)) return HuggingFace(Json(own), own);
        var config = Path.Combine(folder, "config.json");
        if (!File.Exists(config) || Json(config) is not { } json) return null;
        return json["pretrained_cfg"] is JsonObject timm ? Timm(timm, config) : null;
    }

    /// <summary>timm's keys: input_size, crop_pct, crop_mode, interpolation, mean, std.</summary>
    public static Preprocess Timm(JsonObject json, string file)
    {
        var size = json["input_size"] is JsonArray { Count: 3 } sizes ? Whole(sizes[2], file, "input_size") : 224;
        return Preprocess.Timm(size, Number(json["crop_pct"], file, "crop_pct") ?? 0.875, Filter((string?)json["interpolation"] ?? "bicubic", file), (string?)json["crop_mode"] switch
        {
            null or "center" => CropMode.Center,
            "squash" => CropMode.Squash,
            "border" => CropMode.Border,
            var other => throw new DataException(file, $"crop_mode is '{other}', expected center, squash or border"),
        }, Statistics(json["mean"], json["std"], Normalization.ImageNet, file));
    }

    /// <summary>Hugging Face's keys: do_resize, size, resample, do_center_crop, crop_size, crop_pct, do_rescale, do_normalize, image_mean, image_std.</summary>
    public static Preprocess HuggingFace(JsonObject json, string file)
    {
        var type = (string?)json["image_processor_type"] ?? (string?)json["feature_extractor_type"] ?? "";
        var filter = Filter(json["resample"] is { } resample ? Whole(resample, file, "resample") : 2, file);
        if (!Flag(json["do_rescale"], true)) throw new DataException(file, "do_rescale is false: numbers of 0 to 255 are not given to a model here");
        var statistics = Flag(json["do_normalize"], true) ? Statistics(json["image_mean"], json["image_std"], Normalization.Halves, file) : Normalization.None;
        var (width, height, edge) = Size(json["size"], file);
        if (edge is { } shortEdge && (type.StartsWith("ConvNext", StringComparison.OrdinalIgnoreCase) || json.ContainsKey("crop_pct")))
            return Preprocess.HuggingFaceConvNext(shortEdge, Number(json["crop_pct"], file, "crop_pct") ?? 224.0 / 256, filter, statistics);
        var rule = !Flag(json["do_resize"], true) ? ResizeRule.None : edge is { } one ? ResizeRule.ShortEdge(one) : ResizeRule.Exact(width, height);
        (int, int)? crop = null;
        if (Flag(json["do_center_crop"], false))
        {
            var (cropWidth, cropHeight, cropEdge) = Size(json["crop_size"] ?? json["size"], file);
            crop = cropEdge is { } side ? (side, side) : (cropWidth, cropHeight);
        }
        return new() { Resize = rule, Crop = crop, Rounding = CropRounding.Down, Filter = filter, Normalization = statistics };
    }

    static (int Width, int Height, int? Edge) Size(JsonNode? size, string file) => size switch
    {
        JsonObject sides when sides["shortest_edge"] is { } edge => (0, 0, Whole(edge, file, "size.shortest_edge")),
        JsonObject sides => (Whole(sides["width"], file, "size.width"), Whole(sides["height"], file, "size.height"), null),
        null => (224, 224, null),
        _ => (Whole(size, file, "size"), Whole(size, file, "size"), null),
    };

    static ResizeFilter Filter(string name, string file) => name switch
    {
        "nearest" => ResizeFilter.Nearest,
        "bilinear" or "random" => ResizeFilter.Bilinear,
        "bicubic" => ResizeFilter.Bicubic,
        "lanczos" => ResizeFilter.Lanczos,
        "box" => ResizeFilter.Box,
        "hamming" => ResizeFilter.Hamming,
        _ => throw new DataException(file, $"interpolation is '{name}', expected nearest, bilinear, bicubic, lanczos, box or hamming"),
    };

    // Pillow's numbers.
    static ResizeFilter Filter(int number, string file) => number switch
    {
        0 => ResizeFilter.Nearest,
        1 => ResizeFilter.Lanczos,
        2 => ResizeFilter.Bilinear,
        3 => ResizeFilter.Bicubic,
        4 => ResizeFilter.Box,
        5 => ResizeFilter.Hamming,
        _ => throw new DataException(file, FormattableString.Invariant($"resample is {number}, expected 0 to 5")),
    };

    static Normalization Statistics(JsonNode? mean, JsonNode? deviation, Normalization otherwise, string file) =>
        mean is null && deviation is null ? otherwise : new(Three(mean, otherwise.Mean, file, "mean"), Three(deviation, otherwise.Deviation, file, "std"));

    static Channels Three(JsonNode? node, Channels otherwise, string file, string key)
    {
        if (node is null) return otherwise;
        if (node is JsonArray { Count: 3 } list && Number(list[0], file, key) is { } red && Number(list[1], file, key) is { } green && Number(list[2], file, key) is { } blue
            && (key == "mean" || (red != 0 && green != 0 && blue != 0))) return new((float)red, (float)green, (float)blue);
        throw new DataException(file, $"{key} is {node.ToJsonString()}, expected three numbers, for red, green and blue{(key == "std" ? ", none of them 0" : "")}");
    }

    static bool Flag(JsonNode? node, bool otherwise) => node is JsonValue value && value.TryGetValue<bool>(out var flag) ? flag : otherwise;

    static double? Number(JsonNode? node, string file, string key) => node is null ? null
        : node is JsonValue value && value.TryGetValue<double>(out var number) ? number : throw new DataException(file, $"{key} is {node.ToJsonString()}, expected a number");

    static int Whole(JsonNode? node, string file, string key) => Number(node, file, key) is { } number and >= 1 and <= 1 << 14 || (key == "resample" && Number(node, file, key) is 0)
        ? (int)Number(node, file, key)! : throw new DataException(file, $"{key} is {node?.ToJsonString() ?? "missing"}, expected a whole number from 1 to 16384");

    static JsonObject Json(string file)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(file)) as JsonObject ?? throw new DataException(file, "expected a JSON object");
        }
        catch (JsonException e)
        {
            throw new DataException(file, $"this is no JSON ({e.Message})", inner: e);
        }
    }
}
