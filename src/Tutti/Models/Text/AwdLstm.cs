using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Models.Text;

// AWD-LSTM (Merity et al. 2017) as a language model and, as in ULMFiT (Howard and Ruder 2018), a classifier; weight names and arithmetic of fastai 2.7.
// T tokens of n texts, C channels, H channels inside, V words.

/// <summary>The sizes of an AWD-LSTM; keys as in fastai's config where it has one, else (vocab_size, lin_ftrs, ps, bptt, max_len, y_range, backward) as fastai's functions call their arguments.</summary>
sealed record AwdLstmConfig(ModelConfig Source)
{
    /// <summary>Language model and classifier have dropouts of their own by default, as in fastai.</summary>
    bool Language { get; } = Source.IsLanguageModel;

    public int Vocabulary { get; } = Source.Size("vocab_size", 60_000);
    public int Width { get; } = Source.Size("emb_sz", 400);
    public int Hidden { get; } = Source.Size("n_hid", 1152);
    public int Layers { get; } = Source.Size("n_layers", 3);
    public int Pad { get; } = Source.Int("pad_token", 1);
    public bool Tied { get; } = Source.Flag("tie_weights", true);
    public bool OutBias { get; } = Source.Flag("out_bias", true);

    /// <summary>Reads texts from their end. The streams of a language model are reversed by whoever makes them, a classifier's texts by the model.</summary>
    public bool Backward { get; } = Source.Flag("backward", false);

    /// <summary>Tokens between which a classifier's gradient flows; states go on from piece to piece.</summary>
    public int Bptt { get; } = Source.Size("bptt", 72);

    /// <summary>Of a classifier's text only pieces that begin within so many tokens of its end are pooled and learnt from.</summary>
    public int Longest { get; } = Source.Size("max_len", 72 * 20);

    public double OutputDropout => Source.Share("output_p", Language ? 0.1 : 0.4);
    public double HiddenDropout => Source.Share("hidden_p", Language ? 0.15 : 0.3);
    public double InputDropout => Source.Share("input_p", Language ? 0.25 : 0.4);
    public double WordDropout => Source.Share("embed_p", Language ? 0.02 : 0.05);
    public double WeightDropout => Source.Share("weight_p", Language ? 0.2 : 0.5);

    /// <summary>Widths of the classifier's layers between pooling and classes.</summary>
    public int[] Inside { get; } = Array.ConvertAll(Numbers(Source, "lin_ftrs") ?? [50], value => value >= 1 && value == Math.Floor(value) ? (int)value
        : throw new DataException(Source.Where, "lin_ftrs holds something else than widths from 1"));

    /// <summary>Their dropouts; that of the first layer is <see cref="OutputDropout"/>.</summary>
    public double[] InsideDropout => Numbers(Source, "ps") ?? [.. Enumerable.Repeat(0.1, Inside.Length)];

    /// <summary>Numbers that a classifier's outputs are squeezed between, or null.</summary>
    public double[]? Range { get; } = Numbers(Source, "y_range");

    static double[]? Numbers(ModelConfig source, string key) => source.Json[key] switch
    {
        null => null,
        JsonArray list when list.All(item => item?.GetValueKind() == JsonValueKind.Number) => [.. list.Select(item => double.Parse(item!.ToJsonString(), CultureInfo.InvariantCulture))],
        var other => throw new DataException(source.Where, $"{key} is {other.ToJsonString()}; expected a list of numbers"),
    };

    public AwdLstmConfig Checked()
    {
        void Refuse(bool wrong, string text)
        {
            if (wrong) throw new DataException(Source.Where, text);
        }
        Refuse(Pad < 0 || Pad >= Vocabulary, FormattableString.Invariant($"pad_token is {Pad}; expected an id from 0 to {Vocabulary - 1}"));
        Refuse(Source.Flag("bidir", false), "bidir is true, which is not supported; train a forward and a backward model (\"backward\": true) and blend them");
        Refuse(InsideDropout.Length != Inside.Length || InsideDropout.Any(share => share is not (>= 0 and < 1)), FormattableString.Invariant($"ps has {InsideDropout.Length} values; expected one from 0 to below 1 for each of the {Inside.Length} of lin_ftrs"));
        Refuse(Range is not null && !(Range is [var low, var high] && low < high), "y_range is not two numbers, the lower one first");
        Refuse(Source.Pooling == Pooling.LastFour, "tutti_pooling is last-four, which needs layers of one width; an awd-lstm's are not");
        Refuse(Source.Pooling == Pooling.Own && !Language && Source.DropoutSamples > 1, "tutti_dropout_samples is for a head without batch norms; set tutti_pooling too");
        return this;
    }

    /// <summary>Tokens of a text that are pooled: whole pieces, counted from where its reading begins, as fastai's SentenceEncoder keeps them of a batch's longest text.</summary>
    public int Kept(int length)
    {
        if (Source.IsLanguageModel || length <= Longest) return length;
        var (pieces, first) = ((length + Bptt - 1) / Bptt, (length - Longest + Bptt - 1) / Bptt);
        return length - (Math.Min(first, pieces - 1) * Bptt);
    }

    /// <summary>A checkpoint's name of a weight as this config's model calls it; null for what holds no weight of its own.</summary>
    /// <param name="config">Of the model that asks.</param>
    /// <param name="name">As stored.</param>
    /// <param name="has">Whether a name is stored.</param>
    public static string? Renamed(ModelConfig config, string name, Func<string, bool> has)
    {
        const string Wrapped = "0.module.", Raw = "weight_hh_l0_raw", Dropped = "module.weight_hh_l0";
        var stored = name;
        if (name.StartsWith("opt.", StringComparison.Ordinal)) return null;                        // learn.save writes {"model": ..., "opt": ...}
        if (name.StartsWith("model.", StringComparison.Ordinal)) name = name["model.".Length..];
        if (name.StartsWith("encoder", StringComparison.Ordinal) || name.StartsWith("rnns.", StringComparison.Ordinal)) name = "0." + name;
        if (name.EndsWith("encoder_dp.emb.weight", StringComparison.Ordinal) || name.EndsWith(".num_batches_tracked", StringComparison.Ordinal)) return null;
        if (name == "1.decoder.weight" && config.Flag("tie_weights", true)) return null;
        if (name.EndsWith(Dropped, StringComparison.Ordinal))                                     // of fastai 1: what the last pass left of the raw weight
        {
            if (has(stored[..^Dropped.Length] + Raw)) return null;
            name = name[..^Dropped.Length] + Raw;
        }
        if (name.StartsWith("1.layers.", StringComparison.Ordinal) && name.EndsWith(".1.weight", StringComparison.Ordinal)) name = name[..^".1.weight".Length] + ".2.weight";   // a block without dropout
        if (name.StartsWith(Wrapped, StringComparison.Ordinal)) name = "0." + name[Wrapped.Length..];
        return !config.IsLanguageModel && name.StartsWith("0.", StringComparison.Ordinal) ? Wrapped + name[2..] : name;
    }
}

/// <summary>Embedding and LSTM layers with their dropouts, over one piece of some texts.</summary>
sealed class AwdLstmCore
{
    readonly WordDropout wordDropout;
    readonly SequenceDropout inputDropout;
    readonly SequenceDropout[] hiddenDropouts;
    readonly WeightDropLstm[] layers;

    public AwdLstmCore(Params p, AwdLstmConfig config)
    {
        Words = new(p / "encoder", config.Vocabulary, config.Width, config.Pad, whole: config.Source.IsLanguageModel && config.Tied, init: Init.Uniform(0.1));
        wordDropout = new(p, config.Vocabulary, config.WordDropout);
        inputDropout = new(p, config.InputDropout);
        int Size(int layer) => layer < 0 || layer == config.Layers - 1 ? config.Width : config.Hidden;
        layers = [.. Enumerable.Range(0, config.Layers).Select(i => new WeightDropLstm(p / "rnns" / i, Size(i - 1), Size(i), config.WeightDropout))];
        hiddenDropouts = [.. Enumerable.Range(0, config.Layers).Select(_ => new SequenceDropout(p, config.HiddenDropout))];
    }

    public Embedding Words { get; }

    /// <summary>H of each layer.</summary>
    public int[] Sizes => Array.ConvertAll(layers, layer => layer.Size);

    public Tensor Embed(Tensor ids) => wordDropout.Forward(Words.Forward(ids), ids);

    /// <param name="x">(T,C) packed.</param>
    /// <param name="sizes">Sequences of each step.</param>
    /// <param name="owners">(T) the sequence of each row.</param>
    /// <param name="keys">(n) of dropout.</param>
    /// <param name="before">States of each layer before the first step.</param>
    /// <param name="after">Takes the states of each layer after the last step.</param>
    public Tensor Forward(Tensor x, long[] sizes, Tensor owners, Tensor keys, (Tensor H, Tensor C)[] before, Action<int, Tensor, Tensor> after)
    {
        x = inputDropout.Forward(x, () => owners, () => keys);
        for (var i = 0; i < layers.Length; i++)
        {
            var (outputs, h, c) = layers[i].Forward(x, sizes, before[i].H, before[i].C);
            after(i, h, c);
            x = i < layers.Length - 1 ? hiddenDropouts[i].Forward(outputs, () => owners, () => keys) : outputs;
        }
        return x;
    }
}

/// <summary>
/// AWD-LSTM: the next token's logits of every token, states carried from update to update (<see cref="RunState.Carried"/>); or a classifier that reads a text piece by piece, in memory that does not grow
/// with its length, and pools the last state, the maximum and the mean of its last pieces.
/// </summary>
public sealed class AwdLstm : TextEncoder
{
    readonly AwdLstmConfig config;
    readonly AwdLstmCore core;
    readonly bool language;

    /// <exception cref="DataException">The config asks for something this implementation does not compute.</exception>
    public AwdLstm(Params p, ModelConfig source) : base(p, source)
    {
        config = new AwdLstmConfig(source).Checked();
        language = source.IsLanguageModel;
        core = new(language ? p / 0 : p / 0 / "module", config);
        EndWith(config.Width, config.OutputDropout, 1 / Math.Sqrt(config.Width), () => new ConcatPoolHead(p / 1, config), () => new TiedDecoder(p / 1, config, core.Words));
    }

    public override int VocabularySize => config.Vocabulary;
    public override int MaxLength => int.MaxValue;
    public override bool Recurrent => true;
    public override bool Backward => config.Backward;
    protected internal override EncoderSizes Sizes => new(Math.Max(config.Width, config.Hidden), config.Layers, 1, config.Hidden);

    /// <summary>Embedding, each layer, head; a language model's embedding is its decoder too and so is last with it, as fastai's awd_lstm_lm_split has it.</summary>
    protected internal override LayerGroups Groups => new(Prefix, config.Layers, embeddingsLast: language);

    const string Prefix = "0";

    protected internal override Tensor Head(Tensor hidden, Ragged ragged) => base.Head(hidden, Pooled(ragged));
    protected internal override Tensor Pool(Tensor hidden, Ragged ragged) => base.Pool(hidden, Pooled(ragged));

    /// <summary>The kept tokens of a batch, which is what the last hidden state has.</summary>
    Ragged Pooled(Ragged ragged)
    {
        var lengths = ragged.HostLengths;
        var kept = Array.ConvertAll(lengths, config.Kept);
        return kept.AsSpan().SequenceEqual(lengths) ? ragged : new(kept, [.. ragged.HostExamples], Params.Device, Params.DType);
    }

    protected override Tensor Encode(TokenBatch batch, Ragged ragged, Action<Tensor>? observe)
    {
        var pieces = new ReadingPieces(batch, config.Kept, language ? int.MaxValue : config.Bptt, config.Backward && !language);
        var x = Scope.Run(() => core.Embed(ragged.Longs(pieces.KeptIds)));                                     // (T',C)
        observe?.Invoke(x);
        var states = States(batch.Examples);
        foreach (var part in pieces.Dropped) Skip(part, states, ragged);
        // Weights that were cast without recording have no way back to themselves.
        if (pieces.Dropped.Count > 0 && Params.Run.Training) Modes.ClearAutocast(weights: false);
        var outputs = pieces.Kept.ConvertAll(part =>
        {
            var before = Selected(part, states, ragged);
            return Scope.Run(() => Forward(part, Packed(part, x, ragged), before, states, ragged));
        });
        if (language) Leave(batch.Examples, states);
        x = Scope.Run(() => Unpacked(pieces, outputs, ragged));
        observe?.Invoke(x);
        return x;
    }

    // ---- rows text after text, and step after step; a transposition costs a tenth of rows by index, whose gradients are added row by row

    static Tensor Packed(ReadingPieces.Part part, Tensor x, Ragged ragged) =>
        part.Packed.IsTransposed && x.Size(0) == part.Packed.Rows.Length ? Turned(x, part.Texts.Length, part.Packed.Sizes.Length) : x.IndexSelect(0, ragged.Longs(part.Packed.Rows));

    static Tensor Unpacked(ReadingPieces pieces, List<Tensor> outputs, Ragged ragged) =>
        pieces.Kept is [{ Packed: { IsTransposed: true } only }] ? Turned(outputs[0], only.Sizes.Length, (int)only.Sizes[0])
        : (outputs.Count == 1 ? outputs[0] : Tensor.Cat([.. outputs])).IndexSelect(0, ragged.Longs(pieces.Places));

    /// <summary>(rows*columns,C) to (columns*rows,C).</summary>
    static Tensor Turned(Tensor x, int rows, int columns) => x.View(rows, columns, x.Size(1)).Transpose(0, 1).Reshape(x.Size(0), x.Size(1));

    /// <summary>A piece that nothing is learnt from: only the states go on.</summary>
    void Skip(ReadingPieces.Part part, (Tensor H, Tensor C)[] states, Ragged ragged)
    {
        using var none = Modes.NoGrad();
        using var scope = new Scope();
        var again = Params.Run.Checkpointing;
        Params.Run.Checkpointing = false;                     // there is no backward that could run it again
        try
        {
            _ = Forward(part, core.Embed(ragged.Longs(part.Ids)), Selected(part, states, ragged), states, ragged);
        }
        finally
        {
            Params.Run.Checkpointing = again;
        }
    }

    Tensor Forward(ReadingPieces.Part part, Tensor x, (Tensor H, Tensor C)[] before, (Tensor H, Tensor C)[] states, Ragged ragged)
    {
        var texts = ragged.Longs(part.Texts);
        return core.Forward(x, part.Packed.Sizes, ragged.Longs(part.Packed.Owners), ragged.Longs(part.Keys), before, (layer, h, c) =>
        {
            using var none = Modes.NoGrad();
            states[layer].H.CopyFrom(states[layer].H.IndexCopy(0, texts, h.To(Params.DType)));
            states[layer].C.CopyFrom(states[layer].C.IndexCopy(0, texts, c.To(Params.DType)));
        });
    }

    static (Tensor H, Tensor C)[] Selected(ReadingPieces.Part part, (Tensor H, Tensor C)[] states, Ragged ragged)
    {
        var texts = ragged.Longs(part.Texts);
        return Array.ConvertAll(states, state => (state.H.IndexSelect(0, texts), state.C.IndexSelect(0, texts)));
    }

    // ---- states of layers, (n,H) each

    (Tensor H, Tensor C)[] States(long[] streams)
    {
        Tensor Of(string name, int size) => language && Params.Run.Carried is { } carried ? carried.Of(name, streams, size, Params.Device, Params.DType)
            : Tensor.Zeros([streams.Length, size], Params.DType, Params.Device);
        return [.. core.Sizes.Select((size, i) => (Of($"h{i}", size), Of($"c{i}", size)))];
    }

    void Leave(long[] streams, (Tensor H, Tensor C)[] states)
    {
        if (Params.Run.Carried is not { } carried) return;
        for (var i = 0; i < states.Length; i++)
        {
            carried.Keep($"h{i}", streams, states[i].H);
            carried.Keep($"c{i}", streams, states[i].C);
        }
    }
}
