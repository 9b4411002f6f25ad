using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Tutti.Recipes;

/// <summary>
/// One value of a recipe before its type is known: a scalar's text, a mapping or a list, and where it was written. Scalars keep their
/// text because only the key decides what they are: <c>id: 007</c> is a column's name, <c>batch: 007</c> a number.
/// </summary>
sealed class RecipeNode(string place)
{
    /// <summary>"line 12" or "on the command line".</summary>
    public string Place { get; } = place;

    /// <summary>The text of a scalar.</summary>
    public string? Text { get; init; }

    /// <summary>The scalar was quoted, so it is text and neither a number nor null.</summary>
    public bool Quoted { get; init; }

    /// <summary>On the command line: all that was written after the equals sign.</summary>
    public string? Raw { get; init; }

    public OrderedDictionary<string, RecipeNode>? Entries { get; init; }
    public List<RecipeNode>? Items { get; init; }

    public bool IsNull => Text is "" or "~" or "null" or "Null" or "NULL" && !Quoted;

    /// <summary>What it is, in an error.</summary>
    public string Got => Entries is not null ? "a mapping" : Items is not null ? "a list"
        : IsNull ? "nothing" : Quoted ? $"the text \"{Short}\"" : $"'{Short}'";

    string Short => Text is { Length: > 60 } ? Text[..60] + "..." : Text ?? "";

    /// <summary>The value at a key path, or the nearest one above it.</summary>
    public RecipeNode At(string path)
    {
        var node = this;
        foreach (var key in path.Split('.'))
            if (node.Entries is { } entries && entries.TryGetValue(key, out var value)) node = value;
            else if (node.Items is { } items && int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < items.Count)
                node = items[index];
            else break;
        return node;
    }
}

/// <summary>YAML text to values with their places. What recipes do not need (anchors, tags, several documents) is refused.</summary>
static class RecipeYaml
{
    const int MostLevels = 32;

    /// <summary>The root value, or null when there is none.</summary>
    /// <param name="place">The place of every value, or null for the line of each.</param>
    /// <exception cref="ConfigException">The text is not YAML, or uses what recipes do not.</exception>
    public static RecipeNode? Read(string text, string file, string? place = null)
    {
        var parser = new Parser(new StringReader(text));
        try
        {
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _)) return null;
            parser.Consume<DocumentStart>();
            var root = Value(parser, null, 1);
            parser.Consume<DocumentEnd>();
            if (!parser.Accept<StreamEnd>(out _)) throw Refuse(parser.Current!.Start, "a second document starts here; a recipe is one");
            return root;
        }
        catch (YamlException e)
        {
            throw Broken(text, file, e.Start.Line, e.End.Line, e);
        }
        // The scanner's answer to some unfinished lists, without a place; what was read last is the nearest.
        catch (InvalidOperationException e)
        {
            throw Broken(text, file, parser.Current?.Start.Line ?? 1, parser.Current?.End.Line ?? 1, e);
        }

        RecipeNode Value(IParser parser, string? at, int level)
        {
            var start = parser.Current!.Start;
            if (level > MostLevels) throw Refuse(start, $"more than {MostLevels} levels of nesting");
            if (parser.Current is not NodeEvent { Anchor.IsEmpty: true } node)
                throw Refuse(start, "anchors and aliases (&name, *name) are not used in recipes; write the value out, or quote a text that starts with & or *");
            if (!node.Tag.IsEmpty) throw Refuse(start, $"tags ({node.Tag.Value}) are not used in recipes; quote a text that starts with !");
            at ??= place ?? $"line {Line(start)}";
            return node switch
            {
                MappingStart => new(at) { Entries = Mapping(parser, level) },
                SequenceStart => new(at) { Items = List(parser, level) },
                _ => Scalar(parser, at),
            };
        }

        RecipeNode Scalar(IParser parser, string at)
        {
            var scalar = parser.Consume<Scalar>();
            return new(at) { Text = scalar.Value, Quoted = scalar.Style is not ScalarStyle.Plain };
        }

        List<RecipeNode> List(IParser parser, int level)
        {
            parser.Consume<SequenceStart>();
            List<RecipeNode> items = [];
            while (!parser.TryConsume<SequenceEnd>(out _)) items.Add(Value(parser, null, level + 1));
            return items;
        }

        OrderedDictionary<string, RecipeNode> Mapping(IParser parser, int level)
        {
            parser.Consume<MappingStart>();
            OrderedDictionary<string, RecipeNode> entries = [];
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                var start = parser.Current!.Start;
                var key = Value(parser, null, level + 1);
                if (key.Text is null) throw Refuse(start, $"expected a key, got {key.Got}");
                if (entries.TryGetValue(key.Text, out var first))
                    throw Refuse(start, $"the key '{key.Text}' is written twice{(place is null ? $", first on {first.Place}" : "")}; keep one of them");
                entries[key.Text] = Value(parser, place ?? $"line {Line(start)}", level + 1);
            }
            return entries;
        }

        ConfigException Refuse(Mark at, string what) => new($"{file}, line {Line(at)}", what);
    }

    static string Line(Mark mark) => mark.Line.ToString(CultureInfo.InvariantCulture);

    static ConfigException Broken(string text, string file, long start, long end, Exception e)
    {
        var lines = text.TrimEnd().Split('\n');
        var line = Math.Clamp(start, 1, lines.Length);
        // A tab is found when the line before it has been read.
        for (var i = line; i <= Math.Min(end + 1, lines.Length); i++)
            if (lines[i - 1].TrimStart(' ').StartsWith('\t'))
                return new(Place(i), "is not valid YAML: a tab in the indentation; indent with spaces", e);
        while (e.InnerException is { } inner) e = inner;
        var reason = e is YamlException ? e.Message.TrimEnd('.') : "";
        reason = reason.Length == 0 ? "it ends in the middle of a value" : char.ToLowerInvariant(reason[0]) + reason[1..];
        return new(Place(line), $"is not valid YAML: {reason}", e);

        string Place(long line) => string.Create(CultureInfo.InvariantCulture, $"{file}, line {line}");
    }
}
