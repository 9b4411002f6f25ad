using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Models.Text;

/// <summary>
/// RoBERTa (Liu et al. 2019), XLM-RoBERTa and CamemBERT for sequence classification: as BERT, except that positions count the tokens that
/// are not padding from pad_token_id + 1 on, and that the head is dense, tanh, projection without a pooler (transformers' modeling_roberta.py).
/// </summary>
public sealed class Roberta : TextModel
{
    readonly BertConfig config;
    readonly BertEmbeddings embeddings;
    readonly BertEncoder encoder;
    readonly Linear dense;
    readonly Projection projection;
    readonly Dropout before, after;

    /// <exception cref="DataException">The config asks for something this implementation does not compute.</exception>
    public Roberta(Params p, ModelConfig source) : base(p, source.Json)
    {
        config = new BertConfig(WithDefaults(source)).Checked();
        if (MaxLength < 1)
            throw new DataException(source.Where, $"max_position_embeddings is {config.Positions}; expected more than pad_token_id + 1 = {config.Pad + 1}, behind which positions begin");
        embeddings = new(p / "roberta" / "embeddings", config, positionPadding: config.Pad);
        encoder = new(p / "roberta" / "encoder", config);
        before = new(p, config.HeadDropout);
        dense = new(p / "classifier" / "dense", config.Hidden, config.Hidden, config.Deviation);
        after = new(p, config.HeadDropout);
        projection = new(p / "classifier" / "out_proj", config.Hidden, source.LabelCount, config.Deviation);
    }

    public override int VocabularySize => config.Vocabulary;
    public override int MaxLength => config.Positions - config.Pad - 1;
    protected internal override bool ReadsFirst => true;

    protected override Tensor Encode(TokenBatch batch, Ragged ragged, Action<Tensor>? observe)
    {
        // By id, not by mask: a padding id inside a text gets the padding position and is not counted.
        var places = new long[batch.Tokens];
        for (int i = 0, t = 0; i < batch.Count; i++)
        {
            var counted = 0;
            for (var end = t + batch.Lengths[i]; t < end; t++) places[t] = batch.Ids[t] == config.Pad ? config.Pad : config.Pad + ++counted;
        }
        return encoder.Forward(Scope.Run(() => embeddings.Forward(batch, places, ragged)), ragged, observe);
    }

    protected internal override Tensor Head(Tensor hidden, Ragged ragged)
    {
        var x = before.Forward(ragged.FirstRows(hidden), ragged.SequenceRows);                     // (n,C)
        return projection.Forward(after.Forward(dense.Forward(x).Tanh(), ragged.SequenceRows));               // (n,K)
    }

    // transformers' RobertaConfig: where it differs from BertConfig.
    static ModelConfig WithDefaults(ModelConfig source)
    {
        if (source.Json["vocab_size"] is null) source = source.With("vocab_size", 50265);
        return source.Json["pad_token_id"] is null ? source.With("pad_token_id", 1) : source;
    }
}
