namespace Tutti.Text;

/// <summary>What the vocabulary of a kind lies in.</summary>
enum TokenizerFamily { WordPiece, ByteBpe, SentencePiece }

/// <summary>Where the special tokens stand.</summary>
enum TemplateShape
{
    /// <summary>[CLS] A [SEP] B [SEP], the second text with type 1.</summary>
    Bert,
    /// <summary>&lt;s&gt; A &lt;/s&gt;&lt;/s&gt; B &lt;/s&gt;, no types.</summary>
    Roberta,
    /// <summary>A &lt;/s&gt; B &lt;/s&gt;, no types; no second end where a text has one of its own.</summary>
    T5,
    /// <summary>None but, if asked for, a start token.</summary>
    Bare,
}

/// <summary>What Hugging Face's tokenizer classes have built in, where the vocabulary files do not say it.</summary>
/// <param name="ClassName">As in tokenizer_config.json, without "Fast".</param>
/// <param name="ModelTypes">config.json's model_type of the models that use it where no class is named.</param>
sealed record TokenizerKind(
    string ClassName, TokenizerFamily Family, SpecialTokens Defaults, TemplateShape Shape, bool UsesTokenTypes, params string[] ModelTypes)
{
    static readonly SpecialTokens bert = new("[UNK]", "[PAD]", "[CLS]", "[SEP]", "[MASK]");
    static readonly SpecialTokens roberta = new("<unk>", "<pad>", "<s>", "</s>", "<mask>", "<s>", "</s>");
    static readonly SpecialTokens gpt2 = new("<|endoftext|>", Bos: "<|endoftext|>", Eos: "<|endoftext|>");

    static readonly TokenizerKind[] all =
    [
        WordPiece("BertTokenizer", types: true, "bert"), WordPiece("ElectraTokenizer", types: true, "electra"), WordPiece("ConvBertTokenizer", types: true, "convbert"),
        WordPiece("MobileBertTokenizer", types: true, "mobilebert"), WordPiece("SqueezeBertTokenizer", types: true, "squeezebert"),
        WordPiece("LayoutLMTokenizer", types: true, "layoutlm"), WordPiece("DistilBertTokenizer", types: false, "distilbert"),
        new("MPNetTokenizer", TokenizerFamily.WordPiece, roberta with { Unknown = "[UNK]" }, TemplateShape.Roberta, false, "mpnet"),
        Bytes("RobertaTokenizer", "roberta"), Bytes("LongformerTokenizer", "longformer"), Bytes("BartTokenizer", "bart"),
        new("DebertaTokenizer", TokenizerFamily.ByteBpe, bert with { Bos = "[CLS]", Eos = "[SEP]" }, TemplateShape.Bert, true, "deberta"),
        new("GPT2Tokenizer", TokenizerFamily.ByteBpe, gpt2, TemplateShape.Bare, false, "gpt2"),
        new("AlbertTokenizer", TokenizerFamily.SentencePiece, bert with { Unknown = "<unk>", Pad = "<pad>", Bos = "[CLS]", Eos = "[SEP]" }, TemplateShape.Bert, true, "albert"),
        new("DebertaV2Tokenizer", TokenizerFamily.SentencePiece, bert with { Bos = "[CLS]", Eos = "[SEP]" }, TemplateShape.Bert, true, "deberta-v2"),
        new("XLMRobertaTokenizer", TokenizerFamily.SentencePiece, roberta, TemplateShape.Roberta, false, "xlm-roberta", "xlm-roberta-xl"),
        new("CamembertTokenizer", TokenizerFamily.SentencePiece, roberta, TemplateShape.Roberta, false, "camembert"),
        new("T5Tokenizer", TokenizerFamily.SentencePiece, new("<unk>", "<pad>", Eos: "</s>"), TemplateShape.T5, false, "t5"),
    ];

    static TokenizerKind WordPiece(string name, bool types, string model) => new(name, TokenizerFamily.WordPiece, bert, TemplateShape.Bert, types, model);
    static TokenizerKind Bytes(string name, string model) => new(name, TokenizerFamily.ByteBpe, roberta, TemplateShape.Roberta, false, model);

    public static IEnumerable<string> NamesOf(TokenizerFamily family) => all.Where(kind => kind.Family == family).Select(kind => kind.ClassName);

    public static TokenizerKind? Find(string? className) => all.FirstOrDefault(kind => kind.ClassName == className);

    /// <summary>By config.json's model_type.</summary>
    public static TokenizerKind? OfModel(string? modelType) => modelType is null ? null : all.FirstOrDefault(kind => kind.ModelTypes.Contains(modelType));

    public bool IsWordPiece => Family == TokenizerFamily.WordPiece;
    bool Bare => Shape == TemplateShape.Bare;

    /// <summary>When add_prefix_space puts a blank before a text.</summary>
    public PrefixBlank PrefixBlank => Family != TokenizerFamily.ByteBpe ? PrefixBlank.No : Bare ? PrefixBlank.Always : PrefixBlank.UnlessSpace;

    /// <summary>The mask of RoBERTa and its like takes the blank before it. The other special tokens of the SentencePiece kinds take both.</summary>
    public bool StripsLeft(string? role) => role == "mask_token" && ClassName != "DebertaV2Tokenizer" ? !IsWordPiece && !Bare : Family == TokenizerFamily.SentencePiece;

    /// <summary>A special token that is only named, without flags, takes the blanks on its right in the SentencePiece kinds.</summary>
    public bool StripsRight(string? role) => Family == TokenizerFamily.SentencePiece && StripsLeft(role) && (role != "mask_token" || ClassName == "DebertaV2Tokenizer");

    /// <summary>Whether a vocabulary without this role's token cannot be used.</summary>
    public bool Needs(string role) => role switch
    {
        "cls_token" or "sep_token" => Shape is TemplateShape.Bert or TemplateShape.Roberta,
        "eos_token" => Shape == TemplateShape.T5,
        "unk_token" => Family != TokenizerFamily.ByteBpe,
        _ => false,
    };

    public SpecialTemplate Template(SpecialTokens special, IReadOnlyDictionary<string, int> ids, bool addBos)
    {
        switch (Shape)
        {
            case TemplateShape.Bare:
                if (!addBos || special.Bos is not { } bos) return SpecialTemplate.Bare;
                var start = SpecialTemplate.Special(bos, ids[bos]);
                return new([start, SpecialTemplate.First()], [start, SpecialTemplate.First(), start, SpecialTemplate.Second(1)]);
            case TemplateShape.T5:
                var end = SpecialTemplate.Special(special.Eos!, ids[special.Eos!]);
                return new([SpecialTemplate.First(), end], [SpecialTemplate.First(), end, SpecialTemplate.Second(0), end], onceEach: true);
            default:
                return Around(special.Cls!, ids[special.Cls!], special.Sep!, ids[special.Sep!], twoBetween: Shape == TemplateShape.Roberta);
        }
    }

    /// <param name="twoBetween">RoBERTa's way: two separators between the texts and no types.</param>
    public static SpecialTemplate Around(string cls, int clsId, string sep, int sepId, bool twoBetween)
    {
        var (start, end) = (SpecialTemplate.Special(cls, clsId), SpecialTemplate.Special(sep, sepId));
        var first = SpecialTemplate.First();
        return new([start, first, end], twoBetween
            ? [start, first, end, end, SpecialTemplate.Second(0), end]
            : [start, first, end, SpecialTemplate.Second(1), SpecialTemplate.Special(sep, sepId, 1)]);
    }
}
