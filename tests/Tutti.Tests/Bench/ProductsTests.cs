using Tutti.Bench;
using Tutti.Tests.Torch;
using Tutti.Training;

namespace Tutti.Tests.Bench;

/// <summary>The operations of an update are counted, not estimated.</summary>
public sealed class ProductsTests : EngineTest
{
    /// <summary>By hand: 2 layers, 4 channels, 8 inside, sequences of 3 and 5 tokens, 2 classes.</summary>
    [Fact]
    public void Forward_counts_linear_layers_head_and_attention_over_real_lengths()
    {
        const double projections = 4 * (2 * 8 * 4 * 4), inside = 2 * (2 * 8 * 4 * 8), attention = 2 * 2 * ((3 * 3) + (5 * 5)) * 4;
        // The last layer: keys and values of 8 tokens, all else of the 2 first ones.
        const double last = (2 * (2 * 8 * 4 * 4)) + (2 * (2 * 2 * 4 * 4)) + (2 * (2 * 2 * 4 * 8)) + (2 * 2 * (3 + 5) * 4);
        const double pooler = 2 * 2 * 4 * 4, classifier = 2 * 2 * 4 * 2;
        var products = new Products(new(2, 4, 2, 8));
        Assert.Equal(projections + inside + attention + last + pooler + classifier, products.Forward([3, 5]));
        Assert.Equal(2 * products.Forward([3, 5]), products.Backward([3, 5]));
    }

    [Fact]
    public void Every_weight_matrix_of_the_model_is_counted_once()
    {
        var size = new BertSize(3, 8, 2, 20, 50);
        int[] lengths = [4, 7, 2];
        using var model = Berts.New(size, seed: 1);
        var expected = model.Params.Items.Where(item => item.Value.Dims == 2 && !item.Name.Contains("embeddings", StringComparison.Ordinal))
            .Sum(item => 2.0 * item.Value.Count * (EveryToken(item.Name) ? lengths.Sum() : lengths.Length));
        Assert.Equal(expected, new Products(size).Linear(lengths).Sum(layer => layer.Count * layer.Shape.Flops));

        static bool EveryToken(string name) => name.Contains("encoder", StringComparison.Ordinal)
            && (!name.Contains("layer.2.", StringComparison.Ordinal) || name.Contains("key", StringComparison.Ordinal) || name.Contains("value", StringComparison.Ordinal));
    }

    [Fact]
    public void The_work_of_a_pass_is_an_average_over_its_updates()
    {
        var one = new TrainCase("two updates", new(1, 4, 1, 8, 30), Precision.Fp32, 2, 2, count => Lengths.Fixed(count, 3));
        using var updates = new TrainUpdates(one, [3, 3, 6, 6]);
        var work = UpdateWork.Of(one, updates.Pass);
        var products = new Products(one.Size);
        Assert.Equal((products.Forward([3, 3]) + products.Forward([6, 6])) / 2 / 1e9, work.Forward, 1e-12);
        Assert.Equal(2, work.Updates);
        Assert.Equal([(6, 2L), (12, 2L)], work.Layers.Where(layer => layer.Shape is { Inputs: 4, Outputs: 4, Rows: > 2 }).Select(layer => ((int)layer.Shape.Rows, (long)layer.Count)).Order());
        Assert.Contains((new LinearShape(2, 4, 4), 6), work.Layers);                                         // the only layer's query and output, the pooler, of both together
    }
}
