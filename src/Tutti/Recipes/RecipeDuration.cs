using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace Tutti.Recipes;

/// <summary>A length of time. Text such as "30 s", "10 min" or "1.5 h" converts to it.</summary>
[JsonConverter(typeof(DurationConverter))]
public readonly partial record struct Duration
{
    static readonly (string Name, long Ticks)[] units = [("h", TimeSpan.TicksPerHour), ("min", TimeSpan.TicksPerMinute), ("s", TimeSpan.TicksPerSecond)];

    public Duration(TimeSpan time) => Time = time >= TimeSpan.Zero ? time : throw new ArgumentOutOfRangeException(nameof(time), time, "a duration is from 0");

    public TimeSpan Time { get; }

    /// <exception cref="ConfigException">The text is no duration.</exception>
    public static implicit operator Duration(string text) => Parse(text);

    /// <exception cref="ConfigException">The text is no duration.</exception>
    public static Duration Parse(string text)
        => TryParse(text, out var duration) ? duration : throw new ConfigException("checkpoint.every", $"got '{text}', {Expected}");

    internal const string Expected = "expected a number with a unit (s, min or h), such as 30 s, 10 min or 1.5 h";

    public static bool TryParse(string text, out Duration duration)
    {
        duration = default;
        var match = Form().Match(text);
        if (!match.Success) return false;
        var number = decimal.Parse(match.Groups["number"].ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);
        var unit = units.First(unit => unit.Name.Equals(match.Groups["unit"].Value, StringComparison.OrdinalIgnoreCase)).Ticks;
        if (number > long.MaxValue / unit) return false;
        var ticks = (long)(number * unit);
        if (ticks == 0 && number > 0) return false;             // 0 has a meaning of its own, so nothing is rounded to it
        duration = new(new TimeSpan(ticks));
        return true;
    }

    /// <summary>The exact time in the largest unit that needs no fraction, else in seconds: "10 min", "90 min", "2 h", "0.5 s".</summary>
    public override string ToString()
    {
        var ticks = Time.Ticks;
        var unit = units.FirstOrDefault(unit => ticks > 0 && ticks % unit.Ticks == 0, units[^1]);
        return string.Create(CultureInfo.InvariantCulture, $"{(decimal)ticks / unit.Ticks:0.#######} {unit.Name}");
    }

    [GeneratedRegex(@"^\s*(?<number>[0-9]{1,15}(\.[0-9]{1,9})?)\s*(?<unit>s|min|h)\s*$",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Form();
}

sealed class DurationConverter : JsonConverter<Duration>
{
    public override Duration Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => Duration.Parse(reader.GetString() ?? "");
    public override void Write(Utf8JsonWriter writer, Duration value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
