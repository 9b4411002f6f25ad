using System.Text.Json.Nodes;

namespace Tutti.Text;

/// <summary>The <see cref="TextRules"/>, without the tokens that begin and end a text.</summary>
sealed class TextRulesNormalizer : Normalizer
{
    public const string Type = "TuttiRules";

    public override void Apply(TextPieces text) => text.Append(TextRules.Apply(LowercaseNormalizer.TakeAll(text).ToString(), begin: false));

    public override JsonObject ToJson() => new() { ["type"] = Type, ["version"] = TextRules.Version };

    public static TextRulesNormalizer Read(JsonPart part) => part["version"].Number == TextRules.Version ? new()
        : throw part["version"].Error($"{TextRules.Version}, which this build of Tutti knows");
}
