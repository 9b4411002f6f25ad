using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Tutti.Ensembling;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>Averages of the weights of a member's seeds, as members beside it.</summary>
public enum RecipeSoups
{
    None,

    /// <summary>Of all seeds.</summary>
    Uniform,

    /// <summary>Of the seeds that do not harm the average.</summary>
    Greedy,
}

/// <summary>How the members' probabilities become one.</summary>
[ShortForm("method")]
public sealed record BlendConfig
{
    [Description("mean, geometric and rank average all members alike; hill-climb, stack and logistic learn weights from held-out rows; best takes one member; auto takes what is surely better than the mean, else the mean.")]
    public BlendChoice Method { get; init; } = BlendChoice.Mean;

    [Description("What members, weights and thresholds are chosen by, and gains are told in.")]
    public BlendMetric Metric { get; init; } = BlendMetric.LogLoss;

    [Description("A weight for each member and class; with hill-climb, stack, logistic and auto.")]
    public bool PerClass { get; init; }

    [Description("The most members in the blend; the smallest number that is as good as all is taken. Default: all.")]
    [Range(1, int.MaxValue)]
    public int? AtMost { get; init; }

    [Description("How much worse by the metric fewer members may be; default: no more than noise. Together with at-most.")]
    [Range(0, double.MaxValue)]
    public double? Within { get; init; }

    [Description("Averages of the weights of a member's seeds, as members beside it: of all (uniform), of those that do not harm (greedy), or none.")]
    public RecipeSoups Soups { get; init; } = RecipeSoups.None;

    [Description("Rounds of hill-climb after the first.")]
    [Range(1, 1000)]
    public int Rounds { get; init; } = HillClimb.UsualRounds;

    [Description("Whether the blend is made as sure as it is right: one temperature, fitted to held-out rows.")]
    public bool Temperature { get; init; }

    [Description("Whether probabilities are moved so that the most probable class is the decision that the metric likes best; with metric accuracy or macro-f1.")]
    public bool Thresholds { get; init; }

    public static implicit operator BlendConfig(BlendChoice method) => new() { Method = method };

    internal BlendPlan Plan => new(Method, Metric, PerClass, AtMost, Within, Rounds, Temperature, Thresholds);

    internal IEnumerable<ConfigFault> Validate(bool seeds)
    {
        foreach (var fault in ConfigFault.OfRanges(this)) yield return fault;
        if (PerClass && Method is BlendChoice.Mean or BlendChoice.Geometric or BlendChoice.Rank or BlendChoice.Best)
            yield return new("per-class", $"has no meaning with method {RecipeJson.Name(Method)}, which learns no weights; expected hill-climb, stack, logistic or auto");
        if (Within is not null && AtMost is null) yield return new("within", "belongs to at-most, which is not given");
        if (Thresholds && Metric == BlendMetric.LogLoss) yield return new("thresholds", "needs metric accuracy or macro-f1: log-loss makes no decisions");
        if (Soups != RecipeSoups.None && !seeds) yield return new("soups", "needs a member with several seeds: a soup is the average of their weights");
    }
}
