using Tutti.Models.Text;
using Tutti.Nn;

namespace Tutti.Models;

/// <summary>Which architectures exist, by the model_type of their config.json.</summary>
public static class Catalog
{
    /// <summary>A stored weight's name as a model of some config asks for it, or null where it is no weight of its own.</summary>
    /// <param name="config">Of the model that asks.</param>
    /// <param name="name">As stored.</param>
    /// <param name="has">Whether a name is stored.</param>
    public delegate string? Renaming(ModelConfig config, string name, Func<string, bool> has);

    /// <param name="Prefix">The name under which the encoder's weights stand in a checkpoint of a whole model.</param>
    /// <param name="Name">What the names of transformers' classes begin with, written into config.json.</param>
    /// <param name="Build">Builds the network, taking its weights from a <see cref="Params"/>.</param>
    public sealed record Entry(string Prefix, string Name, Func<Params, ModelConfig, TextModel> Build)
    {
        /// <summary>transformers' class of a classifier.</summary>
        public string Architecture => Name + "ForSequenceClassification";

        /// <summary>The class that predicts tokens: transformers' for masked ones.</summary>
        public string LanguageArchitecture => Name + (Causal ? ModelConfig.CausalLanguage : ModelConfig.MaskedLanguage);

        /// <summary>As a language model it predicts the next token and not masked ones.</summary>
        public bool Causal { get; init; }

        /// <summary>Where checkpoints call weights otherwise than the model; null where they do not.</summary>
        public Renaming? Renamed { get; init; }

        /// <summary>Whether a weight has a row per word of a list of words; null for models of other vocabularies.</summary>
        public Func<string, bool>? HasWordRows { get; init; }

        /// <summary>Whether a weight belongs to the projection to classes, which starts fresh for others.</summary>
        public Func<ModelConfig, string, bool> IsProjection { get; init; } = (_, name) => name.StartsWith("classifier.", StringComparison.Ordinal) && !name.Contains(".dense.", StringComparison.Ordinal);

        /// <summary>The key of config.json that says how many layers with weights of their own there are, and what it is by default.</summary>
        public (string Key, int Default) Layers { get; init; } = ("num_hidden_layers", 12);

        /// <summary>The weights by depth.</summary>
        public LayerGroups Groups(ModelConfig config) => new(Prefix, config.Int(Layers.Key, Layers.Default));

        /// <summary>The keys of config.json that hold the encoder's dropout.</summary>
        public IReadOnlyList<string> DropoutKeys { get; init; } = ["hidden_dropout_prob", "attention_probs_dropout_prob"];
    }

    static readonly Dictionary<string, Entry> entries = new()
    {
        ["bert"] = new("bert", "Bert", (p, config) => new Bert(p, config)),
        ["roberta"] = new("roberta", "Roberta", (p, config) => new Roberta(p, config)),
        ["xlm-roberta"] = new("roberta", "XLMRoberta", (p, config) => new Roberta(p, config)),
        ["camembert"] = new("roberta", "Camembert", (p, config) => new Roberta(p, config)),
        ["electra"] = new("electra", "Electra", (p, config) => new Electra(p, config)),
        ["distilbert"] = new("distilbert", "DistilBert", (p, config) => new DistilBert(p, config)) { DropoutKeys = ["dropout", "attention_dropout"], Layers = ("n_layers", 6) },
        ["deberta-v2"] = new("deberta", "DebertaV2", (p, config) => new DebertaV2(p, config)) { Layers = ("num_hidden_layers", 24) },
        ["albert"] = new("albert", "Albert", (p, config) => new Albert(p, config)) { Layers = ("num_hidden_groups", 1) },
        ["mpnet"] = new("mpnet", "MPNet", (p, config) => new Mpnet(p, config)),
        ["modernbert"] = new("model", "ModernBert", (p, config) => new ModernBert(p, config)) { DropoutKeys = ["embedding_dropout", "attention_dropout", "mlp_dropout"], Layers = ("num_hidden_layers", 22) },
        ["awd-lstm"] = new("0", "AwdLstm", (p, config) => new AwdLstm(p, config))
        {
            DropoutKeys = ["input_p", "hidden_p", "weight_p", "embed_p", "output_p"],
            Layers = ("n_layers", 3),
            Causal = true,
            Renamed = AwdLstmConfig.Renamed,
            HasWordRows = name => name.EndsWith("encoder.weight", StringComparison.Ordinal) || name.StartsWith("1.decoder.", StringComparison.Ordinal),
            IsProjection = (config, name) => name.StartsWith("classifier.", StringComparison.Ordinal) || name == FormattableString.Invariant($"1.layers.{new AwdLstmConfig(config).Inside.Length}.2.weight"),
        },
    };

    public static IReadOnlyCollection<string> Names => entries.Keys;

    /// <exception cref="DataException">The architecture is not in the catalog.</exception>
    public static Entry Find(ModelConfig config) => entries.TryGetValue(config.ModelType, out var entry) ? entry
        : throw new DataException(config.Where, $"model_type '{config.ModelType}' is not supported; expected one of {string.Join(", ", Names)}");
}
