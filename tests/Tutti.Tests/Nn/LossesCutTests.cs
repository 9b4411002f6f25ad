using Tutti.Nn;
using Tutti.Tests.Torch;
using Tutti.Torch;

namespace Tutti.Tests.Nn;

/// <summary>Every loss is a sum over examples: cut into any parts, with one divisor, it has the value and the gradient of the whole.</summary>
public sealed class LossesCutTests() : EngineTest(threads: 1)
{
    const int Rows = 13, Classes = 4;
    static readonly double[] classWeights = [0.2, 1, 3, 0.7];
    static readonly RandomStream random = RandomStream.Of(4, "losses");

    static Tensor Numbers(int stream, params long[] shape) => Tensor.From<double>([.. Enumerable.Range(0, (int)shape.Aggregate(1L, (a, b) => a * b)).Select(i => random.Normal((stream * 1000) + i))], shape);

    // The sum of a loss over rows from..to of logits (13,4), and its true weight.
    static (Tensor Sum, double Weight) Loss(string kind, Tensor logits, int from, int to)
    {
        var part = logits.Narrow(0, from, to - from);
        var classes = Enumerable.Range(from, to - from).Select(row => random.Below(5000 + row, Classes)).ToArray();
        var targets = Tensor.From<long>([.. classes.Select(label => (long)label)], [to - from]);
        var numbers = Numbers(2, Rows, Classes).Narrow(0, from, to - from);
        return kind switch
        {
            "cross-entropy" => (Losses.CrossEntropy(part, targets), Losses.Weight(classes, null)),
            "weighted, smoothed" => (Losses.CrossEntropy(part, targets, Tensor.From(classWeights), 0.1), Losses.Weight(classes, classWeights)),
            "focal" => (Losses.Focal(part, targets, 2, Tensor.From(classWeights)), Losses.Weight(classes, classWeights)),
            "binary focal" => (Losses.BinaryFocal(part, Flags(numbers), 1.5, 0.25), (to - from) * Classes),
            "asymmetric" => (Losses.Asymmetric(part, Flags(numbers), 4, 1, 0.05), (to - from) * Classes),
            "binary" => (Losses.BinaryCrossEntropy(part, (numbers * 3).Tanh().Abs()), (to - from) * Classes),
            _ => (Losses.SquaredError(part, numbers), (to - from) * Classes),
        };
    }

    static Tensor Flags(Tensor numbers) => Tensor.From<double>([.. numbers.ToArray<double>().Select(value => value > 0 ? 1.0 : 0)], numbers.Shape);

    [Theory, InlineData("cross-entropy"), InlineData("weighted, smoothed"), InlineData("binary"), InlineData("focal"), InlineData("binary focal"), InlineData("asymmetric"), InlineData("squared")]
    public void Parts_of_any_size_add_up_to_the_whole(string kind)
    {
        (double Value, double[] Gradient) Of(int[] ends)
        {
            using var scope = new Scope();
            var logits = Numbers(1, Rows, Classes).RequireGrad();
            var divisor = ends.Zip((int[])[0, .. ends]).Sum(pair => Loss(kind, logits, pair.Second, pair.First).Weight);
            var value = 0.0;
            foreach (var (end, start) in ends.Zip((int[])[0, .. ends]))
            {
                var loss = Loss(kind, logits, start, end).Sum / divisor;
                value += loss.Item();
                loss.Backward();
            }
            var gradient = logits.Grad!.ToArray<double>();
            logits.SetGrad(null);
            return (value, gradient);
        }
        var whole = Of([Rows]);
        foreach (var ends in (int[][])[[.. Enumerable.Range(1, Rows)], [1, Rows], [5, 6, 11, Rows]])
        {
            var (value, gradient) = Of(ends);
            Assert.Equal(whole.Value, value, 1e-13);
            Assert.All(whole.Gradient.Zip(gradient), pair => Assert.Equal(pair.First, pair.Second, 1e-14));
        }
    }
}
