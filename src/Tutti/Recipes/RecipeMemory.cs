using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace Tutti.Recipes;

/// <summary>An amount of memory. Text such as "14 GB" (10^9 bytes), "8 GiB" (2^30 bytes) or "512MB" converts to it.</summary>
[JsonConverter(typeof(MemorySizeConverter))]
public readonly partial record struct MemorySize
{
    static readonly (string Name, long Bytes)[] units =
    [
        ("TB", 1_000_000_000_000), ("TiB", 1L << 40), ("GB", 1_000_000_000), ("GiB", 1L << 30),
        ("MB", 1_000_000), ("MiB", 1L << 20), ("kB", 1000), ("KiB", 1L << 10), ("B", 1),
    ];

    public MemorySize(long bytes) => Bytes = bytes > 0 ? bytes : throw new ArgumentOutOfRangeException(nameof(bytes), bytes, "a memory size is above 0");

    public long Bytes { get; }

    /// <exception cref="ConfigException">The text is no amount of memory.</exception>
    public static implicit operator MemorySize(string text) => Parse(text);

    /// <exception cref="ConfigException">The text is no amount of memory.</exception>
    public static MemorySize Parse(string text)
        => TryParse(text, out var size) ? size : throw new ConfigException("memory", $"got '{text}', {Expected}");

    internal const string Expected = "expected a number with a unit, such as 14 GB, 8 GiB or 512 MB";

    public static bool TryParse(string text, out MemorySize size)
    {
        size = default;
        var match = Form().Match(text);
        if (!match.Success) return false;
        var number = decimal.Parse(match.Groups["number"].ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);
        var unit = units.First(unit => unit.Name.Equals(match.Groups["unit"].Value, StringComparison.OrdinalIgnoreCase)).Bytes;
        if (number > long.MaxValue / unit || (long)(number * unit) <= 0) return false;
        size = new((long)(number * unit));
        return true;
    }

    /// <summary>The exact amount in the unit that gives the smallest number: "14 GB", "8 GiB", "1500 MB".</summary>
    public override string ToString()
    {
        var bytes = Bytes;
        var unit = units.Where(unit => bytes % unit.Bytes == 0).MaxBy(unit => unit.Bytes);
        return string.Create(CultureInfo.InvariantCulture, $"{bytes / unit.Bytes} {unit.Name}");
    }

    [GeneratedRegex(@"^\s*(?<number>[0-9]{1,19}(\.[0-9]{1,9})?)\s*(?<unit>([kmgt]i?)?b)\s*$",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Form();
}

sealed class MemorySizeConverter : JsonConverter<MemorySize>
{
    public override MemorySize Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => MemorySize.Parse(reader.GetString() ?? "");
    public override void Write(Utf8JsonWriter writer, MemorySize value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
