using System.Text.Json.Nodes;
using Tutti.Models;

namespace Tutti.Bench;

/// <summary>The sizes and dropouts of an AWD-LSTM language model.</summary>
/// <param name="Layers">LSTM layers; the last gives <paramref name="Embedding"/> numbers a token, the others <paramref name="Hidden"/>.</param>
/// <param name="Vocabulary">Words, the one of padding included.</param>
sealed record LmSize(int Layers, int Embedding, int Hidden, int Vocabulary)
{
    /// <summary>The id of padding, which texts never have.</summary>
    public const int Pad = 1;

    /// <summary>Shares that are dropped: fastai's defaults for a language model.</summary>
    public (double Embedding, double Input, double Weights, double Hidden, double Output) Dropout { get; init; } = (0.02, 0.25, 0.2, 0.15, 0.1);

    /// <param name="seed">The weights are drawn from it.</param>
    public TextModel New(long seed)
    {
        var json = new JsonObject
        {
            ["model_type"] = "awd-lstm",
            ["vocab_size"] = Vocabulary,
            ["emb_sz"] = Embedding,
            ["n_hid"] = Hidden,
            ["n_layers"] = Layers,
            ["pad_token"] = Pad,
            ["embed_p"] = Dropout.Embedding,
            ["input_p"] = Dropout.Input,
            ["weight_p"] = Dropout.Weights,
            ["hidden_p"] = Dropout.Hidden,
            ["output_p"] = Dropout.Output,
        };
        return ModelFolder.New(new ModelConfig(json, "bench").AsLanguageModel(), seed);
    }

    /// <summary>The peer's command line for it.</summary>
    public IEnumerable<string> Arguments() =>
    [
        "--layers", Figures.Exact(Layers), "--embedding", Figures.Exact(Embedding), "--hidden", Figures.Exact(Hidden), "--vocabulary", Figures.Exact(Vocabulary),
        "--drop-embedding", Figures.Exact(Dropout.Embedding), "--drop-input", Figures.Exact(Dropout.Input), "--drop-weights", Figures.Exact(Dropout.Weights),
        "--drop-hidden", Figures.Exact(Dropout.Hidden), "--drop-output", Figures.Exact(Dropout.Output),
    ];
}
