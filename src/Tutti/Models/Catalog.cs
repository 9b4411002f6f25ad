using Tutti.Models.Text;
using Tutti.Nn;

namespace Tutti.Models;

/// <summary>Which architectures exist, by the model_type of their config.json.</summary>
public static class Catalog
{
    /// <param name="Prefix">The name under which the encoder's weights stand in a checkpoint of a whole model.</param>
    /// <param name="Architecture">What transformers calls the class, written into config.json.</param>
    /// <param name="Build">Builds the network, taking its weights from a <see cref="Params"/>.</param>
    public sealed record Entry(string Prefix, string Architecture, Func<Params, ModelConfig, TextModel> Build);

    static readonly Dictionary<string, Entry> entries = new()
    {
        ["bert"] = new("bert", "BertForSequenceClassification", (p, config) => new Bert(p, config)),
        ["roberta"] = new("roberta", "RobertaForSequenceClassification", (p, config) => new Roberta(p, config)),
        ["xlm-roberta"] = new("roberta", "XLMRobertaForSequenceClassification", (p, config) => new Roberta(p, config)),
        ["camembert"] = new("roberta", "CamembertForSequenceClassification", (p, config) => new Roberta(p, config)),
    };

    public static IReadOnlyCollection<string> Names => entries.Keys;

    /// <exception cref="DataException">The architecture is not in the catalog.</exception>
    public static Entry Find(ModelConfig config) => entries.TryGetValue(config.ModelType, out var entry) ? entry
        : throw new DataException(config.Where, $"model_type '{config.ModelType}' is not supported; expected one of {string.Join(", ", Names)}");
}
