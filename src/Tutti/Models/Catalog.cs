using Tutti.Models.Text;
using Tutti.Models.Vision;
using Tutti.Nn;
using Tutti.Torch;

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
    public sealed record Entry(string Prefix, string Name, Func<Params, ModelConfig, Network> Build)
    {
        /// <summary>transformers' class of a classifier.</summary>
        public string Architecture => Name + (Pictures ? "ForImageClassification" : "ForSequenceClassification");

        /// <summary>It reads pictures and not texts.</summary>
        public bool Pictures => StageGroups is not null;

        /// <summary>The weights of a network of pictures by depth.</summary>
        public Func<ModelConfig, LayerGroups>? StageGroups { get; init; }

        /// <summary>A stored weight as a model of some config needs it, such as positions of another number of patches; null where none can differ.</summary>
        public Func<ModelConfig, string, Tensor, Tensor>? Fitted { get; init; }

        /// <summary>The prefix as a config's weights have it: timm has none.</summary>
        public string PrefixOf(ModelConfig config) => config.IsTimm() ? "" : Prefix;

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
        public LayerGroups Groups(ModelConfig config) => StageGroups is not null ? StageGroups(config) : new(Prefix, config.Int(Layers.Key, Layers.Default));

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
        ["resnet"] = new("resnet", "ResNet", (p, config) => new ResNet(p, config)) { StageGroups = ResNet.GroupsOf, IsProjection = (_, name) => ResNet.IsProjection(name) },
        ["convnext"] = new("convnext", "ConvNext", (p, config) => new ConvNext(p, config)) { StageGroups = ConvNext.GroupsOf, IsProjection = (_, name) => ConvNext.IsProjection(name) },
        ["convnextv2"] = new("convnextv2", "ConvNextV2", (p, config) => new ConvNext(p, config)) { StageGroups = ConvNext.GroupsOf, IsProjection = (_, name) => ConvNext.IsProjection(name) },
        ["vit"] = new("vit", "ViT", (p, config) => new Vit(p, config)) { StageGroups = Vit.GroupsOf, Fitted = Vit.Fitted, IsProjection = (_, name) => Vit.IsProjection(name), DropoutKeys = ["hidden_dropout_prob", "attention_probs_dropout_prob"] },
        ["swin"] = new("swin", "Swin", (p, config) => new Swin(p, config)) { StageGroups = Swin.GroupsOf, Fitted = Swin.Fitted, Renamed = Swin.Renamed, IsProjection = (_, name) => Swin.IsProjection(name) },
        ["swinv2"] = new("swinv2", "Swinv2", (p, config) => new Swin(p, config)) { StageGroups = Swin.GroupsOf, Fitted = Swin.Fitted, Renamed = Swin.Renamed, IsProjection = (_, name) => Swin.IsProjection(name) },
        ["efficientnet"] = new("efficientnet", "EfficientNet", (p, config) => new EfficientNet(p, config)) { StageGroups = EfficientNet.GroupsOf, IsProjection = (_, name) => EfficientNet.IsProjection(name) },
        ["small-cnn"] = new("", "SmallCnn", (p, config) => new SmallCnn(p, config)) { StageGroups = SmallCnn.GroupsOf },
        ["small-mlp"] = new("", "SmallMlp", (p, config) => new SmallMlp(p, config)) { StageGroups = SmallMlp.GroupsOf },
    };

    /// <summary>The architectures that read texts.</summary>
    public static IReadOnlyCollection<string> Names { get; } = [.. entries.Where(item => !item.Value.Pictures).Select(item => item.Key)];

    /// <summary>The architectures that read pictures.</summary>
    public static IReadOnlyCollection<string> PictureTypes { get; } = [.. entries.Where(item => item.Value.Pictures).Select(item => item.Key)];

    /// <summary>timm's names of networks of pictures that can be made without a folder, such as resnet50.</summary>
    public static IReadOnlyCollection<string> PictureNames => TimmNames.All;

    /// <summary>The config of a network of pictures by timm's name of it.</summary>
    /// <param name="name">Such as convnext_tiny; what stands behind a dot says what weights were trained on, and is passed over.</param>
    /// <param name="labels">Class names.</param>
    /// <param name="size">Of the pictures; null for the usual one.</param>
    /// <exception cref="DataException">No network has this name.</exception>
    public static ModelConfig Named(string name, IReadOnlyList<string> labels, (int Height, int Width)? size = null)
    {
        var config = new ModelConfig(new() { ["architecture"] = name }, name).WithLabels(labels);
        _ = config.Arguments();
        return size is var (height, width) ? config.WithPictureSize(height, width) : config;
    }

    /// <exception cref="DataException">The architecture is not in the catalog.</exception>
    public static Entry Find(ModelConfig config) => entries.TryGetValue(config.ModelType, out var entry) ? entry
        : throw new DataException(config.Where, $"model_type '{config.ModelType}' is not supported; expected one of {string.Join(", ", entries.Keys)}");
}
