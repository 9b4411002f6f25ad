using Tutti.Models;
using Tutti.Nn;

namespace Tutti.Training;

/// <summary>
/// The layer groups of a model during a fit. Those whose time has not come take no gradient: backward ends above them, they have no gradients, and the
/// optimizer leaves them alone; those whose time never comes are frozen for good, with no optimizer state either.
/// </summary>
sealed class LearningGroups : IDisposable
{
    readonly Network model;
    readonly Dictionary<Parameter, int> groups = new(ReferenceEqualityComparer.Instance);

    /// <param name="model">What is frozen for good is frozen already.</param>
    /// <param name="config">Rates by group, unfreezing.</param>
    /// <param name="perEpoch">Updates of an epoch.</param>
    /// <exception cref="ConfigException">The model has no layers, or fewer groups than are asked for.</exception>
    public LearningGroups(Network model, TrainConfig config, long perEpoch)
    {
        this.model = model;
        var depths = Depths(model, config);
        foreach (var item in model.Params.Items) groups[item] = depths.Of(item.Name);
        Names = depths.Names;
        var learning = model.Params.Trained.Select(item => groups[item]).ToHashSet();
        Plan = new(config, Names.Count, perEpoch, learning.Contains);
        Weights = [.. Enumerable.Range(0, Names.Count).Select(group => model.Params.Items.Where(item => groups[item] == group).Sum(item => item.Stored.Count))];
        Never = [.. Enumerable.Range(0, Names.Count).Where(group => learning.Contains(group) && Plan.Begins(group) >= Plan.Updates)];
    }

    public RatePlan Plan { get; }

    /// <summary>What the groups are, from the lowest on.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Numbers in each group.</summary>
    public IReadOnlyList<long> Weights { get; }

    /// <summary>Groups that the fit is too short for.</summary>
    public IReadOnlyList<int> Never { get; }

    /// <summary>What should not be overlooked; null for nothing.</summary>
    public string? Note(TrainConfig config) => Never.Count == 0 ? null
        : FormattableString.Invariant($"unfreeze: {config.Epochs} epochs are too few for {Names.Count} layer groups: {string.Join(", ", Never.Select(group => Names[group]))} never learn; set more epochs, or train.layer-groups: {Math.Max(2, config.Epochs)}");

    public double Factor(Parameter item) => Plan.Factor(groups[item]);
    public long Begins(Parameter item) => Plan.Begins(groups[item]);

    /// <summary>Refuses settings that ask a model for layers it does not have.</summary>
    /// <exception cref="ConfigException">As for the constructor.</exception>
    public static void Check(Network model, TrainConfig config) => Depths(model, config);

    /// <summary>Freezes for good what a fit of so many rows is too short for.</summary>
    public static void FreezeNever(Network model, TrainConfig config, int rows)
    {
        using var groups = new LearningGroups(model, config, Math.Max(1, (rows + config.Batch - 1) / config.Batch));
        groups.FreezeNever();
    }

    /// <summary>Freezes for good what the fit is too short for.</summary>
    public void FreezeNever()
    {
        foreach (var item in model.Params.Trained.Where(item => Never.Contains(groups[item]))) item.Freeze();
    }

    /// <summary>Makes this update's groups learn, and no others.</summary>
    public void Begin(long update)
    {
        foreach (var item in model.Params.Items)
        {
            var learns = !item.Frozen && Begins(item) <= update;
            if (item.Stored.RequiresGrad == learns) continue;
            if (!learns) item.Stored.SetGrad(null);
            item.Stored.RequireGrad(learns);
        }
    }

    /// <summary>All groups take gradients again, but for weights that are frozen for good.</summary>
    public void Dispose()
    {
        foreach (var item in model.Params.Items.Where(item => !item.Frozen && !item.Stored.IsDisposed && !item.Stored.RequiresGrad)) item.Stored.RequireGrad();
    }

    static (Func<string, int> Of, IReadOnlyList<string> Names) Depths(Network model, TrainConfig config)
    {
        var asked = config.LayerDecay is not null ? "layer-decay" : config.FirstRate is not null ? "first-rate" : config.LayerGroups is not null ? "layer-groups"
            : config.Unfreeze is { Kind: UnfreezeKind.Gradual } or { HeadEpochs: > 0 } ? "unfreeze" : null;
        if (model.Groups is not { } depths)
            return asked is null ? (_ => 0, ["all"]) : throw new ConfigException($"train.{asked}", "is for models whose layers are known; this one has none");
        var fine = Enumerable.Range(0, depths.Count).Select(depths.NameOf).ToArray();
        if (config.LayerGroups is not { } count) return (depths.Of, fine);
        if (count > depths.Count)
            throw new ConfigException("train.layer-groups", FormattableString.Invariant($"got {count}, the model has {depths.Count} ({fine[0]}, {string.Join(", ", fine[1..])})"));
        // The head alone, the others in runs of about the same number.
        int Of(int depth) => depth == depths.Count - 1 ? count - 1 : depth * (count - 1) / (depths.Count - 1);
        string Name(int group)
        {
            var members = Enumerable.Range(0, depths.Count).Where(depth => Of(depth) == group).ToArray();
            return members.Length == 1 ? fine[members[0]] : $"{fine[members[0]]} to {fine[members[^1]]}";
        }
        return (name => Of(depths.Of(name)), [.. Enumerable.Range(0, count).Select(Name)]);
    }
}
