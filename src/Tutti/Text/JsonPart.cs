using System.Text.Json;

namespace Tutti.Text;

/// <summary>A value of a JSON file that knows its file and place, so that a wrong one is named in the error.</summary>
readonly record struct JsonPart(string File, string Place, JsonElement Value)
{
    /// <summary>The object that the file holds.</summary>
    public static JsonPart Read(string file)
    {
        var text = TextLines.Decode(file, System.IO.File.ReadAllBytes(file));
        try
        {
            using var document = JsonDocument.Parse(text);
            var root = new JsonPart(file, "", document.RootElement.Clone());
            return root.Value.ValueKind == JsonValueKind.Object ? root : throw root.Error("an object");
        }
        catch (JsonException error)
        {
            throw new DataException(file, $"not JSON: {error.Message}", (error.LineNumber ?? -1) + 1, null, error);
        }
    }

    /// <summary>The member, or null where it is absent or null.</summary>
    public JsonPart? Find(string name) =>
        (Value.ValueKind == JsonValueKind.Object ? Value : throw Error("an object")).TryGetProperty(name, out var value)
            && value.ValueKind != JsonValueKind.Null ? At(name, value) : null;

    public JsonPart this[string name] => Find(name) ?? throw new DataException(File, $"'{Join(name)}' is missing");

    public IEnumerable<(string Name, JsonPart Value)> Members
    {
        get
        {
            if (Value.ValueKind != JsonValueKind.Object) throw Error("an object");
            foreach (var member in Value.EnumerateObject()) yield return (Name(member), At(member.Name, member.Value));
        }
    }

    public IEnumerable<JsonPart> Items
    {
        get
        {
            if (Value.ValueKind != JsonValueKind.Array) throw Error("a list");
            var index = 0;
            foreach (var item in Value.EnumerateArray()) yield return new(File, $"{Place}[{index++}]", item);
        }
    }

    public bool IsText => Value.ValueKind == JsonValueKind.String;
    public bool IsList => Value.ValueKind == JsonValueKind.Array;

    public string Text
    {
        get
        {
            if (!IsText) throw Error("a string");
            try
            {
                return Value.GetString()!;
            }
            catch (InvalidOperationException error)             // an escaped half of a surrogate pair
            {
                throw new DataException(File, $"'{Place}' holds half a surrogate pair", 0, null, error);
            }
        }
    }

    public int Number => Value.ValueKind == JsonValueKind.Number && Value.TryGetInt32(out var number) ? number : throw Error("a whole number");

    public bool Flag => Value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Error("true or false"),
    };

    public string? TextOf(string name) => Find(name)?.Text;
    public bool FlagOf(string name, bool otherwise = false) => Find(name)?.Flag ?? otherwise;

    public DataException Error(string expected)
    {
        var got = Value.GetRawText();
        return new(File, $"{(Place.Length == 0 ? "the file" : $"'{Place}'")} is {(got.Length > 60 ? got[..60] + "..." : got)}, expected {expected}");
    }

    JsonPart At(string name, JsonElement value) => new(File, Join(name), value);
    string Join(string name) => Place.Length == 0 ? name : $"{Place}.{name}";

    string Name(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException error)
        {
            throw new DataException(File, $"a key of '{Place}' holds half a surrogate pair", 0, null, error);
        }
    }
}
