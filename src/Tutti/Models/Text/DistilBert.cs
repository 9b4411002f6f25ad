using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Models.Text;

// DistilBERT (Sanh et al. 2019) for sequence classification; weight names and arithmetic of transformers' modeling_distilbert.py.
// T tokens, C channels.

/// <summary>The sizes of DistilBERT by its own names; every norm's eps is 1e-12, whatever the config says.</summary>
sealed record DistilBertConfig(ModelConfig Source)
{
    public const double Eps = 1e-12;

    public int Vocabulary { get; } = Source.Size("vocab_size", 30522);
    public int Positions { get; } = Source.Size("max_position_embeddings", 512);
    public bool Sinusoidal { get; } = Source.Flag("sinusoidal_pos_embds", false);
    public int Layers { get; } = Source.Size("n_layers", 6);
    public int Heads { get; } = Source.Size("n_heads", 12);
    public int Dim { get; } = Source.Size("dim", 768);
    public int Inside { get; } = Source.Size("hidden_dim", 3072);
    public double Dropout { get; } = Source.Share("dropout", 0.1);
    public double AttentionDropout { get; } = Source.Share("attention_dropout", 0.1);
    public double HeadDropout { get; } = Source.Share("seq_classif_dropout", 0.2);
    public string Activation { get; } = Source.Text("activation", "gelu");
    public double Deviation { get; } = Source.Number("initializer_range", 0.02);
    public int Pad { get; } = Source.Int("pad_token_id", 0);

    public DistilBertConfig Checked()
    {
        if (Dim % Heads != 0) throw new DataException(Source.Where, $"dim {Dim} is not a multiple of n_heads {Heads}");
        if (Pad < 0 || Pad >= Vocabulary) throw new DataException(Source.Where, $"pad_token_id is {Pad}; expected an id from 0 to {Vocabulary - 1}");
        return this;
    }
}

sealed class DistilBertEmbeddings
{
    readonly Embedding? positions;
    readonly Tensor? frozen;
    readonly LayerNorm norm;
    readonly Dropout dropout;

    public DistilBertEmbeddings(Params p, DistilBertConfig config)
    {
        Words = new(p / "word_embeddings", config.Vocabulary, config.Dim, config.Pad, config.Deviation, config.Source.IsLanguageModel);
        if (config.Sinusoidal) frozen = (p / "position_embeddings").Fixed("weight", Sinusoids(config.Positions, config.Dim), config.Positions, config.Dim);
        else positions = new(p / "position_embeddings", config.Positions, config.Dim, -1, config.Deviation);
        norm = new(p / "LayerNorm", config.Dim, DistilBertConfig.Eps);
        dropout = new(p, config.Dropout);
    }

    public Embedding Words { get; }

    public Tensor Forward(TokenBatch batch, Ragged ragged)
    {
        var places = ragged.Longs(Places.Counted(batch));
        var x = Words.Forward(ragged.Longs(Array.ConvertAll(batch.Ids, id => (long)id)));                      // (T,C)
        x = x + (positions?.Forward(places) ?? frozen!.Embedding(places));
        return dropout.Forward(norm.Forward(x), ragged.TokenRows);
    }

    // Sines in even channels, cosines in odd ones (Vaswani et al. 2017, 3.5).
    static float[] Sinusoids(int rows, int size)
    {
        var table = new float[rows * size];
        for (var row = 0; row < rows; row++)
            for (var j = 0; j < size; j++)
            {
                var angle = row / Math.Pow(10000, 2.0 * (j / 2) / size);
                table[(row * size) + j] = (float)(j % 2 == 0 ? Math.Sin(angle) : Math.Cos(angle));
            }
        return table;
    }
}

sealed class DistilBertLayer(Params p, DistilBertConfig config)
{
    readonly Linear query = new(p / "attention" / "q_lin", config.Dim, config.Dim, config.Deviation);
    readonly Linear key = new(p / "attention" / "k_lin", config.Dim, config.Dim, config.Deviation);
    readonly Linear value = new(p / "attention" / "v_lin", config.Dim, config.Dim, config.Deviation);
    readonly SelfAttention attention = new(p, config.Heads, config.AttentionDropout);
    readonly Linear output = new(p / "attention" / "out_lin", config.Dim, config.Dim, config.Deviation);
    readonly LayerNorm attentionNorm = new(p / "sa_layer_norm", config.Dim, DistilBertConfig.Eps);
    readonly Dropout none = new(p, 0);                        // nothing is dropped behind attention
    readonly Linear up = new(p / "ffn" / "lin1", config.Dim, config.Inside, config.Deviation);
    readonly Linear down = new(p / "ffn" / "lin2", config.Inside, config.Dim, config.Deviation);
    readonly LayerNorm norm = new(p / "output_layer_norm", config.Dim, DistilBertConfig.Eps);
    readonly Dropout dropout = new(p, config.Dropout);
    readonly Func<Tensor, Tensor> activation = Activations.Of(config.Activation, config.Source.Where);

    /// <param name="x">(T,C)</param>
    /// <param name="ragged">Where the sequences begin and end.</param>
    /// <param name="firstOnly">Gives (n,C), the first token of each sequence.</param>
    public Tensor Forward(Tensor x, Ragged ragged, bool firstOnly)
    {
        var asked = firstOnly ? ragged.FirstRows(x) : x;
        Tensor[] inputs = firstOnly ? [query.Forward(asked), .. Linear.Together(x, key, value)] : Linear.Together(x, query, key, value);
        Func<Tensor> rows = firstOnly ? ragged.SequenceRows : ragged.TokenRows;
        x = attentionNorm.Forward(asked, output.Forward(attention.Forward(inputs[0], inputs[1], inputs[2], ragged)), none, rows);
        return norm.Forward(x, down.Forward(activation(up.Forward(x))), dropout, rows);
    }
}

/// <summary>DistilBERT: as BERT, without token types and pooler; the head is dense, ReLU, projection.</summary>
public sealed class DistilBert : TextEncoder
{
    readonly DistilBertConfig config;
    readonly DistilBertEmbeddings embeddings;
    readonly (DistilBertLayer Layer, Block Block)[] layers;

    /// <exception cref="DataException">The config asks for something this implementation does not compute.</exception>
    public DistilBert(Params p, ModelConfig source) : base(p, source)
    {
        config = new DistilBertConfig(source).Checked();
        embeddings = new(p / "distilbert" / "embeddings", config);
        layers = Block.Stack(p / "distilbert" / "transformer" / "layer", config.Layers, place => new DistilBertLayer(place, config));
        EndWith(config.Dim, config.HeadDropout, config.Deviation,
            () => new FirstTokenHead(null, new(p / "pre_classifier", config.Dim, config.Dim, config.Deviation), x => x.Relu(),
                new(p / "classifier", config.Dim, source, config.HeadDropout, config.Deviation)),
            () => new LanguageHead(new(p / "vocab_transform", config.Dim, config.Dim, config.Deviation), Activations.Of(config.Activation, source.Where),
                new(p / "vocab_layer_norm", config.Dim, DistilBertConfig.Eps), embeddings.Words, (p / "vocab_projector").Get("bias", Init.Zeros, decay: false, config.Vocabulary)));
    }

    public override int VocabularySize => config.Vocabulary;
    public override int MaxLength => config.Positions;
    protected internal override EncoderSizes Sizes => new(config.Dim, config.Layers, config.Heads, config.Inside);

    protected override Tensor Encode(TokenBatch batch, Ragged ragged, Action<Tensor>? observe) => Block.Run(layers, Scope.Run(() => embeddings.Forward(batch, ragged)),
        (layer, x, last) => layer.Forward(x, ragged, ragged.FirstOnly && last), observe);
}
