using System.Globalization;
using System.Text;

namespace Tutti.Text;

/// <summary>
/// NFC, NFD, NFKC and NFKD by the algorithms of UAX #15 on tables of Unicode 14. Own code because String.Normalize does nothing under
/// InvariantGlobalization and depends on the installed ICU without it.
/// </summary>
static class UnicodeNormalization
{
    const int SBase = 0xAC00, LBase = 0x1100, VBase = 0x1161, TBase = 0x11A7, LCount = 19, VCount = 21, TCount = 28, SCount = LCount * VCount * TCount;

    static readonly Lazy<Dictionary<int, int[]>> canonical = new(() => Unpack(CanonicalTable.Decompositions));
    static readonly Lazy<Dictionary<int, int[]>> compatibility = new(() => Unpack(CompatibilityTable.Decompositions));
    static readonly Lazy<Dictionary<int, byte>> classes = new(UnpackClasses);
    static readonly Lazy<Dictionary<(int, int), int>> compositions = new(InvertCanonical);

    public static string Normalize(string text, NormalizationForm form)
    {
        if (Ascii.IsValid(text)) return text;
        var codes = new List<int>(text.Length);
        var compat = form is NormalizationForm.FormKC or NormalizationForm.FormKD;
        foreach (var rune in text.EnumerateRunes()) Decompose(rune.Value, compat, codes);
        Reorder(codes);
        if (form is NormalizationForm.FormC or NormalizationForm.FormKC) Compose(codes);
        var result = new StringBuilder(codes.Count);
        foreach (var code in codes) result.Append(new Rune(code).ToString());
        return result.ToString();
    }

    /// <summary>Appends the full decomposition of one code point.</summary>
    public static void Decompose(int code, bool compat, List<int> to)
    {
        if (code < 0xA0) to.Add(code);
        else if ((uint)(code - SBase) < SCount)
        {
            var s = code - SBase;
            to.Add(LBase + s / (VCount * TCount));
            to.Add(VBase + s % (VCount * TCount) / TCount);
            if (s % TCount != 0) to.Add(TBase + s % TCount);
        }
        else if (canonical.Value.TryGetValue(code, out var parts) || compat && compatibility.Value.TryGetValue(code, out parts))
            foreach (var part in parts) Decompose(part, compat, to);
        else to.Add(code);
    }

    /// <summary>The canonical combining class; 0 for what is no mark.</summary>
    public static byte CombiningClass(int code) => Class(code);

    static byte Class(int code) => code < 0x300 ? (byte)0 : classes.Value.GetValueOrDefault(code);

    /// <summary>Sorts each run of marks by combining class, keeping the order of equal ones (insertion sort: runs are short).</summary>
    static void Reorder(List<int> codes)
    {
        for (var i = 1; i < codes.Count; i++)
        {
            var order = Class(codes[i]);
            if (order == 0) continue;
            var code = codes[i];
            var at = i;
            for (; at > 0 && Class(codes[at - 1]) > order; at--) codes[at] = codes[at - 1];
            codes[at] = code;
        }
    }

    static void Compose(List<int> codes)
    {
        var kept = 0;
        var starter = -1;
        byte last = 0;                                  // class of the last code point kept after the starter
        for (var i = 0; i < codes.Count; i++)
        {
            var code = codes[i];
            var order = Class(code);
            if (starter >= 0 && (kept == starter + 1 || last < order) && TryCompose(codes[starter], code, out var composed))
            {
                codes[starter] = composed;
                continue;
            }
            if (order == 0) starter = kept;
            last = order;
            codes[kept++] = code;
        }
        codes.RemoveRange(kept, codes.Count - kept);
    }

    static bool TryCompose(int first, int second, out int composed)
    {
        var l = first - LBase;
        var v = second - VBase;
        if ((uint)l < LCount && (uint)v < VCount)
        {
            composed = SBase + (l * VCount + v) * TCount;
            return true;
        }
        var s = first - SBase;
        var t = second - TBase;
        if ((uint)s < SCount && s % TCount == 0 && t > 0 && t < TCount)
        {
            composed = first + t;
            return true;
        }
        return compositions.Value.TryGetValue((first, second), out composed);
    }

    static Dictionary<int, int[]> Unpack(string packed)
    {
        var table = new Dictionary<int, int[]>();
        var code = 0;
        foreach (var entry in packed.Split(','))
        {
            var colon = entry.IndexOf(':', StringComparison.Ordinal);
            code = colon == 0 ? code + 1 : Hex(entry.AsSpan(0, colon));
            table.Add(code, [.. entry[(colon + 1)..].Split(' ').Select(part => Hex(part))]);
        }
        return table;
    }

    static Dictionary<int, byte> UnpackClasses()
    {
        var table = new Dictionary<int, byte>();
        foreach (var entry in CanonicalTable.CombiningClasses.Split(','))
        {
            var colon = entry.IndexOf(':', StringComparison.Ordinal);
            var ends = entry[..colon].Split('-');
            for (var code = Hex(ends[0]); code <= Hex(ends[^1]); code++)
                table.Add(code, byte.Parse(entry.AsSpan(colon + 1), CultureInfo.InvariantCulture));
        }
        return table;
    }

    static Dictionary<(int, int), int> InvertCanonical()
    {
        var excluded = CanonicalTable.Exclusions.Split(',').Select(code => Hex(code)).ToHashSet();
        return canonical.Value.Where(entry => entry.Value.Length == 2 && !excluded.Contains(entry.Key))
            .ToDictionary(entry => (entry.Value[0], entry.Value[1]), entry => entry.Key);
    }

    static int Hex(ReadOnlySpan<char> digits) => int.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
