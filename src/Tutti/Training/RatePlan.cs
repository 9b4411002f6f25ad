namespace Tutti.Training;

/// <summary>
/// What every update of a fit uses: the learning rate of each layer group, the momentum, and which groups learn. A pure function of the settings and of
/// the sizes of model and data, so that a fit that goes on anywhere uses the same, and a plan can be drawn before anything is trained.
/// </summary>
public sealed class RatePlan
{
    // The first phase of fastai's fine_tune: a cycle that rises for nearly all of it.
    const double HeadStart = 0.99, HeadSpread = 100;

    readonly TrainConfig config;
    readonly long head, warmup;
    readonly double peak;
    readonly double[] factors;
    readonly long[] begins;
    readonly OneCycle headCycle;
    readonly ScheduleShape shape;

    /// <param name="config">Schedule, rates by group, unfreezing.</param>
    /// <param name="groups">Layer groups, the lowest first, the head last; 1 for a model without layers.</param>
    /// <param name="perEpoch">Updates of an epoch.</param>
    /// <param name="learns">Whether a group has weights to learn, as it has none where all are frozen; null: all have.</param>
    public RatePlan(TrainConfig config, int groups, long perEpoch, Func<int, bool>? learns = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(groups, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(perEpoch, 1);
        (this.config, Groups, PerEpoch, Updates) = (config, groups, perEpoch, perEpoch * config.Epochs);
        head = perEpoch * (config.Unfreeze?.HeadEpochs ?? 0);
        // fine_tune halves the rate when all learn.
        peak = head > 0 ? config.LearningRate / 2 : config.LearningRate;
        warmup = config.Warmup < 1 ? (long)Math.Round(config.Warmup * (Updates - head)) : (long)config.Warmup;
        shape = ScheduleKeys.Shape(config, perEpoch);
        headCycle = new(Start: HeadStart) { Momentum = shape.Momentum };
        factors = Factors();
        begins = Begin([.. Enumerable.Range(0, groups).Where(learns ?? (_ => true))]);
    }

    public int Groups { get; }

    /// <summary>Updates of the whole fit.</summary>
    public long Updates { get; }

    public long PerEpoch { get; }

    /// <summary>The learning rate of the last group, which the others have their shares of.</summary>
    /// <param name="update">From 0.</param>
    public double Rate(long update) => update < head ? config.LearningRate * headCycle.Factor(update, head)
        : peak * Schedule.Factor(config.Schedule, update - head, Updates - head, warmup, shape);

    /// <summary>A group's share of the learning rate.</summary>
    public double Factor(int group) => factors[group];

    /// <summary>The rate of every group; null where a group does not learn.</summary>
    public double?[] Rates(long update)
    {
        var rate = Rate(update);
        return [.. factors.Select((factor, group) => begins[group] <= update ? rate * factor : (double?)null)];
    }

    /// <summary>AdamW's decay of the mean of gradients.</summary>
    public double Momentum(long update) => (update < head ? headCycle.MomentumAt(update, head) : Schedule.Momentum(config.Schedule, update - head, Updates - head, warmup, shape)) ?? config.Beta1;

    /// <summary>The update in which a group begins to learn; <see cref="Updates"/> or more where it never does.</summary>
    public long Begins(int group) => begins[group];

    double[] Factors()
    {
        if (config.LayerDecay is { } decay) return [.. Enumerable.Range(0, Groups).Select(group => Math.Pow(decay, Groups - 1 - group))];
        var first = config.FirstRate ?? (head > 0 ? peak / HeadSpread : null);
        return first is null ? [.. Enumerable.Repeat(1.0, Groups)] : [.. Schedule.Groups(first, peak, Groups).Select(rate => rate / peak)];
    }

    /// <param name="learning">The groups that have weights to learn, the lowest first.</param>
    long[] Begin(int[] learning)
    {
        var begin = new long[Groups];
        Array.Fill(begin, Updates);
        for (var i = 0; i < learning.Length; i++)
        {
            var above = learning.Length - 1 - i;
            begin[learning[i]] = above == 0 ? 0 : config.Unfreeze?.Kind == UnfreezeKind.Gradual ? above * PerEpoch : head;
        }
        return begin;
    }
}
