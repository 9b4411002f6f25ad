using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Models.Text;

// BERT (Devlin et al. 2018) for sequence classification; weight names and arithmetic of transformers' modeling_bert.py.
// n sequences, T tokens, C channels, K classes.

/// <param name="p">embeddings.*</param>
/// <param name="config">Sizes.</param>
/// <param name="positionPadding">The row of the position table that gets no gradient, -1 for none.</param>
sealed class BertEmbeddings(Params p, BertConfig config, int positionPadding)
{
    /// <summary>The tokens' table.</summary>
    public Embedding Words { get; } = new(p / "word_embeddings", config.Vocabulary, config.Hidden, config.Pad, config.Deviation, config.Source.IsLanguageModel);

    readonly Embedding positions = new(p / "position_embeddings", config.Positions, config.Hidden, positionPadding, config.Deviation);
    readonly Embedding types = new(p / "token_type_embeddings", config.Types, config.Hidden, -1, config.Deviation);
    readonly LayerNorm norm = new(p / "LayerNorm", config.Hidden, config.Eps);
    readonly Dropout dropout = new(p, config.Dropout);

    /// <param name="batch">Ids and types.</param>
    /// <param name="places">(T) rows of the position table.</param>
    /// <param name="ragged">Where the sequences begin and end.</param>
    public Tensor Forward(TokenBatch batch, long[] places, Ragged ragged)
    {
        var x = Words.Forward(ragged.Longs(Array.ConvertAll(batch.Ids, id => (long)id)));                      // (T,C)
        x = x + types.Forward(ragged.Longs(batch.Types is { } t ? Array.ConvertAll(t, type => (long)type) : new long[batch.Tokens]));
        x = x + positions.Forward(ragged.Longs(places));
        return dropout.Forward(norm.Forward(x), ragged.TokenRows);
    }
}

sealed class BertLayer(Params p, BertConfig config)
{
    readonly Linear query = new(p / "attention" / "self" / "query", config.Hidden, config.Hidden, config.Deviation);
    readonly Linear key = new(p / "attention" / "self" / "key", config.Hidden, config.Hidden, config.Deviation);
    readonly Linear value = new(p / "attention" / "self" / "value", config.Hidden, config.Hidden, config.Deviation);
    readonly SelfAttention attention = new(p, config.Heads, config.AttentionDropout);
    readonly Linear output = new(p / "attention" / "output" / "dense", config.Hidden, config.Hidden, config.Deviation);
    readonly LayerNorm attentionNorm = new(p / "attention" / "output" / "LayerNorm", config.Hidden, config.Eps);
    readonly Dropout attentionDropout = new(p, config.Dropout);
    readonly Linear up = new(p / "intermediate" / "dense", config.Hidden, config.Intermediate, config.Deviation);
    readonly Linear down = new(p / "output" / "dense", config.Intermediate, config.Hidden, config.Deviation);
    readonly LayerNorm norm = new(p / "output" / "LayerNorm", config.Hidden, config.Eps);
    readonly Dropout dropout = new(p, config.Dropout);
    readonly Func<Tensor, Tensor> activation = Activations.Of(config.Activation, config.Source.Where);

    /// <param name="x">(T,C)</param>
    /// <param name="ragged">Where the sequences begin and end.</param>
    /// <param name="firstOnly">Gives (n,C), the first token of each sequence.</param>
    public Tensor Forward(Tensor x, Ragged ragged, bool firstOnly)
    {
        var asked = firstOnly ? ragged.FirstRows(x) : x;
        Tensor[] inputs = firstOnly ? [query.Forward(asked), .. Linear.Together(x, key, value)] : Linear.Together(x, query, key, value);
        var context = attention.Forward(inputs[0], inputs[1], inputs[2], ragged);
        Func<Tensor> rows = firstOnly ? ragged.SequenceRows : ragged.TokenRows;                                  // the keys of a first token are its sequence's
        x = attentionNorm.Forward(asked, output.Forward(context), attentionDropout, rows);
        return norm.Forward(x, down.Forward(activation(up.Forward(x))), dropout, rows);
    }
}

/// <summary>The stack of layers, each a block of its own.</summary>
sealed class BertEncoder(Params p, BertConfig config)
{
    readonly (BertLayer Layer, Block Block)[] layers = Block.Stack(p / "layer", config.Layers, place => new BertLayer(place, config));

    public Tensor Forward(Tensor x, Ragged ragged, Action<Tensor>? observe) => Block.Run(layers, x, (layer, input, last) => layer.Forward(input, ragged, ragged.FirstOnly && last), observe);
}

/// <summary>BERT with its pooler and a linear classifier.</summary>
public sealed class Bert : TextEncoder
{
    readonly BertConfig config;
    readonly BertEmbeddings embeddings;
    readonly BertEncoder encoder;

    /// <exception cref="DataException">The config asks for something this implementation does not compute.</exception>
    public Bert(Params p, ModelConfig source) : base(p, source)
    {
        config = new BertConfig(source).Checked();
        embeddings = new(p / "bert" / "embeddings", config, positionPadding: -1);
        encoder = new(p / "bert" / "encoder", config);
        var predictions = p / "cls" / "predictions";
        EndWith(config.Hidden, config.HeadDropout, config.Deviation,
            () => new FirstTokenHead(null, new(p / "bert" / "pooler" / "dense", config.Hidden, config.Hidden, config.Deviation), x => x.Tanh(),
                new(p / "classifier", config.Hidden, source, config.HeadDropout, config.Deviation)),
            () => new LanguageHead(new(predictions / "transform" / "dense", config.Hidden, config.Hidden, config.Deviation), Activations.Of(config.Activation, source.Where),
                new(predictions / "transform" / "LayerNorm", config.Hidden, config.Eps), embeddings.Words, predictions.Get("bias", Init.Zeros, decay: false, config.Vocabulary)));
    }

    public override int VocabularySize => config.Vocabulary;
    public override int MaxLength => config.Positions;
    protected internal override EncoderSizes Sizes => config.Sizes;

    protected override Tensor Encode(TokenBatch batch, Ragged ragged, Action<Tensor>? observe) =>
        encoder.Forward(Scope.Run(() => embeddings.Forward(batch, Places.Counted(batch), ragged)), ragged, observe);
}
