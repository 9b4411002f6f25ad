using System.Text.Json.Nodes;

namespace Tutti.Text;

/// <summary>Before which pieces a Metaspace puts its sign: all, only the one that begins the text, or none.</summary>
enum PrependScheme { Always, First, Never }

/// <summary>Writes blanks as a sign, usually U+2581, and begins a piece at each ("Metaspace").</summary>
/// <param name="cut">false: pieces stay whole.</param>
sealed class Metaspace(char sign, PrependScheme scheme, bool cut = true) : PreTokenizer
{
    public override void Cut(TextPieces text)
    {
        var first = text.AtStart;
        foreach (var piece in text.Rewrite())
        {
            var chars = text.Old(piece);
            var start = text.Length;
            if (chars[0] != sign && chars[0] != ' ' && (scheme == PrependScheme.Always || scheme == PrependScheme.First && first && piece.Start == 0)) text.Append(sign);
            for (var i = 0; i < chars.Length;)
            {
                var blank = chars[i] == ' ' || chars[i] == sign;
                if (blank)
                {
                    if (cut && text.Length > start)
                    {
                        text.AddPiece(start, text.Length);
                        start = text.Length;
                    }
                    text.Append(sign);
                    i++;
                }
                var run = chars[i..].IndexOfAny(' ', sign) is >= 0 and var next ? next : chars.Length - i;
                text.Append(chars.Slice(i, run));
                i += run;
            }
            text.AddPiece(start, text.Length);
        }
    }

    public override JsonObject ToJson() => new()
    {
        ["type"] = "Metaspace",
        ["replacement"] = sign.ToString(),
        ["add_prefix_space"] = scheme != PrependScheme.Never,
        ["prepend_scheme"] = JsonNames.Of(scheme),
        ["split"] = cut,
    };
}
