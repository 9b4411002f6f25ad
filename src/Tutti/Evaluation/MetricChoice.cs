namespace Tutti.Evaluation;

/// <summary>Which scores are computed: docs/metrics.md lists them.</summary>
public enum MetricChoice
{
    /// <summary>The few that say most.</summary>
    Usual,

    /// <summary>These first, then all others, each class's own, and the reliability table.</summary>
    All,
}
