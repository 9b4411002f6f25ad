using Tutti.Torch;

namespace Tutti.Models.Collab;

/// <summary>fastai's sigmoid_range: any number becomes one between two ends.</summary>
static class SigmoidRange
{
    public static Tensor Of(Tensor x, (double Low, double High)? range) => range is var (low, high) ? (x.Sigmoid() * (high - low)) + low : x;
}
