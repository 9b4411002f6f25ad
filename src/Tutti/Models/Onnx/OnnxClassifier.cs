using Tutti.Models.Text;

namespace Tutti.Models.Onnx;

/// <summary>
/// A text classifier as an ONNX graph with the names of Hugging Face's exports: <c>input_ids</c>, <c>attention_mask</c> and, where the model reads it, <c>token_type_ids</c>,
/// int64 (batch, sequence), to <c>logits</c> (batch, classes). The padded rectangle of what the model computes on ragged batches; padding stands behind the tokens.
/// </summary>
static class OnnxClassifier
{
    /// <param name="model">Its weights are read when the graph is written.</param>
    /// <exception cref="DataException">A model that cannot be written so; says which and why.</exception>
    public static OnnxModel Of(TextModel model) => Graph(model).Build();

    internal static OnnxGraph Graph(TextModel model)
    {
        var config = new ModelConfig(model.Config, "config.json");
        if (config.IsLanguageModel) throw new DataException(config.Where, "the model predicts tokens; as ONNX a classifier is written: fine-tune it first");
        var graph = new OnnxGraph(model.Params);
        var text = new OnnxText(graph);
        var states = States(graph, text, config);
        graph.Place = "head";
        graph.Output(config.Pooling == Pooling.Own ? Own(graph, text, config, states[^1]) : Pooled(graph, text, config.Pooling, states), "logits", config.LabelCount);
        return graph;
    }

    /// <summary>The output of the embeddings and of every layer; the last is what the head gets.</summary>
    static List<string> States(OnnxGraph graph, OnnxText text, ModelConfig config) => config.ModelType switch
    {
        "bert" => OnnxBert.OfBert(graph, text, config),
        "roberta" or "xlm-roberta" or "camembert" => OnnxBert.OfRoberta(graph, text, config),
        "electra" => OnnxBert.OfElectra(graph, text, config),
        "distilbert" => OnnxBert.OfDistilBert(graph, text, config),
        "albert" => OnnxBert.OfAlbert(graph, text, config),
        "mpnet" => OnnxBert.OfMpnet(graph, text, config),
        "deberta-v2" => new OnnxDebertaV2(graph, text, config).States(),
        "modernbert" => new OnnxModernBert(graph, text, config).States(),
        var other => throw new DataException(config.Where, $"model_type '{other}' cannot be written as ONNX yet; --to hf writes every model"),
    };

    static string Own(OnnxGraph graph, OnnxText text, ModelConfig config, string x)
    {
        string Head(string dense, string activation, string projection) => graph.Linear(graph.Activation(graph.Linear(graph.First(x), dense), activation), projection);
        return config.ModelType switch
        {
            "bert" => Head("bert.pooler.dense", "tanh", "classifier"),
            "electra" => Head("classifier.dense", "gelu", "classifier.out_proj"),
            "distilbert" => Head("pre_classifier", "relu", "classifier"),
            "albert" => Head("albert.pooler", "tanh", "classifier"),
            "deberta-v2" => Head("pooler.dense", new DebertaV2Config(config).PoolerActivation, "classifier"),
            "modernbert" => ModernBert(graph, text, new(config), x),
            _ => Head("classifier.dense", "tanh", "classifier.out_proj"),                      // RoBERTa's and MPNet's
        };
    }

    static string ModernBert(OnnxGraph graph, OnnxText text, ModernBertConfig config, string x)
    {
        var pooled = config.Pooling == "cls" ? graph.First(x) : Mean(graph, text, x);
        return graph.Linear(graph.LayerNorm(graph.Activation(graph.Linear(pooled, "head.dense"), config.HeadActivation), "head.norm", config.Eps), "classifier");
    }

    /// <summary>The head that a recipe put in place of the architecture's own (<see cref="PooledHead"/>).</summary>
    static string Pooled(OnnxGraph graph, OnnxText text, Pooling pooling, List<string> states) => graph.Linear(pooling switch
    {
        Pooling.First => graph.First(states[^1]),
        Pooling.Mean => Mean(graph, text, states[^1]),
        Pooling.Attention => Weighted(graph, text, states[^1]),
        _ => graph.Concat(-1, [.. states.TakeLast(PooledHead.LastLayers).Select(graph.First)]),
    }, "classifier");

    // (b,L,C) -> (b,C)
    static string Mean(OnnxGraph graph, OnnxText text, string x) =>
        graph.Over(graph.Sum(graph.Times(x, graph.Unsqueeze(text.Kept, -1)), 1), graph.Unsqueeze(graph.Sum(text.Kept, 1), -1));

    static string Weighted(OnnxGraph graph, OnnxText text, string x)
    {
        var scores = graph.Linear(graph.Activation(graph.Linear(x, "pooling.dense"), "tanh"), "pooling.score");      // (b,L,1)
        var shares = graph.Softmax(graph.Plus(graph.Transpose(scores, 0, 2, 1), graph.Reshape(text.Padding, 0, 1, -1)));
        return graph.Reshape(graph.Product(shares, x), 0, -1);                                                        // (b,1,C) -> (b,C)
    }
}
