using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Tutti.Recipes;

/// <summary>A recipe as YAML, every default written out.</summary>
static partial class RecipeWriter
{
    public static string Yaml<T>(T recipe, string? comment)
    {
        using var text = new StringWriter { NewLine = "\n" };
        foreach (var line in comment?.ReplaceLineEndings("\n").Split('\n') ?? []) text.WriteLine($"# {line}".TrimEnd());
        // The width is without limit, so that no text is folded.
        var emitter = new Emitter(text, new EmitterSettings().WithBestWidth(int.MaxValue).WithNewLine("\n"));
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, isImplicit: true));
        Write(emitter, RecipeJson.Node(recipe));
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
        return text.ToString();
    }

    static void Write(Emitter emitter, JsonNode? node)
    {
        switch (node)
        {
            case JsonObject mapping:
                emitter.Emit(new MappingStart(AnchorName.Empty, TagName.Empty, isImplicit: true, MappingStyle.Block));
                foreach (var (key, value) in mapping)
                {
                    emitter.Emit(Scalar(key));
                    Write(emitter, value);
                }
                emitter.Emit(new MappingEnd());
                break;
            case JsonArray list:
                var style = list.Any(item => item is JsonObject) ? SequenceStyle.Block : SequenceStyle.Flow;
                emitter.Emit(new SequenceStart(AnchorName.Empty, TagName.Empty, isImplicit: true, style));
                foreach (var item in list) Write(emitter, item);
                emitter.Emit(new SequenceEnd());
                break;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                emitter.Emit(Scalar(value.GetValue<string>()));
                break;
            default:
                emitter.Emit(Scalar(node?.ToJsonString().ToLowerInvariant() ?? "null", ScalarStyle.Plain));
                break;
        }
    }

    /// <summary>A text without quotes only where no reader could take it for anything else.</summary>
    static Scalar Scalar(string text)
    {
        var plain = PlainForm().IsMatch(text) && text.ToLowerInvariant() is not ("null" or "true" or "false" or "yes" or "no" or "on" or "off" or "y" or "n");
        return Scalar(text, plain ? ScalarStyle.Plain : ScalarStyle.DoubleQuoted);
    }

    static Scalar Scalar(string text, ScalarStyle style) => new(AnchorName.Empty, TagName.Empty, text, style, isPlainImplicit: true, isQuotedImplicit: true);

    [GeneratedRegex(@"^[A-Za-z/][A-Za-z0-9_./-]*\z")]
    private static partial Regex PlainForm();
}
