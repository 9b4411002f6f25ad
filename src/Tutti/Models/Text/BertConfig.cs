using System.Text.Json.Nodes;

namespace Tutti.Models.Text;

/// <summary>The sizes and choices of BERT and its kin; defaults as transformers' BertConfig, for configs that list only what differs.</summary>
public sealed record BertConfig(ModelConfig Source)
{
    public int Vocabulary { get; } = Source.Int("vocab_size", 30522);
    public int Hidden { get; } = Source.Int("hidden_size", 768);
    public int Layers { get; } = Source.Int("num_hidden_layers", 12);
    public int Heads { get; } = Source.Int("num_attention_heads", 12);
    public int Intermediate { get; } = Source.Int("intermediate_size", 3072);
    public string Activation { get; } = Source.Text("hidden_act", "gelu");
    public double Dropout { get; } = Source.Number("hidden_dropout_prob", 0.1);
    public double AttentionDropout { get; } = Source.Number("attention_probs_dropout_prob", 0.1);
    public double HeadDropout { get; } = Source.NumberOrNull("classifier_dropout") ?? Source.Number("hidden_dropout_prob", 0.1);
    public int Positions { get; } = Source.Int("max_position_embeddings", 512);
    public int Types { get; } = Source.Int("type_vocab_size", 2);
    public double Deviation { get; } = Source.Number("initializer_range", 0.02);
    public double Eps { get; } = Source.Number("layer_norm_eps", 1e-12);
    public int Pad { get; } = Source.Int("pad_token_id", 0);

    internal EncoderSizes Sizes => new(Hidden, Layers, Heads, Intermediate);

    /// <summary>Refuses what this implementation does not compute.</summary>
    internal BertConfig Checked()
    {
        if (Source.Text("position_embedding_type", "absolute") is var positions && positions != "absolute")
            throw new DataException(Source.Where, $"position_embedding_type '{positions}' is not supported; expected absolute");
        if (Source.Json["is_decoder"] is JsonValue decoder && decoder.TryGetValue<bool>(out var on) && on)
            throw new DataException(Source.Where, "is_decoder is true; only encoders, which read both ways, are supported");
        foreach (var (name, value) in new[] { ("vocab_size", Vocabulary), ("hidden_size", Hidden), ("num_hidden_layers", Layers), ("num_attention_heads", Heads), ("intermediate_size", Intermediate), ("max_position_embeddings", Positions), ("type_vocab_size", Types) })
            if (value < 1) throw new DataException(Source.Where, $"{name} is {value}; expected at least 1");
        if (Hidden % Heads != 0)
            throw new DataException(Source.Where, $"hidden_size {Hidden} is not a multiple of num_attention_heads {Heads}");
        if (Pad < 0 || Pad >= Vocabulary)
            throw new DataException(Source.Where, $"pad_token_id is {Pad}; expected an id from 0 to {Vocabulary - 1}");
        foreach (var (name, share) in new[] { ("hidden_dropout_prob", Dropout), ("attention_probs_dropout_prob", AttentionDropout), ("classifier_dropout", HeadDropout) })
            if (!(share >= 0 && share < 1)) throw new DataException(Source.Where, FormattableString.Invariant($"{name} is {share}; expected a share from 0 to below 1"));
        return this;
    }
}
