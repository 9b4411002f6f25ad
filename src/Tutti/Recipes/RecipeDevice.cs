using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Tutti.Torch;

namespace Tutti.Recipes;

/// <summary>Where models are trained and predict. Text such as "auto", "cpu", "cuda" or "cuda:1" converts to it.</summary>
[JsonConverter(typeof(DeviceChoiceConverter))]
public readonly partial record struct DeviceChoice
{
    readonly Device? device;

    DeviceChoice(Device? device) => this.device = device;

    /// <summary>The first GPU where there is one, else the CPU.</summary>
    public static DeviceChoice Auto => default;

    /// <exception cref="ConfigException">The text names no device.</exception>
    public static implicit operator DeviceChoice(string text) => Parse(text);

    /// <exception cref="ConfigException">The text names no device.</exception>
    public static DeviceChoice Parse(string text)
        => TryParse(text, out var choice) ? choice : throw new ConfigException("device", $"got '{text}', {Expected}");

    internal const string Expected = "expected auto, cpu, cuda, or one GPU of several by its number, such as cuda:1";

    public static bool TryParse(string text, out DeviceChoice choice)
    {
        choice = Auto;
        if (text is "auto") return true;
        if (text is "cpu") choice = new(Device.Cpu);
        else if (Form().Match(text) is { Success: true } match) choice = new(Device.Cuda(match.Groups["index"] is { Success: true } index ? int.Parse(index.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture) : 0));
        else return false;
        return true;
    }

    /// <summary>"auto", "cpu", "cuda", "cuda:1".</summary>
    public override string ToString() => device is not { } chosen ? "auto" : chosen == Device.Cuda() ? "cuda" : chosen.ToString();

    /// <summary>The device itself.</summary>
    /// <exception cref="ConfigException">A GPU is asked for that cannot be used; says why.</exception>
    public Device Resolve() => device is { IsCpu: true } cpu ? cpu : Resolve(Engine.CudaCount, Engine.WhyNoCuda);

    /// <summary>The device of one of several processes: on GPUs each takes the one of its number on the machine, unless the recipe names another than the first.</summary>
    /// <param name="ranks">The processes; null: this one alone.</param>
    /// <exception cref="ConfigException">As for <see cref="Resolve()"/>.</exception>
    internal Device Resolve(Distributed.Ranks? ranks) => Resolve() is { IsCuda: true, Index: 0 } && ranks is not null ? Torch.Device.Cuda(ranks.LocalRank % Engine.CudaCount) : Resolve();

    /// <param name="gpus">How many there are.</param>
    /// <param name="why">Why there is none, as the end of a sentence.</param>
    internal Device Resolve(int gpus, string? why)
    {
        if (device is not { } chosen) return gpus > 0 ? Device.Cuda() : Device.Cpu;
        if (chosen.IsCpu || chosen.Index < gpus) return chosen;
        var reason = gpus == 0 ? $"no GPU can be used: {why}" : FormattableString.Invariant($"there {(gpus == 1 ? "is 1 GPU, cuda:0" : $"are {gpus} GPUs, cuda:0 to cuda:{gpus - 1}")}");
        throw new ConfigException("device", $"got '{this}', but {reason}.\nSet device: auto, or cpu; tutti doctor shows what there is.");
    }

    [GeneratedRegex(@"^cuda(:(?<index>[0-9]{1,2}))?\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Form();
}

sealed class DeviceChoiceConverter : JsonConverter<DeviceChoice>
{
    public override DeviceChoice Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => DeviceChoice.Parse(reader.GetString() ?? "");
    public override void Write(Utf8JsonWriter writer, DeviceChoice value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
