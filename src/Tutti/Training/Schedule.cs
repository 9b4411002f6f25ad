namespace Tutti.Training;

/// <summary>The shape of the learning rate over a run; in recipes by the same words with hyphens, such as <c>one-cycle</c>.</summary>
public enum ScheduleKind
{
    /// <summary>The peak throughout, after the warm-up.</summary>
    Constant,

    /// <summary>Falls in a straight line to 0.</summary>
    Linear,

    /// <summary>Falls along half a cosine to 0.</summary>
    Cosine,

    /// <summary>Rises along a cosine from a 25th of the peak, then falls to nearly 0 (Smith 2018, with fastai's cosines).</summary>
    OneCycle,

    /// <summary>Rises in a straight line from a 32nd of the peak for a tenth of the updates, then falls as straight (Howard and Ruder 2018, 3.2).</summary>
    SlantedTriangular,

    /// <summary>The peak for three quarters of the updates, then a cosine to nearly 0 (fastai's fit_flat_cos).</summary>
    FlatCosine,

    /// <summary>Cosines from the peak to 0, one after the other and as long.</summary>
    CosineRestarts,

    /// <summary>Falls along a power of what is left of the run.</summary>
    Polynomial,

    /// <summary>Falls with the root of the updates, without an end (Vaswani et al. 2017).</summary>
    InverseSqrt,

    /// <summary>Cosines from the peak to 0, each twice as long as the one before (Loshchilov and Hutter 2017; fastai's fit_sgdr).</summary>
    Sgdr,
}

/// <summary>The numbers of a schedule beside its kind, warm-up and length; by default as published. Each kind reads its own.</summary>
public sealed record ScheduleShape
{
    /// <summary>Of slanted-triangular: the share of the steps that rises.</summary>
    public double Cut { get; init; } = 0.1;

    /// <summary>Of slanted-triangular: the peak divided by the lowest rate.</summary>
    public double Ratio { get; init; } = 32;

    /// <summary>Of one-cycle the share that rises, null: the warm-up; of flat-cosine the share at the peak, null: 0.75.</summary>
    public double? Start { get; init; }

    /// <summary>Of one-cycle: the peak divided by the first rate.</summary>
    public double Divisor { get; init; } = 25;

    /// <summary>The peak divided by the last rate; null: 1e5 for one-cycle and flat-cosine, for polynomial down to 0.</summary>
    public double? FinalDivisor { get; init; }

    /// <summary>Of one-cycle: at the start, at the peak of the rate, at the end.</summary>
    public (double First, double Middle, double Last) Momentum { get; init; } = (0.95, 0.85, 0.95);

    /// <summary>Of cosine-restarts: their number.</summary>
    public int Cycles { get; init; } = 1;

    /// <summary>Of sgdr: steps of the first cycle.</summary>
    public long FirstCycle { get; init; } = 1;

    /// <summary>Of sgdr: each cycle is so many times as long as the one before.</summary>
    public int Multiple { get; init; } = 2;

    /// <summary>Of polynomial.</summary>
    public double Power { get; init; } = 1;

    /// <summary>Of inverse-sqrt; 0: the warm-up.</summary>
    public long Timescale { get; init; }
}

/// <summary>The settings of a one-cycle schedule; defaults of fastai.</summary>
/// <param name="Start">The share of the steps that rises.</param>
/// <param name="Divisor">The first rate is the peak divided by this.</param>
/// <param name="FinalDivisor">The rate falls towards the peak divided by this.</param>
public sealed record OneCycle(double Start = 0.25, double Divisor = 25, double FinalDivisor = 1e5)
{
    /// <summary>Momentum at the start, at the peak of the rate, and at the end.</summary>
    public (double First, double Middle, double Last) Momentum { get; init; } = (0.95, 0.85, 0.95);

    /// <summary>Multiplies the peak learning rate.</summary>
    public double Factor(long step, long total) => Cosines(step, total, 1 / Divisor, 1, 1 / FinalDivisor);

    /// <summary>The momentum (Adam's first beta) of a step; goes the other way than the rate.</summary>
    public double MomentumAt(long step, long total) => Cosines(step, total, Momentum.First, Momentum.Middle, Momentum.Last);

    // fastai's combined_cos at position step/total.
    double Cosines(long step, long total, double first, double middle, double last)
    {
        var at = Math.Min(1, (double)step / Math.Max(1, total));
        if (at < Start) return Schedule.CosineBetween(first, middle, at / Start);
        return Start < 1 ? Schedule.CosineBetween(middle, last, (at - Start) / (1 - Start)) : middle;
    }
}

/// <summary>
/// Learning-rate schedules as pure functions of the step: each returns what multiplies the peak rate for optimizer step
/// <c>step</c>, counted from 0, of <c>total</c>. Constant, linear, cosine, restarts, polynomial and inverse square root are those of
/// transformers.optimization (4.30), one-cycle, flat-cosine, sgdr and fine-tune those of fastai (2.7), slanted triangles those of
/// Howard and Ruder (2018).
/// </summary>
public static class Schedule
{
    /// <summary>The factor of a kind, always between 0 and 1; steps after the end keep the value of the end.</summary>
    /// <param name="step">0 for the first update.</param>
    /// <param name="total">Updates of the whole run.</param>
    /// <param name="warmup">Updates of the rise from 0; for one-cycle the rising part, 0 for its usual quarter; slanted-triangular has none.</param>
    /// <param name="shape">Null: as published.</param>
    public static double Factor(ScheduleKind kind, long step, long total, long warmup, ScheduleShape? shape = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfLessThan(total, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(warmup);
        step = Math.Min(step, total);
        shape ??= new();
        return kind switch
        {
            ScheduleKind.Constant => Constant(step, warmup),
            ScheduleKind.Linear => Linear(step, total, warmup),
            ScheduleKind.Cosine => Cosine(step, total, warmup),
            ScheduleKind.OneCycle => Cycle(total, warmup, shape).Factor(step, total),
            ScheduleKind.SlantedTriangular => Math.Max(1 / shape.Ratio, SlantedTriangle(step, total, shape.Cut, shape.Ratio)),
            ScheduleKind.FlatCosine => Rising(step, warmup) ?? FlatCosine(step, total, shape.Start ?? 0.75, shape.FinalDivisor ?? 1e5),
            ScheduleKind.CosineRestarts => CosineRestarts(step, total, warmup, shape.Cycles),
            ScheduleKind.Polynomial => Polynomial(step, total, warmup, shape.Power, shape.FinalDivisor is { } final ? 1 / final : 0),
            ScheduleKind.InverseSqrt => InverseSquareRoot(step, warmup, shape.Timescale),
            ScheduleKind.Sgdr => Rising(step, warmup) ?? WarmRestarts(step, shape.FirstCycle, shape.Multiple),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
        };
    }

    /// <summary>The momentum that goes with the rate of a kind, or null where the optimizer's own stays.</summary>
    public static double? Momentum(ScheduleKind kind, long step, long total, long warmup, ScheduleShape? shape = null) =>
        kind == ScheduleKind.OneCycle ? Cycle(total, warmup, shape ?? new()).MomentumAt(step, total) : null;

    /// <summary>get_constant_schedule_with_warmup; without warm-up get_constant_schedule.</summary>
    public static double Constant(long step, long warmup) => Rising(step, warmup) ?? 1;

    /// <summary>get_linear_schedule_with_warmup.</summary>
    public static double Linear(long step, long total, long warmup) =>
        Rising(step, warmup) ?? Math.Max(0, (double)(total - step) / Math.Max(1, total - warmup));

    /// <summary>get_cosine_schedule_with_warmup. With half a cycle the published formula rises again after the end.</summary>
    public static double Cosine(long step, long total, long warmup, double cycles = 0.5) =>
        Rising(step, warmup) ?? Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * cycles * 2 * Progress(step, total, warmup))));

    /// <summary>get_cosine_with_hard_restarts_schedule_with_warmup: whole falls one after the other, 0 from the end on.</summary>
    public static double CosineRestarts(long step, long total, long warmup, int cycles = 1)
    {
        if (Rising(step, warmup) is { } rising) return rising;
        var progress = Progress(step, total, warmup);
        return progress >= 1 ? 0 : Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * (cycles * progress % 1))));
    }

    /// <summary>get_polynomial_decay_schedule_with_warmup.</summary>
    /// <param name="last">The last rate divided by the peak.</param>
    public static double Polynomial(long step, long total, long warmup, double power = 1, double last = 0)
    {
        if (Rising(step, warmup) is { } rising) return rising;
        return step > total ? last : (1 - last) * Math.Pow(1 - Progress(step, total, warmup), power) + last;
    }

    /// <summary>get_inverse_sqrt_schedule.</summary>
    /// <param name="timescale">Steps in which the rate falls to 0.71; 0: the warm-up, or 10,000 without one as in later versions.</param>
    public static double InverseSquareRoot(long step, long warmup, long timescale = 0)
    {
        if (timescale == 0) timescale = warmup > 0 ? warmup : 10_000;
        return Rising(step, warmup) ?? 1 / Math.Sqrt((double)(step + timescale - warmup) / timescale);
    }

    /// <summary>fit_flat_cos: the peak for <paramref name="start"/> of the steps, then a cosine towards the peak divided by <paramref name="finalDivisor"/>.</summary>
    public static double FlatCosine(long step, long total, double start = 0.75, double finalDivisor = 1e5)
    {
        var at = Math.Min(1, (double)step / Math.Max(1, total));
        return at < start || start >= 1 ? 1 : CosineBetween(1, 1 / finalDivisor, (at - start) / (1 - start));
    }

    /// <summary>fit_sgdr: cosines to 0 one after the other, each <paramref name="multiple"/> times as long as the one before (Loshchilov and Hutter 2017).</summary>
    /// <param name="firstCycle">Steps of the first cycle.</param>
    public static double WarmRestarts(long step, long firstCycle, int multiple = 2)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(firstCycle, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(multiple, 1);
        var length = firstCycle;
        while (step >= length)
        {
            step -= length;
            length *= multiple;
        }
        return CosineBetween(1, 0, (double)step / length);
    }

    /// <summary>
    /// The slanted triangle exactly as published: where total * cut is no whole number it ends a little below 1/ratio, even below 0;
    /// clamp it for training. With fewer than 1/cut steps it has no rising side.
    /// </summary>
    /// <param name="cut">The share of the steps that rises.</param>
    /// <param name="ratio">Peak divided by the lowest rate.</param>
    public static double SlantedTriangle(long step, long total, double cut = 0.1, double ratio = 32)
    {
        var top = Math.Floor(total * cut);
        var height = step < top ? step / top : 1 - (step - top) / (top == 0 ? Math.Max(1, total) : top * (1 / cut - 1));
        return (1 + height * (ratio - 1)) / ratio;
    }

    /// <summary>
    /// The rates of the layer groups between two, in equal ratios (fastai's slice(first, last)); without <paramref name="first"/> a
    /// tenth of the last for all but the last group.
    /// </summary>
    public static double[] Groups(double? first, double last, int groups)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(groups, 1);
        var ratio = first is { } low && groups > 1 ? Math.Pow(last / low, 1.0 / (groups - 1)) : 1;
        return [.. Enumerable.Range(0, groups).Select(g => g == groups - 1 ? last : first * Math.Pow(ratio, g) ?? last / 10)];
    }

    internal static double CosineBetween(double first, double last, double share) => first + (1 + Math.Cos(Math.PI * (1 - share))) * (last - first) / 2;

    static OneCycle Cycle(long total, long warmup, ScheduleShape shape) =>
        new(shape.Start ?? (warmup == 0 ? 0.25 : Math.Min(1, (double)warmup / total)), shape.Divisor, shape.FinalDivisor ?? 1e5) { Momentum = shape.Momentum };

    static double? Rising(long step, long warmup) => step < warmup ? (double)step / Math.Max(1, warmup) : null;

    static double Progress(long step, long total, long warmup) => (double)(step - warmup) / Math.Max(1, total - warmup);
}

/// <summary>fastai's fine_tune: first only the last layer group, then all groups, each phase one cycle with its own rates.</summary>
/// <param name="BaseRate">The peak of the last group in the first phase; half of it in the second.</param>
/// <param name="FrozenSteps">Updates of the first phase.</param>
/// <param name="Steps">Updates of the second phase.</param>
/// <param name="Spread">The last group's rate divided by the first group's in the second phase.</param>
public sealed record FineTune(double BaseRate, long FrozenSteps, long Steps, double Spread = 100)
{
    static readonly OneCycle Frozen = new(Start: 0.99);
    static readonly OneCycle Whole = new(Start: 0.3, Divisor: 5);

    /// <summary>Whether only the last group is trained.</summary>
    public bool OnlyLastGroup(long step) => step < FrozenSteps;

    /// <summary>The learning rate of each group, also of those not trained.</summary>
    public double[] Rates(long step, int groups) => OnlyLastGroup(step)
        ? [.. Schedule.Groups(null, BaseRate, groups).Select(rate => rate * Frozen.Factor(step, FrozenSteps))]
        : [.. Schedule.Groups(BaseRate / 2 / Spread, BaseRate / 2, groups).Select(rate => rate * Whole.Factor(step - FrozenSteps, Steps))];

    public double Momentum(long step) => OnlyLastGroup(step) ? Frozen.MomentumAt(step, FrozenSteps) : Whole.MomentumAt(step - FrozenSteps, Steps);
}
