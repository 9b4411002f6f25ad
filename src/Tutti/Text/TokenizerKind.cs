namespace Tutti.Text;

/// <summary>What Hugging Face's tokenizer classes have built in, where the vocabulary files do not say it.</summary>
sealed record TokenizerKind(string ClassName, bool IsWordPiece, SpecialTokens Defaults, bool UsesTokenTypes, PrefixBlank PrefixBlank, bool Bare = false)
{
    static readonly SpecialTokens bert = new("[UNK]", "[PAD]", "[CLS]", "[SEP]", "[MASK]");
    static readonly SpecialTokens roberta = new("<unk>", "<pad>", "<s>", "</s>", "<mask>", "<s>", "</s>");
    static readonly SpecialTokens gpt2 = new("<|endoftext|>", Bos: "<|endoftext|>", Eos: "<|endoftext|>");

    static readonly TokenizerKind[] all =
    [
        .. new[] { "BertTokenizer", "ElectraTokenizer", "ConvBertTokenizer", "MobileBertTokenizer", "SqueezeBertTokenizer", "LayoutLMTokenizer" }
            .Select(name => new TokenizerKind(name, true, bert, UsesTokenTypes: true, PrefixBlank.No)),
        new("DistilBertTokenizer", true, bert, UsesTokenTypes: false, PrefixBlank.No),
        .. new[] { "RobertaTokenizer", "LongformerTokenizer", "BartTokenizer" }
            .Select(name => new TokenizerKind(name, false, roberta, UsesTokenTypes: false, PrefixBlank.UnlessSpace)),
        new("GPT2Tokenizer", false, gpt2, UsesTokenTypes: false, PrefixBlank.Always, Bare: true),
    ];

    public static IEnumerable<string> Names => all.Select(kind => kind.ClassName);

    public static TokenizerKind? Find(string? className) => all.FirstOrDefault(kind => kind.ClassName == className);

    /// <summary>RoBERTa's mask takes the blank before it.</summary>
    public bool StripsLeft(string role) => !IsWordPiece && !Bare && role == "mask_token";

    /// <summary>BERT: [CLS] A [SEP] B [SEP]; RoBERTa: &lt;s&gt; A &lt;/s&gt;&lt;/s&gt; B &lt;/s&gt;; GPT-2: nothing but, if asked for, a start token.</summary>
    public SpecialTemplate Template(SpecialTokens special, IReadOnlyDictionary<string, int> ids, bool addBos)
    {
        if (Bare)
        {
            if (!addBos || special.Bos is not { } bos) return SpecialTemplate.Bare;
            var start = SpecialTemplate.Special(bos, ids[bos]);
            return new([start, SpecialTemplate.First()], [start, SpecialTemplate.First(), start, SpecialTemplate.Second(1)]);
        }
        return Around(special.Cls!, ids[special.Cls!], special.Sep!, ids[special.Sep!], twoBetween: !IsWordPiece);
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
