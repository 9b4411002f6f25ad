using System.Globalization;

namespace Tutti.Evaluation;

/// <summary>A measured value with its 95 % interval.</summary>
/// <param name="Low">Lower end of the interval.</param>
/// <param name="High">Upper end of the interval.</param>
/// <param name="N">The rows it was measured on.</param>
public readonly record struct Score(double Value, double Low, double High, int N)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Value:0.0000} [{Low:0.0000}, {High:0.0000}] n={N}");
}
