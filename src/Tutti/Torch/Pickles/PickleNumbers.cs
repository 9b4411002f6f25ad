using System.Globalization;
using System.Numerics;

namespace Tutti.Torch.Pickles;

/// <summary>Numbers as pickles write them.</summary>
static class PickleNumbers
{
    /// <summary>No checkpoint has longer ones, and reading a long decimal takes more than linear time.</summary>
    const int MaxBytes = 512, MaxDigits = 1000;

    /// <summary>Two's complement, the lowest byte first: a long, or a BigInteger where that is too narrow.</summary>
    public static object Long(ReadOnlySpan<byte> value, PickleBytes bytes, long at)
    {
        if (value.Length > MaxBytes) throw bytes.Bad($"a whole number has {value.Length} bytes; at most {MaxBytes} are accepted", at);
        return Narrow(new BigInteger(value));
    }

    /// <summary>Decimal digits; Python 2 ends a long with L and writes 00 and 01 for its truth values.</summary>
    public static object Integer(ReadOnlySpan<byte> line, PickleBytes bytes, long at)
    {
        if (line.SequenceEqual("00"u8)) return false;
        if (line.SequenceEqual("01"u8)) return true;
        if (line.Length > MaxDigits) throw bytes.Bad($"a whole number has {line.Length} digits; at most {MaxDigits} are accepted", at);
        var text = bytes.Text(line, at);
        return BigInteger.TryParse(text.EndsWith('L') ? text.AsSpan(0, text.Length - 1) : text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? Narrow(number) : throw bytes.Bad("a whole number is not written in digits", at);
    }

    public static object Float(ReadOnlySpan<byte> line, PickleBytes bytes, long at) =>
        line.Length <= MaxDigits && double.TryParse(line, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : throw bytes.Bad("a number is not written in digits", at);

    /// <summary>A place in the memo.</summary>
    public static uint Index(ReadOnlySpan<byte> line, PickleBytes bytes, long at) =>
        uint.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : throw bytes.Bad("the place of a kept value is not a number", at);

    static object Narrow(BigInteger number)
    {
        object value = number;
        if (number >= long.MinValue && number <= long.MaxValue) value = (long)number;
        return value;
    }
}
