using Tutti.Tests.Models;
using Tutti.Tests.Torch;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Tests.Training;

/// <summary>Embeddings of texts, beside the hidden states of each text alone.</summary>
public sealed class EmbeddingsTests() : EngineTest(threads: 1)
{
    static readonly Example[] texts = [new([2, 9, 15, 9, 22, 3], null, -1, 0), new([2, 7, 3], null, -1, 1), new([2, 30, 31, 8, 3], null, -1, 2), new([2, 7, 3], null, -1, 3)];

    [Theory]
    [MemberData(nameof(Tiny.Kinds), MemberType = typeof(Tiny))]
    public void An_embedding_is_the_mean_of_the_last_hidden_states_of_all_tokens(string kind)
    {
        using var model = Tiny.Model(kind, classes: 3);
        var found = Predictor.Embeddings(model, texts, Precision.Fp32, tokens: 12, TestContext.Current.CancellationToken);
        var channels = found.Length / texts.Length;
        for (var row = 0; row < texts.Length; row++)
        {
            using var scope = new Scope();
            using var none = Modes.NoGrad();
            var hidden = model.Hidden(TextData.Batch([texts[row]]), null, out _).To(DType.Float64);
            var (values, tokens) = (hidden.ToArray<double>(), texts[row].Ids.Length);
            Assert.Equal([tokens, channels], hidden.Shape.Select(size => (int)size));
            for (var c = 0; c < channels; c++)
                // float32, whose sums of a handful of numbers around 1 miss less than this
                Assert.Equal(Enumerable.Range(0, tokens).Average(token => values[(token * channels) + c]), found[(row * channels) + c], 1e-5);
        }
        Assert.Contains(found, value => Math.Abs(value) > 1e-3);
    }
}
