using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Tutti.Models.Vision;

/// <summary>timm's names of networks of pictures, each with the constructor arguments of its class.</summary>
static partial class TimmNames
{
    /// <param name="Family">The model_type of its family.</param>
    /// <param name="Arguments">Of the constructor of timm's class.</param>
    public sealed record Entry(string Family, JsonObject Arguments);

    static readonly Dictionary<string, Entry> entries = new(StringComparer.Ordinal);

    static TimmNames()
    {
        AddResNets();
        AddConvNexts();
        AddVits();
        AddSwins();
        AddEfficientNets();
    }

    public static IReadOnlyCollection<string> All => entries.Keys;

    public static Entry? Find(string name) => entries.GetValueOrDefault(name);

    static void Add(string name, string family, JsonObject arguments)
    {
        if (arguments["img_size"] is null && Resolution().Match(name) is { Success: true } match) arguments["img_size"] = int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        entries.Add(name, new(family, arguments));
    }

    static void AddResNets()
    {
        foreach (var (name, block, layers) in new[] { ("18", "BasicBlock", (int[])[2, 2, 2, 2]), ("34", "BasicBlock", [3, 4, 6, 3]), ("26", "Bottleneck", [2, 2, 2, 2]), ("50", "Bottleneck", [3, 4, 6, 3]), ("101", "Bottleneck", [3, 4, 23, 3]), ("152", "Bottleneck", [3, 8, 36, 3]) })
        {
            Add("resnet" + name, "resnet", new() { ["block"] = block, ["layers"] = List(layers) });
            Add($"resnet{name}d", "resnet", new() { ["block"] = block, ["layers"] = List(layers), ["stem_width"] = 32, ["stem_type"] = "deep", ["avg_down"] = true });
        }
    }

    static void AddConvNexts()
    {
        foreach (var (name, depths, width) in new[] { ("atto", (int[])[2, 2, 6, 2], 40), ("femto", [2, 2, 6, 2], 48), ("pico", [2, 2, 6, 2], 64), ("nano", [2, 2, 8, 2], 80), ("tiny", [3, 3, 9, 3], 96), ("small", [3, 3, 27, 3], 96), ("base", [3, 3, 27, 3], 128), ("large", [3, 3, 27, 3], 192), ("xlarge", [3, 3, 27, 3], 256), ("huge", [3, 3, 27, 3], 352) })
        {
            JsonObject Arguments() => new() { ["depths"] = List(depths), ["dims"] = List([width, 2 * width, 4 * width, 8 * width]), ["conv_mlp"] = width <= 80 };
            if (name != "huge") Add("convnext_" + name, "convnext", Arguments());
            if (name == "xlarge") continue;
            var second = Arguments();
            second["use_grn"] = true;
            second["ls_init_value"] = 0.0;
            Add("convnextv2_" + name, "convnext", second);
        }
    }

    static void AddVits()
    {
        foreach (var (name, width, depth, heads) in new[] { ("tiny", 192, 12, 3), ("small", 384, 12, 6), ("base", 768, 12, 12), ("large", 1024, 24, 16) })
        {
            JsonObject Arguments(int patch) => new() { ["patch_size"] = patch, ["embed_dim"] = width, ["depth"] = depth, ["num_heads"] = heads };
            foreach (var patch in (ReadOnlySpan<int>)[16, 32])
                foreach (var size in (ReadOnlySpan<int>)[224, 384])
                    if (name != "tiny" || patch == 16) Add($"vit_{name}_patch{patch}_{size}", "vit", Arguments(patch));
            if (name != "large") Add($"deit_{name}_patch16_224", "vit", Arguments(16));
        }
        JsonObject Averaged(int width, int heads, int registers) => new() { ["patch_size"] = 16, ["embed_dim"] = width, ["depth"] = 12, ["num_heads"] = heads, ["class_token"] = false, ["no_embed_class"] = registers > 0, ["reg_tokens"] = registers, ["global_pool"] = "avg" };
        Add("vit_medium_patch16_reg4_gap_256", "vit", Averaged(512, 8, 4));
        Add("vit_base_patch16_reg4_gap_256", "vit", Averaged(768, 12, 4));
        var plain = Averaged(768, 12, 0);
        plain["fc_norm"] = false;
        Add("vit_base_patch16_gap_224", "vit", plain);
    }

    static void AddSwins()
    {
        foreach (var (name, width, third, heads) in new[] { ("tiny", 96, 6, 3), ("small", 96, 18, 3), ("base", 128, 18, 4), ("large", 192, 18, 6) })
        {
            JsonObject Arguments(int window, int size, bool before = false)
            {
                JsonObject arguments = new() { ["embed_dim"] = width, ["depths"] = List([2, 2, third, 2]), ["num_heads"] = List([heads, 2 * heads, 4 * heads, 8 * heads]), ["window_size"] = window, ["img_size"] = size };
                if (before) arguments["pretrained_window_sizes"] = List([12, 12, 12, 6]);
                return arguments;
            }
            Add($"swin_{name}_patch4_window7_224", "swin", Arguments(7, 224));
            if (name is "base" or "large")
            {
                Add($"swin_{name}_patch4_window12_384", "swin", Arguments(12, 384));
                Add($"swinv2_{name}_window12_192", "swinv2", Arguments(12, 192));
                Add($"swinv2_{name}_window12to16_192to256", "swinv2", Arguments(16, 256, before: true));
                Add($"swinv2_{name}_window12to24_192to384", "swinv2", Arguments(24, 384, before: true));
            }
            if (name == "large") continue;
            Add($"swinv2_{name}_window8_256", "swinv2", Arguments(8, 256));
            Add($"swinv2_{name}_window16_256", "swinv2", Arguments(16, 256));
        }
    }

    static void AddEfficientNets()
    {
        foreach (var (name, width, depth, size) in new[] { ("b0", 1.0, 1.0, 224), ("b1", 1.0, 1.1, 240), ("b2", 1.1, 1.2, 260), ("b3", 1.2, 1.4, 300), ("b4", 1.4, 1.8, 380) })
        {
            JsonObject Arguments() => new() { ["channel_multiplier"] = width, ["depth_multiplier"] = depth, ["img_size"] = size };
            Add("efficientnet_" + name, "efficientnet", Arguments());
            var tensorflow = Arguments();
            tensorflow["pad_type"] = "same";
            tensorflow["bn_eps"] = 1e-3;
            Add("tf_efficientnet_" + name, "efficientnet", tensorflow);
        }
    }

    static JsonArray List(int[] numbers) => [.. numbers.Select(number => JsonValue.Create(number))];

    [GeneratedRegex(@"_([0-9]{3})\z")]
    private static partial Regex Resolution();
}
