using System.Text.Json.Nodes;
using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Models.Text;

// ModernBERT (Warner et al. 2024) for sequence classification; weight names and arithmetic of transformers' modeling_modernbert.py.
// n sequences, T tokens, L longest, C channels, H heads, D = C / H.

/// <summary>The sizes and choices of ModernBERT; defaults as transformers' ModernBertConfig.</summary>
sealed record ModernBertConfig(ModelConfig Source)
{
    public int Vocabulary { get; } = Source.Size("vocab_size", 50368);
    public int Hidden { get; } = Source.Size("hidden_size", 768);
    public int Layers { get; } = Source.Size("num_hidden_layers", 22);
    public int Heads { get; } = Source.Size("num_attention_heads", 12);
    public int Intermediate { get; } = Source.Size("intermediate_size", 1152);
    public string Activation { get; } = Source.Text("hidden_activation", "gelu");
    public int Positions { get; } = Source.Size("max_position_embeddings", 8192);
    public double Deviation { get; } = Source.Number("initializer_range", 0.02);
    public double Eps { get; } = Source.Number("norm_eps", 1e-5);
    public int Pad { get; } = Source.Int("pad_token_id", 50283);
    public int GlobalEvery { get; } = Source.Size("global_attn_every_n_layers", 3);
    public int Window { get; } = Source.Size("local_attention", 128);
    public double GlobalTheta { get; } = Theta(Source, "full_attention", "global_rope_theta", 160000);
    public double LocalTheta { get; } = Theta(Source, "sliding_attention", "local_rope_theta", 10000);
    public double EmbeddingDropout { get; } = Source.Share("embedding_dropout", 0);
    public double AttentionDropout { get; } = Source.Share("attention_dropout", 0);
    public double MlpDropout { get; } = Source.Share("mlp_dropout", 0);
    public double HeadDropout { get; } = Source.Share("classifier_dropout", 0);
    public bool NormBias { get; } = Source.Flag("norm_bias", false);
    public bool AttentionBias { get; } = Source.Flag("attention_bias", false);
    public bool MlpBias { get; } = Source.Flag("mlp_bias", false);
    public bool HeadBias { get; } = Source.Flag("classifier_bias", false);
    public bool DecoderBias { get; } = Source.Flag("decoder_bias", true);
    public string HeadActivation { get; } = Source.Text("classifier_activation", "gelu");
    public string Pooling { get; } = Source.Text("classifier_pooling", "cls");

    /// <summary>Of weights that lead back to the residual stream.</summary>
    public double OutDeviation => Deviation / Math.Sqrt(2.0 * Layers);

    public bool IsLocal(int layer) => layer % GlobalEvery != 0;

    public ModernBertConfig Checked()
    {
        if (Hidden % Heads != 0 || Hidden / Heads % 2 != 0) throw new DataException(Source.Where, $"hidden_size {Hidden} is not an even multiple of num_attention_heads {Heads}");
        if (Pad < 0 || Pad >= Vocabulary) throw new DataException(Source.Where, $"pad_token_id is {Pad}; expected an id from 0 to {Vocabulary - 1}");
        if (Pooling is not ("cls" or "mean")) throw new DataException(Source.Where, $"classifier_pooling is '{Pooling}'; expected cls or mean");
        if (Source.Json["layer_types"] is JsonArray types && (types.Count != Layers || types.Where((type, i) => type?.ToString() != (IsLocal(i) ? "sliding_attention" : "full_attention")).Any()))
            throw new DataException(Source.Where, $"layer_types does not follow global_attn_every_n_layers {GlobalEvery}; other orders are not supported");
        return this;
    }

    // Newer configs have a mapping by the kind of layer.
    static double Theta(ModelConfig source, string kind, string key, double fallback)
    {
        if (source.Json["rope_parameters"]?[kind] is not JsonObject rope) return source.NumberOrNull(key) ?? (key == "local_rope_theta" && source.Json.ContainsKey(key) ? Theta(source, "full_attention", "global_rope_theta", 160000) : fallback);
        var named = new ModelConfig(rope, $"{source.Where}: rope_parameters.{kind}");
        return named.Text("rope_type", "default") is var type && type == "default" ? named.Number("rope_theta", fallback)
            : throw new DataException(named.Where, $"rope_type '{type}' is not supported; expected default");
    }
}

/// <summary>Rotary positions of a batch's tokens (Su et al. 2021), (T,1,D) each.</summary>
sealed record Rotation(Tensor Cos, Tensor Sin)
{
    public static Rotation Of(Ragged ragged, long[] places, int size, double theta, DType dtype, Device device)
    {
        var (cos, sin) = (new float[places.Length * size], new float[places.Length * size]);
        for (var t = 0; t < places.Length; t++)
            for (var j = 0; j < size; j++)
            {
                var angle = (float)places[t] * (float)Math.Pow(theta, -2.0 * (j % (size / 2)) / size);
                (cos[(t * size) + j], sin[(t * size) + j]) = (MathF.Cos(angle), MathF.Sin(angle));
            }
        Tensor Of(float[] values) => Tensor.From<float>(values, [ragged.Tokens, 1, size], device).To(dtype);
        return new(Of(cos), Of(sin));
    }

    /// <param name="x">(T,C)</param>
    public Tensor Turn(Tensor x)
    {
        var size = Cos.Size(2);
        var heads = x.Reshape(x.Size(0), -1, size);                               // (T,H,D)
        var halves = heads.Chunk(2, -1);
        return ((heads * Cos) + (Tensor.Cat([-halves[1], halves[0]], -1) * Sin)).View(x.Size(0), -1).To(x.DType);
    }
}

sealed class ModernBertLayer
{
    readonly ModernBertConfig config;
    readonly bool local;
    readonly LayerNorm? attentionNorm;
    readonly Linear qkv, output, up, down;
    readonly SelfAttention attention;
    readonly BiasedAttention windowed;
    readonly Dropout outputDropout, dropout;
    readonly LayerNorm norm;
    readonly Func<Tensor, Tensor> activation;

    public ModernBertLayer(Params p, ModernBertConfig config, int number)
    {
        (this.config, local) = (config, config.IsLocal(number));
        if (number > 0) attentionNorm = new(p / "attn_norm", config.Hidden, config.Eps, config.NormBias);     // the embeddings' norm serves the first layer
        qkv = new(p / "attn" / "Wqkv", config.Hidden, 3 * config.Hidden, config.Deviation, config.AttentionBias);
        attention = new(p, config.Heads, config.AttentionDropout);
        windowed = new(config.Heads, attention.Dropout);
        output = new(p / "attn" / "Wo", config.Hidden, config.Hidden, config.OutDeviation, config.AttentionBias);
        outputDropout = new(p, config.AttentionDropout);
        norm = new(p / "mlp_norm", config.Hidden, config.Eps, config.NormBias);
        up = new(p / "mlp" / "Wi", config.Hidden, 2 * config.Intermediate, config.Deviation, config.MlpBias);
        dropout = new(p, config.MlpDropout);
        down = new(p / "mlp" / "Wo", config.Intermediate, config.Hidden, config.OutDeviation, config.MlpBias);
        activation = Activations.Of(config.Activation, config.Source.Where);
    }

    public bool IsLocal => local;

    /// <param name="x">(T,C)</param>
    /// <param name="ragged">Where the sequences begin and end.</param>
    /// <param name="rotation">Of this kind of layer.</param>
    /// <param name="window">(L,L): what is added to the scores of a local layer; null where every pair is within it.</param>
    /// <param name="firstOnly">Gives (n,C), the first token of each sequence.</param>
    public Tensor Forward(Tensor x, Ragged ragged, Rotation rotation, Tensor? window, bool firstOnly)
    {
        Func<Tensor> rows = firstOnly ? ragged.SequenceRows : ragged.TokenRows;
        var parts = qkv.Forward(attentionNorm?.Forward(x) ?? x).Chunk(3, -1);
        var (query, key, value) = (rotation.Turn(parts[0]), rotation.Turn(parts[1]), parts[2].Contiguous());
        if (firstOnly) (query, x) = (ragged.FirstRows(query), ragged.FirstRows(x));
        var context = local && window is not null
            ? windowed.Forward(query, key, value, ragged, 1 / Math.Sqrt((double)config.Hidden / config.Heads), (q, _) => window.Narrow(0, 0, q.Size(2)))
            : attention.Forward(query, key, value, ragged);
        x = x + outputDropout.Forward(output.Forward(context), rows);
        var halves = up.Forward(norm.Forward(x)).Chunk(2, -1);
        return x + down.Forward(dropout.Forward(activation(halves[0].Contiguous()) * halves[1], rows));
    }
}

/// <summary>ModernBERT's classifier: the first token or the mean, dense, activation, norm, dropout, projection.</summary>
sealed class ModernBertHead(Params p, ModernBertConfig config) : TextHead
{
    readonly Linear dense = new(p / "head" / "dense", config.Hidden, config.Hidden, config.OutDeviation, config.HeadBias);
    readonly LayerNorm norm = new(p / "head" / "norm", config.Hidden, config.Eps, config.NormBias);
    readonly Func<Tensor, Tensor> activation = Activations.Of(config.HeadActivation, config.Source.Where);
    readonly SampledProjection projection = new(p / "classifier", config.Hidden, config.Source, config.HeadDropout, 1 / Math.Sqrt(config.Hidden));

    public override bool ReadsFirst => config.Pooling == "cls";

    public override Tensor Forward(Tensor hidden, Ragged ragged)
    {
        var x = ReadsFirst ? ragged.FirstRows(hidden) : ragged.Pad(hidden).Sum(1) / ragged.Lengths;           // (n,C)
        return projection.Forward(norm.Forward(activation(dense.Forward(x))), ragged);
    }
}

/// <summary>
/// ModernBERT: norms before the sublayers and one at the end, rotary positions, gated feed-forward parts, and attention that in two of three layers sees
/// a window of the text only.
/// </summary>
public sealed class ModernBert : TextEncoder
{
    readonly ModernBertConfig config;
    readonly Embedding words;
    readonly LayerNorm embeddingNorm, finalNorm;
    readonly Dropout embeddingDropout;
    readonly (ModernBertLayer Layer, Block Block)[] layers;

    /// <exception cref="DataException">The config asks for something this implementation does not compute.</exception>
    public ModernBert(Params p, ModelConfig source) : base(p, source)
    {
        config = new ModernBertConfig(source).Checked();
        words = new(p / "model" / "embeddings" / "tok_embeddings", config.Vocabulary, config.Hidden, config.Pad, config.Deviation, source.IsLanguageModel);
        embeddingNorm = new(p / "model" / "embeddings" / "norm", config.Hidden, config.Eps, config.NormBias);
        embeddingDropout = new(p, config.EmbeddingDropout);
        var number = 0;
        layers = Block.Stack(p / "model" / "layers", config.Layers, place => new ModernBertLayer(place, config, number++));
        finalNorm = new(p / "model" / "final_norm", config.Hidden, config.Eps, config.NormBias);
        EndWith(config.Hidden, config.HeadDropout, config.Deviation, () => new ModernBertHead(p, config),
            () => new LanguageHead(new(p / "head" / "dense", config.Hidden, config.Hidden, config.OutDeviation, config.HeadBias), Activations.Of(config.HeadActivation, source.Where),
                new(p / "head" / "norm", config.Hidden, config.Eps, config.NormBias), words, config.DecoderBias ? (p / "decoder").Get("bias", Init.Zeros, decay: false, config.Vocabulary) : null));
    }

    public override int VocabularySize => config.Vocabulary;
    public override int MaxLength => config.Positions;
    protected internal override EncoderSizes Sizes => new(config.Hidden, config.Layers, config.Heads, 2 * config.Intermediate, config.GlobalEvery > 1 && config.Layers > 1 ? 4 : 0);

    protected override Tensor Encode(TokenBatch batch, Ragged ragged, Action<Tensor>? observe)
    {
        var places = Places.Counted(batch);
        Rotation Turned(double theta) => Rotation.Of(ragged, places, config.Hidden / config.Heads, theta, Params.DType, Params.Device);
        var (everywhere, near) = (Turned(config.GlobalTheta), Turned(config.LocalTheta));
        var window = Window(ragged);
        var x = Scope.Run(() => embeddingDropout.Forward(embeddingNorm.Forward(words.Forward(ragged.Longs(Array.ConvertAll(batch.Ids, id => (long)id)))), ragged.TokenRows));
        x = Block.Run(layers, x, (layer, input, last) => layer.Forward(input, ragged, layer.IsLocal ? near : everywhere, window, ragged.FirstOnly && last), observe);
        return finalNorm.Forward(x);
    }

    Tensor? Window(Ragged ragged)
    {
        var (length, reach) = (ragged.MaxLength, config.Window / 2);
        if (length - 1 <= reach) return null;
        var mask = new float[length * length];
        for (var q = 0; q < length; q++)
            for (var k = 0; k < length; k++) mask[(q * length) + k] = Math.Abs(q - k) <= reach ? 0 : BiasedAttention.Masked;
        return Tensor.From<float>(mask, [length, length], Params.Device).To(Params.DType);
    }
}
