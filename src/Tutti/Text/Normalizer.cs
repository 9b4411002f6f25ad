using System.Text;
using System.Text.Json.Nodes;

namespace Tutti.Text;

/// <summary>Changes the characters of a text before it is cut: the "normalizer" of a tokenizer.json.</summary>
abstract class Normalizer
{
    /// <summary>Rewrites the text in place (it is one piece at this stage).</summary>
    public abstract void Apply(TextPieces text);

    public abstract JsonObject ToJson();

    public string Normalize(string text)
    {
        var pieces = new TextPieces();
        pieces.Append(text);
        Apply(pieces);
        return pieces.Text.ToString();
    }
}

sealed class LowercaseNormalizer : Normalizer
{
    public override void Apply(TextPieces text)
    {
        var old = TakeAll(text);
        for (var i = 0; i < old.Length;)
        {
            var code = CodePoints.At(old, i, out var length);
            if (code < 0x80) text.Append(char.ToLowerInvariant((char)code));
            else text.Append(CodePoints.Lower(new Rune(code)));
            i += length;
        }
    }

    public override JsonObject ToJson() => new() { ["type"] = "Lowercase" };

    internal static ReadOnlySpan<char> TakeAll(TextPieces text)
    {
        var all = (0, text.Length);
        text.Rewrite();
        return text.Old(all);
    }
}

sealed class StripAccentsNormalizer : Normalizer
{
    public override void Apply(TextPieces text)
    {
        var old = LowercaseNormalizer.TakeAll(text);
        for (var i = 0; i < old.Length;)
        {
            var code = CodePoints.At(old, i, out var length);
            if (!CodePoints.IsMark(code)) text.Append(code);
            i += length;
        }
    }

    public override JsonObject ToJson() => new() { ["type"] = "StripAccents" };
}

sealed class UnicodeNormalizer(NormalizationForm form) : Normalizer
{
    public override void Apply(TextPieces text)
    {
        var old = LowercaseNormalizer.TakeAll(text);
        if (Ascii.IsValid(old)) text.Append(old);
        else text.Append(UnicodeNormalization.Normalize(old.ToString(), form));
    }

    public override JsonObject ToJson() => new()
    {
        ["type"] = form switch
        {
            NormalizationForm.FormC => "NFC",
            NormalizationForm.FormD => "NFD",
            NormalizationForm.FormKC => "NFKC",
            _ => "NFKD",
        },
    };
}

sealed class NormalizerSequence(IReadOnlyList<Normalizer> steps) : Normalizer
{
    public IReadOnlyList<Normalizer> Steps => steps;

    public override void Apply(TextPieces text)
    {
        foreach (var step in steps) step.Apply(text);
    }

    public override JsonObject ToJson() => new()
    {
        ["type"] = "Sequence",
        ["normalizers"] = new JsonArray([.. steps.Select(step => step.ToJson())]),
    };
}
