namespace Tutti.Vision;

/// <summary>Zhong et al. 2017: a random rectangle of what the model is given becomes zeros, which is the mean colour, or noise. As torchvision draws it.</summary>
/// <param name="Probability">That there is one.</param>
/// <param name="LeastArea">The smallest, as a share of the picture.</param>
/// <param name="MostArea">The largest.</param>
/// <param name="Noise">Normal numbers instead of zeros.</param>
public sealed record RandomErasing(double Probability = 0.25, double LeastArea = 0.02, double MostArea = 0.33, bool Noise = false)
{
    const int Tries = 10;
    const double Slim = 0.3, Broad = 3.3;

    /// <summary>Changes 3 x height x width numbers in place.</summary>
    public void Apply(Span<float> numbers, int width, int height, Draws draws)
    {
        if (numbers.Length != 3 * width * height) throw new ArgumentException(FormattableString.Invariant($"got {numbers.Length} numbers, expected {3 * width * height}"), nameof(numbers));
        if (!draws.Chance(Probability)) return;
        for (var i = 0; i < Tries; i++)
        {
            var area = (double)width * height * draws.Between(LeastArea, MostArea);
            var ratio = Math.Exp(draws.Between(Math.Log(Slim), Math.Log(Broad)));
            var (erasedWidth, erasedHeight) = ((int)Math.Round(Math.Sqrt(area / ratio)), (int)Math.Round(Math.Sqrt(area * ratio)));
            if (erasedWidth <= 0 || erasedHeight <= 0 || erasedWidth >= width || erasedHeight >= height) continue;
            var (left, top) = (draws.Below(width - erasedWidth + 1), draws.Below(height - erasedHeight + 1));
            for (var channel = 0; channel < 3; channel++)
                for (var y = top; y < top + erasedHeight; y++)
                {
                    var row = numbers.Slice((((channel * height) + y) * width) + left, erasedWidth);
                    if (!Noise) row.Clear();
                    else foreach (ref var number in row) number = (float)draws.Normal();
                }
            return;
        }
    }
}
