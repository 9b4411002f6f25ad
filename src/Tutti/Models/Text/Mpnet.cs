using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Models.Text;

// MPNet (Song et al. 2020) for sequence classification; weight names and arithmetic of transformers' modeling_mpnet.py.
// T tokens, L longest, C channels, H heads.

sealed class MpnetEmbeddings(Params p, BertConfig config, int padding)
{
    readonly Embedding positions = new(p / "position_embeddings", config.Positions, config.Hidden, padding, config.Deviation);
    readonly LayerNorm norm = new(p / "LayerNorm", config.Hidden, config.Eps);
    readonly Dropout dropout = new(p, config.Dropout);

    public Embedding Words { get; } = new(p / "word_embeddings", config.Vocabulary, config.Hidden, padding, config.Deviation, config.Source.IsLanguageModel);

    public Tensor Forward(TokenBatch batch, Ragged ragged)
    {
        var x = Words.Forward(ragged.Longs(Array.ConvertAll(batch.Ids, id => (long)id)));                      // (T,C)
        x = x + positions.Forward(ragged.Longs(Places.BehindPadding(batch, padding)));
        return dropout.Forward(norm.Forward(x), ragged.TokenRows);
    }
}

sealed class MpnetLayer(Params p, BertConfig config)
{
    readonly Linear query = new(p / "attention" / "attn" / "q", config.Hidden, config.Hidden, config.Deviation);
    readonly Linear key = new(p / "attention" / "attn" / "k", config.Hidden, config.Hidden, config.Deviation);
    readonly Linear value = new(p / "attention" / "attn" / "v", config.Hidden, config.Hidden, config.Deviation);
    readonly Linear output = new(p / "attention" / "attn" / "o", config.Hidden, config.Hidden, config.Deviation);
    readonly BiasedAttention attention = new(config.Heads, new(p, config.AttentionDropout));
    readonly LayerNorm attentionNorm = new(p / "attention" / "LayerNorm", config.Hidden, config.Eps);
    readonly Dropout attentionDropout = new(p, config.Dropout);
    readonly Linear up = new(p / "intermediate" / "dense", config.Hidden, config.Intermediate, config.Deviation);
    readonly Linear down = new(p / "output" / "dense", config.Intermediate, config.Hidden, config.Deviation);
    readonly LayerNorm norm = new(p / "output" / "LayerNorm", config.Hidden, config.Eps);
    readonly Dropout dropout = new(p, config.Dropout);
    readonly Func<Tensor, Tensor> activation = Activations.Of(config.Activation, config.Source.Where);

    /// <param name="x">(T,C)</param>
    /// <param name="ragged">Where the sequences begin and end.</param>
    /// <param name="bias">(H,1,L,L) added to the scores.</param>
    /// <param name="firstOnly">Gives (n,C), the first token of each sequence.</param>
    public Tensor Forward(Tensor x, Ragged ragged, Tensor bias, bool firstOnly)
    {
        var asked = firstOnly ? ragged.FirstRows(x) : x;
        Tensor[] inputs = firstOnly ? [query.Forward(asked), .. Linear.Together(x, key, value)] : Linear.Together(x, query, key, value);
        Func<Tensor> rows = firstOnly ? ragged.SequenceRows : ragged.TokenRows;
        var context = attention.Forward(inputs[0], inputs[1], inputs[2], ragged, 1 / Math.Sqrt((double)config.Hidden / config.Heads), (q, _) => bias.Narrow(2, 0, q.Size(2)));
        x = attentionNorm.Forward(asked, output.Forward(context), attentionDropout, rows);
        return norm.Forward(x, down.Forward(activation(up.Forward(x))), dropout, rows);
    }
}

/// <summary>
/// MPNet: as BERT without token types, with positions that count as RoBERTa's, and with a learnt term for the distance of two tokens in the scores, which
/// all layers share. The head is dense, tanh, projection.
/// </summary>
public sealed class Mpnet : TextEncoder
{
    // The reference has these numbers in its code, not in its config.
    internal const int Padding = 1, Farthest = 128;
    const int Buckets = 32;

    readonly BertConfig config;
    readonly MpnetEmbeddings embeddings;
    readonly (MpnetLayer Layer, Block Block)[] layers;
    readonly Embedding distances;

    /// <exception cref="DataException">The config asks for something this implementation does not compute.</exception>
    public Mpnet(Params p, ModelConfig source) : base(p, source)
    {
        config = new BertConfig(WithDefaults(source)).Checked();
        var rows = source.Int("relative_attention_num_buckets", Buckets);
        if (rows < Buckets) throw new DataException(source.Where, $"relative_attention_num_buckets is {rows}; expected {Buckets}");
        if (MaxLength < 1) throw new DataException(source.Where, $"max_position_embeddings is {config.Positions}; expected more than {Padding + 1}, behind which positions begin");
        embeddings = new(p / "mpnet" / "embeddings", config, Padding);
        layers = Block.Stack(p / "mpnet" / "encoder" / "layer", config.Layers, place => new MpnetLayer(place, config));
        distances = new(p / "mpnet" / "encoder" / "relative_attention_bias", rows, config.Heads, -1, config.Deviation);
        EndWith(config.Hidden, config.Dropout, config.Deviation,
            () => new FirstTokenHead(new(p, config.Dropout), new(p / "classifier" / "dense", config.Hidden, config.Hidden, config.Deviation), x => x.Tanh(),
                new(p / "classifier" / "out_proj", config.Hidden, source, config.Dropout, config.Deviation)),
            () => new LanguageHead(new(p / "lm_head" / "dense", config.Hidden, config.Hidden, config.Deviation), x => x.Gelu(),
                new(p / "lm_head" / "layer_norm", config.Hidden, config.Eps), embeddings.Words, (p / "lm_head").Get("bias", Init.Zeros, decay: false, config.Vocabulary)));
    }

    public override int VocabularySize => config.Vocabulary;
    public override int MaxLength => config.Positions - Padding - 1;

    // Scores, their sum with the bias, softmax and dropout.
    protected internal override EncoderSizes Sizes => config.Sizes with { Scores = 5 };

    protected override Tensor Encode(TokenBatch batch, Ragged ragged, Action<Tensor>? observe)
    {
        var bias = Bias(ragged);
        var x = Scope.Run(() => embeddings.Forward(batch, ragged));
        observe?.Invoke(x);
        for (var i = 0; i < layers.Length; i++)
        {
            var (layer, firstOnly) = (layers[i].Layer, ragged.FirstOnly && i == layers.Length - 1);
            x = layers[i].Block.Run(x, input => layer.Forward(input, ragged, bias, firstOnly), bias);
            observe?.Invoke(x);
        }
        return x;
    }

    // transformers' MPNetConfig: where it differs from BertConfig.
    internal static ModelConfig WithDefaults(ModelConfig source) => source.WithDefault("vocab_size", 30527).WithDefault("pad_token_id", Padding);

    /// <summary>(H,1,L,L): query, key.</summary>
    Tensor Bias(Ragged ragged) => Scope.Run(() =>
    {
        var length = ragged.MaxLength;
        var rows = distances.Forward(ragged.Longs([.. Enumerable.Range(1 - length, (2 * length) - 1).Select(distance => (long)Bucket(distance))]));    // (2L-1,H)
        var pairs = new long[length * length];
        for (var q = 0; q < length; q++)
            for (var k = 0; k < length; k++) pairs[(q * length) + k] = k - q + length - 1;
        return rows.Transpose(0, 1).IndexSelect(1, ragged.Longs(pairs)).View(config.Heads, 1, length, length);
    });

    /// <summary>The row for a key so many tokens behind the query: half of them for each direction, exact near by, logarithmic far away (Raffel et al. 2020).</summary>
    internal static int Bucket(int distance)
    {
        const int Half = Buckets / 2, Exact = Half / 2;
        var (side, far) = (distance > 0 ? Half : 0, Math.Abs(distance));
        if (far < Exact) return side + far;
        var step = (int)(MathF.Log((float)far / Exact) / MathF.Log((float)Farthest / Exact) * (Half - Exact));
        return side + Math.Min(Half - 1, Exact + step);
    }
}
