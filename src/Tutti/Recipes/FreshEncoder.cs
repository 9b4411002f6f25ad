using System.Text.Json.Nodes;

namespace Tutti.Recipes;

/// <summary>The config.json of an encoder that a recipe describes: the choices of the family's published models at other sizes.</summary>
static class FreshEncoder
{
    /// <summary>Channels of the embeddings where they have a width of their own, as in published ELECTRA and ALBERT models.</summary>
    const int EmbeddingWidth = 128;

    /// <param name="spec">A spec that has a kind, layers, width and heads.</param>
    /// <param name="vocabulary">Ids of the tokenizer.</param>
    /// <param name="pad">Its padding id.</param>
    /// <param name="positions">Tokens that it can read.</param>
    public static Models.ModelConfig Config(ModelSpec spec, int vocabulary, int pad, int positions)
    {
        if (spec.Kind == EncoderKind.AwdLstm) return Recurrent(spec, vocabulary, pad);
        var (kind, hidden, dropout) = (spec.Kind!.Value, spec.Hidden!.Value, spec.Dropout ?? 0.1);
        var inside = spec.Intermediate ?? 4 * hidden;
        var json = new JsonObject
        {
            ["model_type"] = RecipeJson.Name(kind),
            ["vocab_size"] = vocabulary,
            ["hidden_size"] = hidden,
            ["num_hidden_layers"] = spec.Layers,
            ["num_attention_heads"] = spec.Heads,
            ["intermediate_size"] = inside,
            ["hidden_act"] = "gelu",
            ["hidden_dropout_prob"] = dropout,
            ["attention_probs_dropout_prob"] = dropout,
            ["max_position_embeddings"] = positions,
            ["type_vocab_size"] = 2,
            ["layer_norm_eps"] = 1e-12,
            ["pad_token_id"] = pad,
        };
        foreach (var (key, value) in Own(kind, spec, dropout, inside, pad, positions))
            if (value is null) json.Remove(key);
            else json[key] = value;
        return new(json, "the recipe's model");
    }

    // Its dropouts are those of fastai, others for a language model than for a classifier, unless the recipe says one.
    static Models.ModelConfig Recurrent(ModelSpec spec, int vocabulary, int pad)
    {
        var json = new JsonObject { ["model_type"] = RecipeJson.Name(EncoderKind.AwdLstm), ["vocab_size"] = vocabulary, ["emb_sz"] = spec.Embedding ?? 400, ["n_hid"] = spec.Hidden, ["n_layers"] = spec.Layers, ["pad_token"] = pad };
        if (spec.Backward == true) json["backward"] = true;
        var config = new Models.ModelConfig(json, "the recipe's model");
        if (spec.Dropout is { } share)
            foreach (var key in Models.Catalog.Find(config).DropoutKeys) json[key] = share;
        return config;
    }

    /// <summary>Where a family differs; null takes a key out.</summary>
    static Dictionary<string, JsonNode?> Own(EncoderKind kind, ModelSpec spec, double dropout, int inside, int pad, int positions) => kind switch
    {
        // Positions begin behind the padding id's row.
        EncoderKind.Roberta => new() { ["max_position_embeddings"] = positions + pad + 1, ["type_vocab_size"] = 1, ["layer_norm_eps"] = 1e-5 },
        EncoderKind.Mpnet => new() { ["max_position_embeddings"] = positions + 2, ["type_vocab_size"] = null, ["relative_attention_num_buckets"] = 32 },
        EncoderKind.Electra => new() { ["embedding_size"] = Math.Min(EmbeddingWidth, spec.Hidden!.Value) },
        EncoderKind.Albert => new() { ["embedding_size"] = Math.Min(EmbeddingWidth, spec.Hidden!.Value), ["num_hidden_groups"] = 1, ["inner_group_num"] = 1, ["classifier_dropout_prob"] = dropout },
        EncoderKind.Distilbert => new()
        {
            ["dim"] = spec.Hidden,
            ["n_layers"] = spec.Layers,
            ["n_heads"] = spec.Heads,
            ["hidden_dim"] = inside,
            ["activation"] = "gelu",
            ["dropout"] = dropout,
            ["attention_dropout"] = dropout,
            ["seq_classif_dropout"] = dropout,
            ["sinusoidal_pos_embds"] = false,
            ["hidden_size"] = null,
            ["num_hidden_layers"] = null,
            ["num_attention_heads"] = null,
            ["intermediate_size"] = null,
            ["hidden_act"] = null,
            ["hidden_dropout_prob"] = null,
            ["attention_probs_dropout_prob"] = null,
            ["type_vocab_size"] = null,
            ["layer_norm_eps"] = null,
        },
        // As version 3: no absolute positions, 256 buckets for 512 tokens.
        EncoderKind.DebertaV2 => new()
        {
            ["type_vocab_size"] = 0,
            ["layer_norm_eps"] = 1e-7,
            ["relative_attention"] = true,
            ["position_biased_input"] = false,
            ["position_buckets"] = Math.Max(2, positions / 2),
            ["max_relative_positions"] = -1,
            ["pos_att_type"] = "p2c|c2p",
            ["share_att_key"] = true,
            ["norm_rel_ebd"] = "layer_norm",
            ["pooler_dropout"] = 0.0,
            ["pooler_hidden_act"] = "gelu",
        },
        EncoderKind.Modernbert => new()
        {
            ["hidden_activation"] = "gelu",
            ["norm_eps"] = 1e-5,
            ["embedding_dropout"] = dropout,
            ["attention_dropout"] = dropout,
            ["mlp_dropout"] = dropout,
            ["classifier_dropout"] = dropout,
            ["hidden_act"] = null,
            ["hidden_dropout_prob"] = null,
            ["attention_probs_dropout_prob"] = null,
            ["type_vocab_size"] = null,
            ["layer_norm_eps"] = null,
        },
        _ => [],
    };
}
