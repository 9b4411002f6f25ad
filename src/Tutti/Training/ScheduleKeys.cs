using System.Globalization;
using System.Text.Json;

namespace Tutti.Training;

/// <summary>Which keys of <see cref="TrainConfig"/> draw which schedule.</summary>
static class ScheduleKeys
{
    static readonly (string Key, Func<TrainConfig, object?> Given, ScheduleKind[] Of)[] keys =
    [
        ("cut-fraction", config => config.CutFraction, [ScheduleKind.SlantedTriangular]),
        ("ratio", config => config.Ratio, [ScheduleKind.SlantedTriangular]),
        ("start-share", config => config.StartShare, [ScheduleKind.OneCycle, ScheduleKind.FlatCosine]),
        ("divisor", config => config.Divisor, [ScheduleKind.OneCycle]),
        ("final-divisor", config => config.FinalDivisor, [ScheduleKind.OneCycle, ScheduleKind.FlatCosine, ScheduleKind.Polynomial]),
        ("momentum", config => config.Momentum, [ScheduleKind.OneCycle]),
        ("cycles", config => config.Cycles, [ScheduleKind.CosineRestarts]),
        ("cycle-epochs", config => config.CycleEpochs, [ScheduleKind.Sgdr]),
        ("cycle-multiple", config => config.CycleMultiple, [ScheduleKind.Sgdr]),
        ("power", config => config.Power, [ScheduleKind.Polynomial]),
        ("timescale", config => config.Timescale, [ScheduleKind.InverseSqrt]),
    ];

    /// <summary>What is wrong with the keys of schedules, rates by group and unfreezing, one beside the other.</summary>
    public static IEnumerable<ConfigFault> Validate(TrainConfig config)
    {
        foreach (var (key, given, of) in keys)
            if (given(config) is not null && !of.Contains(config.Schedule))
                yield return new(key, $"belongs to schedule {string.Join(" or ", of.Select(Name))}, the schedule is {Name(config.Schedule)}; take it out, or name that schedule");
        if (config.Momentum is { } momentum && (momentum.Count != 3 || momentum.Any(value => !(value is >= 0 and < 1))))
            yield return new("momentum", $"got [{string.Join(", ", momentum.Select(value => value.ToString(CultureInfo.InvariantCulture)))}], expected three numbers from 0, below 1: at the start, at the peak of the rate, at the end");
        if (config.FirstRate is { } first && first > config.LearningRate)
            yield return new("first-rate", string.Create(CultureInfo.InvariantCulture, $"got {first}, expected at most learning-rate, which is {config.LearningRate}: it is the lowest layer group's"));
        if (config.FirstRate is not null && config.LayerDecay is not null)
            yield return new("first-rate", "is given together with layer-decay; both say how rates fall from the head down, keep one of them");
        foreach (var fault in config.Unfreeze?.Validate(config.Epochs) ?? []) yield return fault;
    }

    /// <summary>The shape that the keys describe.</summary>
    /// <param name="perEpoch">Updates of an epoch, in which cycles are counted.</param>
    public static ScheduleShape Shape(TrainConfig config, long perEpoch)
    {
        // fastai's fine_tune has other numbers for the cycle that follows the head's.
        var second = config.Unfreeze is { HeadEpochs: > 0 } && config.Schedule == ScheduleKind.OneCycle;
        var published = new ScheduleShape();
        return new()
        {
            Cut = config.CutFraction ?? published.Cut,
            Ratio = config.Ratio ?? published.Ratio,
            Start = config.StartShare ?? (second ? 0.3 : null),
            Divisor = config.Divisor ?? (second ? 5 : published.Divisor),
            FinalDivisor = config.FinalDivisor,
            Momentum = config.Momentum is [var start, var peak, var end] ? (start, peak, end) : published.Momentum,
            Cycles = config.Cycles ?? published.Cycles,
            FirstCycle = perEpoch * (config.CycleEpochs ?? 1),
            Multiple = config.CycleMultiple ?? published.Multiple,
            Power = config.Power ?? published.Power,
            Timescale = config.Timescale ?? published.Timescale,
        };
    }

    static string Name(ScheduleKind kind) => JsonNamingPolicy.KebabCaseLower.ConvertName(kind.ToString());
}
