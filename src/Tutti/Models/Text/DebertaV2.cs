using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Models.Text;

// DeBERTa-v2 and -v3 (He et al. 2021) for sequence classification; weight names and arithmetic of transformers' modeling_deberta_v2.py.
// n sequences, T tokens, L longest, C channels, H heads, D = C / H, R rows of the table of relative positions.

/// <summary>The sizes and choices of DeBERTa-v2; defaults as transformers' DebertaV2Config.</summary>
sealed record DebertaV2Config(ModelConfig Source)
{
    public int Vocabulary { get; } = Source.Size("vocab_size", 128100);
    public int Hidden { get; } = Source.Size("hidden_size", 1536);
    public int Width { get; } = Source.Size("embedding_size", Source.Size("hidden_size", 1536));
    public int Layers { get; } = Source.Size("num_hidden_layers", 24);
    public int Heads { get; } = Source.Size("num_attention_heads", 24);
    public int Intermediate { get; } = Source.Size("intermediate_size", 6144);
    public string Activation { get; } = Source.Text("hidden_act", "gelu");
    public double Dropout { get; } = Source.Share("hidden_dropout_prob", 0.1);
    public double AttentionDropout { get; } = Source.Share("attention_probs_dropout_prob", 0.1);
    public double PoolerDropout { get; } = Source.Share("pooler_dropout", 0);
    public string PoolerActivation { get; } = Source.Text("pooler_hidden_act", "gelu");
    public double HeadDropout { get; } = Source.NumberOrNull("cls_dropout") ?? Source.Share("hidden_dropout_prob", 0.1);
    public int Positions { get; } = Source.Size("max_position_embeddings", 512);
    public int Types { get; } = Source.Int("type_vocab_size", 0);
    public double Deviation { get; } = Source.Number("initializer_range", 0.02);
    public double Eps { get; } = Source.Number("layer_norm_eps", 1e-7);
    public int Pad { get; } = Source.Int("pad_token_id", 0);
    public bool Relative { get; } = Source.Flag("relative_attention", false);
    public bool AbsolutePositions { get; } = Source.Flag("position_biased_input", true);
    public int Buckets { get; } = Source.Int("position_buckets", -1);
    public int Farthest { get; } = Source.Int("max_relative_positions", -1) is > 0 and var far ? far : Source.Int("max_position_embeddings", 512);
    public bool SharedKeys { get; } = Source.Flag("share_att_key", false);
    public bool NormRelative { get; } = Source.Text("norm_rel_ebd", "none").Split('|', StringSplitOptions.TrimEntries).Contains("layer_norm", StringComparer.OrdinalIgnoreCase);
    public int ConvWidth { get; } = Source.Int("conv_kernel_size", 0);
    public int ConvGroups { get; } = Source.Size("conv_groups", 1);
    public string ConvActivation { get; } = Source.Text("conv_act", "tanh");

    /// <summary>The terms of relative attention: c2p (content to position) and p2c. A text in published configs, a list where transformers saved them.</summary>
    public IReadOnlyList<string> Terms { get; } = Source.Texts("pos_att_type");

    public bool FromContent => Relative && Terms.Contains("c2p");
    public bool FromPosition => Relative && Terms.Contains("p2c");

    /// <summary>Half the rows of the table of relative positions.</summary>
    public int Span => Buckets > 0 ? Buckets : Farthest;

    public DebertaV2Config Checked()
    {
        if (Hidden % Heads != 0) throw new DataException(Source.Where, $"hidden_size {Hidden} is not a multiple of num_attention_heads {Heads}");
        if (Pad < 0 || Pad >= Vocabulary) throw new DataException(Source.Where, $"pad_token_id is {Pad}; expected an id from 0 to {Vocabulary - 1}");
        if (Source.Int("pooler_hidden_size", Hidden) is var pooler && pooler != Hidden) throw new DataException(Source.Where, $"pooler_hidden_size is {pooler}; expected hidden_size, {Hidden}");
        foreach (var term in Terms.Where(term => term is not ("c2p" or "p2c"))) throw new DataException(Source.Where, $"pos_att_type has '{term}'; expected c2p and p2c");
        if (ConvWidth > 0 && (ConvWidth % 2 == 0 || Hidden % ConvGroups != 0)) throw new DataException(Source.Where, $"conv_kernel_size {ConvWidth} and conv_groups {ConvGroups} are not supported; expected an odd size, and groups that divide hidden_size");
        return this;
    }

    /// <summary>The row of the table for a distance, before the middle of the table is added: exact near by, logarithmic far away.</summary>
    public int Bucket(int distance)
    {
        var middle = Buckets / 2;
        if (Buckets <= 0 || Farthest <= 0 || Math.Abs(distance) <= middle) return distance;
        var far = Math.Ceiling(MathF.Log((float)Math.Abs(distance) / middle) / MathF.Log((float)(Farthest - 1) / middle) * (middle - 1)) + middle;
        return Math.Sign(distance) * (int)far;
    }
}

sealed class DebertaV2Embeddings
{
    readonly DebertaV2Config config;
    readonly Embedding? positions, types;
    readonly Linear? project;
    readonly LayerNorm norm;
    readonly Dropout dropout;

    public DebertaV2Embeddings(Params p, DebertaV2Config config)
    {
        this.config = config;
        Words = new(p / "word_embeddings", config.Vocabulary, config.Width, config.Pad, config.Deviation, config.Source.IsLanguageModel);
        if (config.AbsolutePositions) positions = new(p / "position_embeddings", config.Positions, config.Width, -1, config.Deviation);
        if (config.Types > 0) types = new(p / "token_type_embeddings", config.Types, config.Width, -1, config.Deviation);
        if (config.Width != config.Hidden) project = new(p / "embed_proj", config.Width, config.Hidden, config.Deviation, hasBias: false);
        norm = new(p / "LayerNorm", config.Hidden, config.Eps);
        dropout = new(p, config.Dropout);
    }

    public Embedding Words { get; }

    public Tensor Forward(TokenBatch batch, Ragged ragged)
    {
        var x = Words.Forward(ragged.Longs(Array.ConvertAll(batch.Ids, id => (long)id)));                      // (T,C)
        if (positions is not null) x = x + positions.Forward(ragged.Longs(Places.Counted(batch)));
        if (types is not null) x = x + types.Forward(ragged.Longs(batch.Types is { } t ? Array.ConvertAll(t, type => (long)type) : new long[batch.Tokens]));
        if (project is not null) x = project.Forward(x);
        return dropout.Forward(norm.Forward(x), ragged.TokenRows);
    }
}

/// <summary>The relative positions of one micro-batch: the rows of the table that its texts can ask for, and which row a distance has.</summary>
/// <param name="Rows">(R,C).</param>
/// <param name="First">The table's row that is the first of them.</param>
/// <param name="Rising">(2L-1) int64: the rows of the distances 1-L, 2-L ... L-1 of a query from a key.</param>
/// <param name="Falling">The same from L-1 down.</param>
sealed record RelativePositions(Tensor Rows, int First, Tensor Rising, Tensor Falling);

/// <summary>Attention whose scores have terms for content to position and position to content (He et al. 2021, section 3.1).</summary>
sealed class DisentangledAttention(Params p, DebertaV2Config config)
{
    readonly Linear query = new(p / "query_proj", config.Hidden, config.Hidden, config.Deviation);
    readonly Linear key = new(p / "key_proj", config.Hidden, config.Hidden, config.Deviation);
    readonly Linear value = new(p / "value_proj", config.Hidden, config.Hidden, config.Deviation);
    readonly Linear? positionKey = config.FromContent && !config.SharedKeys ? new(p / "pos_key_proj", config.Hidden, config.Hidden, config.Deviation) : null;
    readonly Linear? positionQuery = config.FromPosition && !config.SharedKeys ? new(p / "pos_query_proj", config.Hidden, config.Hidden, config.Deviation) : null;
    readonly Dropout positionDropout = new(p, config.Dropout);
    readonly BiasedAttention attention = new(config.Heads, new(p, config.AttentionDropout));

    /// <param name="x">(T,C)</param>
    /// <param name="asked">(T,C), or (n,C): whose context is asked.</param>
    /// <param name="ragged">Where the sequences begin and end.</param>
    /// <param name="relative">Null where attention is not relative.</param>
    public Tensor Forward(Tensor x, Tensor asked, Ragged ragged, RelativePositions? relative)
    {
        Tensor[] inputs = ReferenceEquals(x, asked) ? Linear.Together(x, query, key, value) : [query.Forward(asked), .. Linear.Together(x, key, value)];
        var terms = 1 + (config.FromContent ? 1 : 0) + (config.FromPosition ? 1 : 0);
        var scale = 1 / Math.Sqrt((double)config.Hidden / config.Heads * terms);
        if (relative is null || terms == 1) return attention.Forward(inputs[0], inputs[1], inputs[2], ragged, scale, null);
        var (first, count) = (relative.First, (int)relative.Rows.Size(0));
        // One mask for the whole update: a row of the table belongs to no text.
        var rows = positionDropout.Forward(relative.Rows, () => ragged.Longs([.. Enumerable.Range(first, count).Select(row => (long)row)]));
        var (keys, queries) = (config.FromContent ? ByHead((positionKey ?? key).Forward(rows), relative.Falling) : null, config.FromPosition ? ByHead((positionQuery ?? query).Forward(rows), relative.Rising) : null);
        return attention.Forward(inputs[0], inputs[1], inputs[2], ragged, scale, (q, k) =>
        {
            var (Q, L) = (q.Size(2), k.Size(2));
            var toPosition = keys is null ? null : ByPair(q, keys, L);            // (H,n,Q,L)
            var toContent = queries is null ? null : ByPair(k, queries, Q).Transpose(2, 3);
            return (toPosition is null ? toContent! : toContent is null ? toPosition : toPosition + toContent) * scale;
        });
    }

    // (R,C) -> (H,D,2L-1), a column for every distance
    Tensor ByHead(Tensor x, Tensor distances) => x.IndexSelect(0, distances).View(distances.Count, config.Heads, -1).Transpose(0, 1).Transpose(1, 2);

    // (H,n,X,D) with (H,D,2L-1) -> (H,n,X,Y). From one position to the next the wanted distances begin one column earlier, so a view whose rows are one number shorter
    // holds all pairs: nothing is gathered, and nothing scattered on the way back (the relative shift of Dai et al. 2019, appendix B).
    static Tensor ByPair(Tensor x, Tensor positions, long width)
    {
        var (H, n, X, distances) = (x.Size(0), x.Size(1), x.Size(2), positions.Size(2));
        var products = x.View(H, n * X, -1).BatchMatMul(positions);               // (H,n*X,2L-1)
        return products.AsStrided([H, n, X, width], [n * X * distances, X * distances, distances - 1, 1], (distances - 1) / 2);
    }
}

sealed class DebertaV2Layer(Params p, DebertaV2Config config)
{
    readonly DisentangledAttention attention = new(p / "attention" / "self", config);
    readonly Linear output = new(p / "attention" / "output" / "dense", config.Hidden, config.Hidden, config.Deviation);
    readonly LayerNorm attentionNorm = new(p / "attention" / "output" / "LayerNorm", config.Hidden, config.Eps);
    readonly Dropout attentionDropout = new(p, config.Dropout);
    readonly Linear up = new(p / "intermediate" / "dense", config.Hidden, config.Intermediate, config.Deviation);
    readonly Linear down = new(p / "output" / "dense", config.Intermediate, config.Hidden, config.Deviation);
    readonly LayerNorm norm = new(p / "output" / "LayerNorm", config.Hidden, config.Eps);
    readonly Dropout dropout = new(p, config.Dropout);
    readonly Func<Tensor, Tensor> activation = Activations.Of(config.Activation, config.Source.Where);

    public Tensor Forward(Tensor x, Ragged ragged, RelativePositions? relative, bool firstOnly)
    {
        var asked = firstOnly ? ragged.FirstRows(x) : x;
        Func<Tensor> rows = firstOnly ? ragged.SequenceRows : ragged.TokenRows;
        x = attentionNorm.Forward(asked, output.Forward(attention.Forward(x, asked, ragged, relative)), attentionDropout, rows);
        return norm.Forward(x, down.Forward(activation(up.Forward(x))), dropout, rows);
    }
}

/// <summary>v2-xlarge's convolution over the embeddings, added to the output of the first layer.</summary>
sealed class DebertaV2Conv(Params p, DebertaV2Config config)
{
    readonly Tensor weight = (p / "conv").Get("weight", Init.Normal(config.Deviation), decay: true, config.Hidden, config.Hidden / config.ConvGroups, config.ConvWidth);
    readonly Tensor bias = (p / "conv").Get("bias", Init.Zeros, decay: false, config.Hidden);
    readonly LayerNorm norm = new(p / "LayerNorm", config.Hidden, config.Eps);
    readonly Dropout dropout = new(p, config.Dropout);
    readonly Func<Tensor, Tensor> activation = Activations.Of(config.ConvActivation, config.Source.Where);

    /// <param name="embedded">(T,C)</param>
    /// <param name="x">(T,C) the first layer's output.</param>
    /// <param name="ragged">Where the sequences begin and end.</param>
    public Tensor Forward(Tensor embedded, Tensor x, Ragged ragged)
    {
        var y = ragged.Pad(embedded).Transpose(1, 2).Contiguous().Conv1d(weight, bias, (config.ConvWidth - 1) / 2, config.ConvGroups);   // (n,C,L)
        return norm.Forward(x + activation(dropout.Forward(ragged.Unpad(y.Transpose(1, 2).Contiguous()), ragged.TokenRows)));
    }
}

/// <summary>DeBERTa-v2 or -v3 with its pooler and a linear classifier.</summary>
public sealed class DebertaV2 : TextEncoder
{
    readonly DebertaV2Config config;
    readonly DebertaV2Embeddings embeddings;
    readonly Embedding? relative;
    readonly LayerNorm? relativeNorm;
    readonly (DebertaV2Layer Layer, Block Block)[] layers;
    readonly (DebertaV2Conv Layer, Block Block)? conv;

    /// <exception cref="DataException">The config asks for something this implementation does not compute.</exception>
    public DebertaV2(Params p, ModelConfig source) : base(p, source)
    {
        config = new DebertaV2Config(source).Checked();
        embeddings = new(p / "deberta" / "embeddings", config);
        var encoder = p / "deberta" / "encoder";
        layers = Block.Stack(encoder / "layer", config.Layers, place => new DebertaV2Layer(place, config));
        if (config.Relative) relative = new(encoder / "rel_embeddings", 2 * config.Span, config.Hidden, -1, config.Deviation);
        if (config.Relative && config.NormRelative) relativeNorm = new(encoder / "LayerNorm", config.Hidden, config.Eps);
        if (config.ConvWidth > 0) conv = (new(encoder / "conv", config), new(encoder / "conv"));
        var predictions = p / "cls" / "predictions";
        EndWith(config.Hidden, config.HeadDropout, config.Deviation,
            () => new FirstTokenHead(new(p, config.PoolerDropout), new(p / "pooler" / "dense", config.Hidden, config.Hidden, config.Deviation), Activations.Of(config.PoolerActivation, source.Where),
                new(p / "classifier", config.Hidden, source, config.HeadDropout, config.Deviation)),
            () => new LanguageHead(new(predictions / "transform" / "dense", config.Hidden, config.Width, config.Deviation), Activations.Of(config.Activation, source.Where),
                new(predictions / "transform" / "LayerNorm", config.Width, config.Eps), embeddings.Words, predictions.Get("bias", Init.Zeros, decay: false, config.Vocabulary)));
    }

    public override int VocabularySize => config.Vocabulary;

    /// <summary>Relative positions have no end; what the model was trained with is the limit, as for its tokenizer.</summary>
    public override int MaxLength => config.Positions;

    // Scores, their softmax and dropout, and the products of both terms with every distance.
    protected internal override EncoderSizes Sizes => new(config.Hidden, config.Layers, config.Heads, config.Intermediate, Scores: 8);

    protected override Tensor Encode(TokenBatch batch, Ragged ragged, Action<Tensor>? observe)
    {
        var places = Positions(ragged);
        var embedded = Scope.Run(() => embeddings.Forward(batch, ragged));
        observe?.Invoke(embedded);
        var x = embedded;
        for (var i = 0; i < layers.Length; i++)
        {
            var (layer, block, firstOnly) = (layers[i].Layer, layers[i].Block, ragged.FirstOnly && i == layers.Length - 1 && (i > 0 || conv is null));
            x = block.Run(x, input => layer.Forward(input, ragged, places, firstOnly), places is null ? [] : [places.Rows]);
            if (i == 0 && conv is var (convolution, convBlock)) x = convBlock.Run(x, input => convolution.Forward(embedded, input, ragged), embedded);
            observe?.Invoke(x);
        }
        return x;
    }

    RelativePositions? Positions(Ragged ragged)
    {
        if (relative is null) return null;
        var (length, span) = (ragged.MaxLength, config.Span);
        int Row(int distance) => Math.Clamp(config.Bucket(distance) + span, 0, (2 * span) - 1);
        var (first, last) = (Row(1 - length), Row(length - 1));
        long[] rising = [.. Enumerable.Range(1 - length, (2 * length) - 1).Select(distance => (long)Row(distance) - first)];
        var rows = Scope.Run(() =>
        {
            var table = relative.Forward(ragged.Longs([.. Enumerable.Range(first, last - first + 1).Select(row => (long)row)]));
            return relativeNorm is null ? table : relativeNorm.Forward(table);
        });
        return new(rows, first, ragged.Longs(rising), ragged.Longs([.. rising.Reverse()]));
    }
}
