using System.Text.Json.Nodes;
using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Models;

/// <summary>The sizes of an encoder's layers.</summary>
/// <param name="Hidden">Channels.</param>
/// <param name="Layers">Their number.</param>
/// <param name="Heads">Attention heads of each.</param>
/// <param name="Intermediate">Channels inside its feed-forward part.</param>
/// <param name="Scores">Numbers that attention keeps per head and pair of tokens of the padded rectangle on a CPU; 0 where the kernel computes it.</param>
public sealed record EncoderSizes(long Hidden, long Layers, long Heads, long Intermediate, double Scores = 0)
{
    /// <summary>By the keys that most configs have; 0 for what is not there.</summary>
    internal static EncoderSizes Of(ModelConfig config) => new(config.Int("hidden_size", 0), config.Int("num_hidden_layers", 0), Math.Max(1, config.Int("num_attention_heads", 0)), config.Int("intermediate_size", 0));
}

/// <summary>A network from texts to K numbers per text.</summary>
public abstract class TextModel(Params p, JsonObject config) : Network(p, config)
{
    /// <summary>Rows of the token embedding: every id must be below.</summary>
    public abstract int VocabularySize { get; }

    /// <summary>The longest text in tokens that the position table has room for.</summary>
    public abstract int MaxLength { get; }

    /// <summary>Texts -> logits (n,K).</summary>
    public Tensor Forward(TokenBatch batch) => Forward(batch, null);

    internal sealed override Tensor Logits(InputBatch batch, Action<Tensor>? observe = null) => Forward(batch as TokenBatch ?? throw Unreadable(batch), observe);

    internal sealed override Tensor Embed(InputBatch batch)
    {
        var hidden = Hidden(batch as TokenBatch ?? throw Unreadable(batch), null, out var ragged);            // (T,C)
        return ragged.Mean(hidden.To(DType.Float32));
    }

    /// <summary>As <see cref="Forward(TokenBatch)"/>; <paramref name="observe"/> sees what <see cref="Hidden"/> shows, of the last layer the rows that the head reads.</summary>
    internal Tensor Forward(TokenBatch batch, Action<Tensor>? observe)
    {
        if (HeadLayers == 1) return Head(Hidden(batch, observe, out var whole, ReadsFirst), whole);
        List<Tensor> states = [];
        var last = Hidden(batch, state =>
        {
            states.Add(state);
            observe?.Invoke(state);
        }, out var ragged);
        states[^1] = last;                                    // of an encoder that ends with a norm, what comes out of that
        return Head(Tensor.Cat([.. states.TakeLast(HeadLayers).Select(ragged.FirstRows)], 1), ragged);
    }

    /// <summary>The last hidden state (T,C); <paramref name="observe"/> sees the embeddings' output and every layer's.</summary>
    /// <param name="batch">Ids, types and lengths.</param>
    /// <param name="observe">May be null.</param>
    /// <param name="ragged">The batch as tensors.</param>
    /// <param name="firstOnly">Only the first row of each sequence is asked, see <see cref="Ragged.FirstOnly"/>.</param>
    internal Tensor Hidden(TokenBatch batch, Action<Tensor>? observe, out Ragged ragged, bool firstOnly = false)
    {
        Params.Run.FirstExample = batch.Count > 0 ? batch.Examples[0] : 0;
        ragged = new Ragged(batch.Lengths, batch.Examples, Params.Device, Params.DType) { FirstOnly = firstOnly, Asked = batch.Asked };
        return Encode(batch, ragged, observe);
    }

    /// <summary>It reads a text token after token and can carry its states to the text that follows (<see cref="RunState.Carried"/>): as a language model it predicts next tokens.</summary>
    public virtual bool Recurrent => false;

    /// <summary>It reads every text from its end. The streams of a language model are turned round by whoever makes them, a classifier's texts by the model.</summary>
    public virtual bool Backward => false;

    /// <summary>The head looks at the first token of each sequence alone, so that the last layer need not compute the others.</summary>
    protected internal virtual bool ReadsFirst => false;

    /// <summary>Above 1 the head gets the first rows of so many of the last layers side by side, (n, layers x C), in place of the last hidden state.</summary>
    protected internal virtual int HeadLayers => 1;

    /// <summary>What <see cref="Network.Joint"/> makes of each text alone.</summary>
    protected internal virtual Tensor Pool(Tensor hidden, Ragged ragged) => Joint!.Pool(hidden, ragged);

    /// <summary>The head, where it predicts tokens; else null.</summary>
    protected internal virtual TokenHead? Tokens => null;

    /// <summary>Logits (n,K) of a last hidden state (T,C); (n,C) is possible where <see cref="ReadsFirst"/> says so.</summary>
    protected internal abstract Tensor Head(Tensor hidden, Ragged ragged);

    /// <summary>The last hidden state of a batch: (T,C), or (n,C) where <see cref="Ragged.FirstOnly"/> allows it.</summary>
    /// <param name="batch">Ids, types and lengths.</param>
    /// <param name="ragged">The same as tensors: offsets, masks, dropout keys.</param>
    /// <param name="observe">To be called with the embeddings' output and every layer's, when given.</param>
    protected abstract Tensor Encode(TokenBatch batch, Ragged ragged, Action<Tensor>? observe);
}
