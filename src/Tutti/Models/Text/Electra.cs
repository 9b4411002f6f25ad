using Tutti.Nn;
using Tutti.Torch;

namespace Tutti.Models.Text;

/// <summary>
/// ELECTRA (Clark et al. 2020) for sequence classification: as BERT, except that embeddings have a width of their own, from which a linear layer leads to that
/// of the layers where the two differ, and that the head is dense, exact GELU, projection without a pooler (transformers' modeling_electra.py).
/// </summary>
public sealed class Electra : TextEncoder
{
    readonly BertConfig config;
    readonly BertEmbeddings embeddings;
    readonly Linear? project;
    readonly BertEncoder encoder;

    /// <exception cref="DataException">The config asks for something this implementation does not compute.</exception>
    public Electra(Params p, ModelConfig source) : base(p, source)
    {
        var given = WithDefaults(source);
        config = new BertConfig(given).Checked();
        var width = source.Int("embedding_size", 128);
        if (width < 1) throw new DataException(source.Where, $"embedding_size is {width}; expected at least 1");
        embeddings = new(p / "electra" / "embeddings", new BertConfig(given.With("hidden_size", width)), positionPadding: -1);
        if (width != config.Hidden) project = new(p / "electra" / "embeddings_project", width, config.Hidden, config.Deviation);
        encoder = new(p / "electra" / "encoder", config);
        EndWith(config.Hidden, config.HeadDropout, config.Deviation,
            () => new FirstTokenHead(new(p, config.HeadDropout), new(p / "classifier" / "dense", config.Hidden, config.Hidden, config.Deviation), x => x.Gelu(),
                new(p / "classifier" / "out_proj", config.Hidden, source, config.HeadDropout, config.Deviation)),
            () => new LanguageHead(new(p / "generator_predictions" / "dense", config.Hidden, width, config.Deviation), x => x.Gelu(),
                new(p / "generator_predictions" / "LayerNorm", width, config.Eps), embeddings.Words, (p / "generator_lm_head").Get("bias", Init.Zeros, decay: false, config.Vocabulary)));
    }

    public override int VocabularySize => config.Vocabulary;
    public override int MaxLength => config.Positions;
    protected internal override EncoderSizes Sizes => config.Sizes;

    protected override Tensor Encode(TokenBatch batch, Ragged ragged, Action<Tensor>? observe)
    {
        var x = Scope.Run(() =>
        {
            var embedded = embeddings.Forward(batch, Places.Counted(batch), ragged);                           // (T, width)
            return project is null ? embedded : project.Forward(embedded);
        });
        return encoder.Forward(x, ragged, observe);
    }

    // transformers' ElectraConfig: where it differs from BertConfig.
    internal static ModelConfig WithDefaults(ModelConfig source) => source.WithDefault("hidden_size", 256).WithDefault("num_attention_heads", 4).WithDefault("intermediate_size", 1024);
}
