using System.Text.Json.Nodes;
using Tutti.Models;
using Tutti.Torch;
using Tutti.Training;

namespace Tutti.Bench;

/// <summary>The sizes of a BERT; positions are the published ones.</summary>
sealed record BertSize(int Layers, int Hidden, int Heads, int Intermediate, int Vocabulary = 30522);

/// <summary>BERT models with random weights, and random examples for them.</summary>
static class Berts
{
    /// <param name="size">Of the model.</param>
    /// <param name="seed">The weights are drawn from it.</param>
    /// <param name="dropout">Of hidden states and attention.</param>
    public static TextModel New(BertSize size, long seed, double dropout = 0.1)
    {
        var json = new JsonObject
        {
            ["model_type"] = "bert",
            ["vocab_size"] = size.Vocabulary,
            ["num_hidden_layers"] = size.Layers,
            ["hidden_size"] = size.Hidden,
            ["num_attention_heads"] = size.Heads,
            ["intermediate_size"] = size.Intermediate,
            ["hidden_dropout_prob"] = dropout,
            ["attention_probs_dropout_prob"] = dropout,
        };
        return ModelFolder.New(new ModelConfig(json, "bench"), seed);
    }

    /// <summary>Examples of these lengths with random ids (never the padding's 0) and random labels.</summary>
    public static Example[] Examples(int[] lengths, int vocabulary, long seed)
    {
        var stream = RandomStream.Of(seed, "token ids");
        var drawn = 0L;
        return [.. lengths.Select((length, row) => new Example([.. Enumerable.Range(0, length).Select(_ => 1 + stream.Below(drawn++, vocabulary - 1))], null, stream.Below(drawn++, 2), row))];
    }
}
