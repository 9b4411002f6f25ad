using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tutti.Bench.Fuzz;

/// <summary>Changes what a JSON file says, so that it stays JSON.</summary>
static class JsonMutator
{
    static readonly string[] values =
    [
        "null", "true", "false", "0", "-0", "-1", "1", "2", "3", "1e3", "1.5", "1e400", "NaN\"", "255", "65536", "2147483647", "2147483648", "-2147483648", "4294967296", "4611686018427387904", "9223372036854775807", "99999999999999999999",
        "[]", "{}", "[[]]", "[null]", "[-1]", "[0,0,0,0]", "[9223372036854775807,2]", "\"\"", "\"a\"", "\"\\u0000\"", "\"../outside.safetensors\"", "\"/etc/passwd\"", "\"..\"", "\"model.safetensors\"", "\"pytorch_model.bin\"",
        "\"F16\"", "\"BF16\"", "\"I64\"", "\"(a+)+$\"", "\"roberta\"", "\"bert\"", "\"BPE\"", "\"WordPiece\"", "\"gelu\"", "{\"type\":\"ByteLevel\"}", "{\"type\":\"Sequence\"}", "{\"a\":{\"a\":{\"a\":[]}}}",
    ];

    /// <summary>A changed copy, or null where the file is no JSON.</summary>
    public static byte[]? Change(byte[] file, Dice dice)
    {
        JsonNode? root;
        try
        {
            root = JsonNode.Parse(file);
        }
        catch (JsonException)
        {
            return null;
        }
        if (root is null) return null;
        for (var changes = 1 + dice.Below(3); changes > 0; changes--) One(root, dice);
        var text = root.ToJsonString();
        if (dice.OneIn(4)) text = Deepened(text, dice);
        return Encoding.UTF8.GetBytes(text);
    }

    static void One(JsonNode root, Dice dice)
    {
        var places = Containers(root).ToArray();
        switch (dice.Of(places))
        {
            case JsonObject json:
                var names = json.Select(item => item.Key).ToArray();
                var name = names.Length > 0 ? dice.Of(names) : "a";
                switch (dice.Below(5))
                {
                    case 0: json.Remove(name); break;
                    case 1: json[dice.OneIn(2) ? name + "x" : "__metadata__"] = Value(root, dice); break;
                    case 2 when names.Length > 1:
                        var (first, second) = (json[name]?.DeepClone(), json[dice.Of(names)]?.DeepClone());
                        json[name] = second;
                        json[dice.Of(names)] = first;
                        break;
                    case 3 when json[name] is JsonValue value && value.TryGetValue<long>(out var number): json[name] = unchecked(dice.Of([number + 1, number - 1, number * 2, number << 20, -number, number / 2])); break;
                    default: json[name] = Value(root, dice); break;
                }
                break;
            case JsonArray list:
                var at = dice.Below(list.Count);
                if (list.Count == 0 || dice.OneIn(4)) list.Insert(list.Count == 0 ? 0 : at, Value(root, dice));
                else if (dice.OneIn(4)) list.RemoveAt(at);
                else if (list[at] is JsonValue value && value.TryGetValue<long>(out var number) && dice.OneIn(2)) list[at] = unchecked(number + dice.Of([1, -1, 8, 1 << 30]));
                else list[at] = Value(root, dice);
                break;
        }
    }

    static JsonNode? Value(JsonNode root, Dice dice)
    {
        if (dice.OneIn(4)) return dice.Of(Containers(root).ToArray()).DeepClone();
        try
        {
            return JsonNode.Parse(dice.Of(values));
        }
        catch (JsonException)
        {
            return "";
        }
    }

    // Brackets, a key twice, or a long text where a value stands.
    static string Deepened(string text, Dice dice)
    {
        var colon = text.IndexOf(':', dice.Below(text.Length));
        if (colon < 0) return text;
        var put = dice.Below(4) switch
        {
            0 => new string('[', 1 << dice.Below(14)),
            3 => "\"\\ud83d\",\"c\":",
            1 => "0,\"a\":1,\"a\":",
            _ => $"\"{new string(dice.Of(['a', ' ', '\u0301', '\u4e00']), 1 << dice.Below(14))}\",\"b\":",
        };
        return text.Insert(colon + 1, put);
    }

    static IEnumerable<JsonNode> Containers(JsonNode node)
    {
        yield return node;
        var inner = node switch { JsonObject json => json.Select(item => item.Value), JsonArray list => list.AsEnumerable(), _ => [] };
        foreach (var item in inner)
            if (item is JsonObject or JsonArray)
                foreach (var below in Containers(item)) yield return below;
    }
}
