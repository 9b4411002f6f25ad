using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Models.Text;

// ALBERT (Lan et al. 2020) for sequence classification; weight names and arithmetic of transformers' modeling_albert.py.
// T tokens, C channels.

/// <summary>The weights of one layer, which several depths share.</summary>
sealed class AlbertLayer(Params p, BertConfig config)
{
    readonly LayerNorm norm = new(p / "full_layer_layer_norm", config.Hidden, config.Eps);
    readonly Linear query = new(p / "attention" / "query", config.Hidden, config.Hidden, config.Deviation);
    readonly Linear key = new(p / "attention" / "key", config.Hidden, config.Hidden, config.Deviation);
    readonly Linear value = new(p / "attention" / "value", config.Hidden, config.Hidden, config.Deviation);
    readonly Linear output = new(p / "attention" / "dense", config.Hidden, config.Hidden, config.Deviation);
    readonly LayerNorm attentionNorm = new(p / "attention" / "LayerNorm", config.Hidden, config.Eps);
    readonly Linear up = new(p / "ffn", config.Hidden, config.Intermediate, config.Deviation);
    readonly Linear down = new(p / "ffn_output", config.Intermediate, config.Hidden, config.Deviation);
    readonly Dropout none = new(p, 0);                        // nothing is dropped behind the feed-forward part
    readonly Func<Tensor, Tensor> activation = Activations.Of(config.Activation, config.Source.Where);

    /// <param name="x">(T,C)</param>
    /// <param name="ragged">Where the sequences begin and end.</param>
    /// <param name="attention">Of this depth, whose dropout is its own.</param>
    /// <param name="dropout">Of this depth.</param>
    /// <param name="firstOnly">Gives (n,C), the first token of each sequence.</param>
    public Tensor Forward(Tensor x, Ragged ragged, SelfAttention attention, Dropout dropout, bool firstOnly)
    {
        var asked = firstOnly ? ragged.FirstRows(x) : x;
        Tensor[] inputs = firstOnly ? [query.Forward(asked), .. Linear.Together(x, key, value)] : Linear.Together(x, query, key, value);
        Func<Tensor> rows = firstOnly ? ragged.SequenceRows : ragged.TokenRows;
        x = attentionNorm.Forward(asked, output.Forward(attention.Forward(inputs[0], inputs[1], inputs[2], ragged)), dropout, rows);
        return norm.Forward(x, down.Forward(activation(up.Forward(x))), none, rows);
    }
}

/// <summary>One depth of the stack: whose weights it uses, and the dropout that is its own.</summary>
sealed record AlbertDepth(AlbertLayer Layer, Block Block, SelfAttention Attention, Dropout Dropout);

/// <summary>ALBERT: as BERT, except that embeddings have a width of their own, and that depths share the weights of few layers.</summary>
public sealed class Albert : TextEncoder
{
    readonly BertConfig config;
    readonly BertEmbeddings embeddings;
    readonly Linear project;
    readonly AlbertDepth[] depths;

    /// <exception cref="DataException">The config asks for something this implementation does not compute.</exception>
    public Albert(Params p, ModelConfig source) : base(p, source)
    {
        var given = WithDefaults(source);
        config = new BertConfig(given).Checked();
        var (width, groups, inner) = (source.Size("embedding_size", 128), source.Size("num_hidden_groups", 1), source.Size("inner_group_num", 1));
        if (groups > config.Layers) throw new DataException(source.Where, $"num_hidden_groups is {groups}; expected at most num_hidden_layers, {config.Layers}");
        embeddings = new(p / "albert" / "embeddings", new BertConfig(given.With("hidden_size", width)), positionPadding: -1);
        var encoder = p / "albert" / "encoder";
        project = new(encoder / "embedding_hidden_mapping_in", width, config.Hidden, config.Deviation);
        var layers = Enumerable.Range(0, groups).Select(group => Block.Stack(encoder / "albert_layer_groups" / group / "albert_layers", inner, place => new AlbertLayer(place, config))).ToArray();
        depths = [.. from depth in Enumerable.Range(0, config.Layers)
                     from layer in layers[GroupOf(depth, config.Layers, groups)]
                     select new AlbertDepth(layer.Layer, layer.Block, new(p, config.Heads, config.AttentionDropout), new(p, config.Dropout))];
        var share = source.Share("classifier_dropout_prob", 0.1);
        EndWith(config.Hidden, share, config.Deviation,
            () => new FirstTokenHead(null, new(p / "albert" / "pooler", config.Hidden, config.Hidden, config.Deviation), x => x.Tanh(),
                new(p / "classifier", config.Hidden, source, share, config.Deviation)),
            () => new LanguageHead(new(p / "predictions" / "dense", config.Hidden, width, config.Deviation), Activations.Of(config.Activation, source.Where),
                new(p / "predictions" / "LayerNorm", width, config.Eps), embeddings.Words, (p / "predictions").Get("bias", Init.Zeros, decay: false, config.Vocabulary)));
    }

    public override int VocabularySize => config.Vocabulary;
    public override int MaxLength => config.Positions;
    protected internal override EncoderSizes Sizes => config.Sizes;

    protected override Tensor Encode(TokenBatch batch, Ragged ragged, Action<Tensor>? observe)
    {
        var x = Scope.Run(() => project.Forward(embeddings.Forward(batch, Places.Counted(batch), ragged)));
        observe?.Invoke(x);
        for (var i = 0; i < depths.Length; i++)
        {
            var (depth, firstOnly) = (depths[i], ragged.FirstOnly && i == depths.Length - 1);
            x = depth.Block.Run(x, input => depth.Layer.Forward(input, ragged, depth.Attention, depth.Dropout, firstOnly));
            observe?.Invoke(x);
        }
        return x;
    }

    /// <summary>Whose weights a depth of the stack uses.</summary>
    internal static int GroupOf(int depth, int layers, int groups) => (int)(depth / ((double)layers / groups));

    // transformers' AlbertConfig: where it differs from BertConfig.
    internal static ModelConfig WithDefaults(ModelConfig source) => source.WithDefault("vocab_size", 30000).WithDefault("hidden_size", 4096).WithDefault("num_attention_heads", 64)
        .WithDefault("intermediate_size", 16384).WithDefault("hidden_act", "gelu_new").WithDefault("hidden_dropout_prob", 0.0).WithDefault("attention_probs_dropout_prob", 0.0);
}
