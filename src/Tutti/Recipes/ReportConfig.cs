using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Tutti.Recipes;

/// <summary>What a run's report shows beyond what is always there. The result does not depend on it.</summary>
public sealed record ReportConfig
{
    [Description("Rows whose predictions are explained, token by token or by where in the picture a model looked: the highest losses and label issues; 0: none. Large models explain fewer, to take seconds.")]
    [Range(0, 1000)]
    public int Explain { get; init; } = 20;
}
