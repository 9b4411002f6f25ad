using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Models.Text;

/// <summary>
/// RoBERTa (Liu et al. 2019), XLM-RoBERTa and CamemBERT for sequence classification: as BERT, except that positions count the tokens that
/// are not padding from pad_token_id + 1 on, and that the head is dense, tanh, projection without a pooler (transformers' modeling_roberta.py).
/// </summary>
public sealed class Roberta : TextEncoder
{
    readonly BertConfig config;
    readonly BertEmbeddings embeddings;
    readonly BertEncoder encoder;

    /// <exception cref="DataException">The config asks for something this implementation does not compute.</exception>
    public Roberta(Params p, ModelConfig source) : base(p, source)
    {
        config = new BertConfig(WithDefaults(source)).Checked();
        if (MaxLength < 1)
            throw new DataException(source.Where, $"max_position_embeddings is {config.Positions}; expected more than pad_token_id + 1 = {config.Pad + 1}, behind which positions begin");
        embeddings = new(p / "roberta" / "embeddings", config, positionPadding: config.Pad);
        encoder = new(p / "roberta" / "encoder", config);
        EndWith(config.Hidden, config.HeadDropout, config.Deviation,
            () => new FirstTokenHead(new(p, config.HeadDropout), new(p / "classifier" / "dense", config.Hidden, config.Hidden, config.Deviation), x => x.Tanh(),
                new(p / "classifier" / "out_proj", config.Hidden, source, config.HeadDropout, config.Deviation)),
            () => new LanguageHead(new(p / "lm_head" / "dense", config.Hidden, config.Hidden, config.Deviation), x => x.Gelu(),
                new(p / "lm_head" / "layer_norm", config.Hidden, config.Eps), embeddings.Words, (p / "lm_head").Get("bias", Init.Zeros, decay: false, config.Vocabulary)));
    }

    public override int VocabularySize => config.Vocabulary;
    public override int MaxLength => config.Positions - config.Pad - 1;
    protected internal override EncoderSizes Sizes => config.Sizes;

    protected override Tensor Encode(TokenBatch batch, Ragged ragged, Action<Tensor>? observe) =>
        encoder.Forward(Scope.Run(() => embeddings.Forward(batch, Places.BehindPadding(batch, config.Pad), ragged)), ragged, observe);

    // transformers' RobertaConfig, XLMRobertaConfig and CamembertConfig: where they differ from BertConfig. The latter two have its vocabulary.
    internal static ModelConfig WithDefaults(ModelConfig source) => (source.ModelType == "roberta" ? source.WithDefault("vocab_size", 50265) : source).WithDefault("pad_token_id", 1);
}
