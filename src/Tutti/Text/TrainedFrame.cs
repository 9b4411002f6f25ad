namespace Tutti.Text;

/// <summary>The special tokens of a tokenizer that is learnt, their ids from 0, and where they stand.</summary>
/// <param name="Order">The tokens by id.</param>
/// <param name="TokenTypes">Whether the second text of a pair has another type.</param>
sealed record TrainedFrame(SpecialTokens Special, IReadOnlyList<string> Order, bool TokenTypes)
{
    public static readonly TrainedFrame Bert = new(new("[UNK]", "[PAD]", "[CLS]", "[SEP]", "[MASK]"), ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], true);

    public static readonly TrainedFrame Roberta =
        new(new("<unk>", "<pad>", "<s>", "</s>", "<mask>", "<s>", "</s>"), ["<s>", "<pad>", "</s>", "<unk>", "<mask>"], false);

    /// <summary>A tokenizer of a learnt model, which is nothing but its tokenizer.json.</summary>
    public Tokenizer Around(TokenModel model, Normalizer? normalizer, PreTokenizer preTokenizer, Decoder decoder)
    {
        var ids = model.Vocabulary;
        return new(new()
        {
            ClassName = TokenizerJson.Generic,
            Normalizer = normalizer,
            PreTokenizer = preTokenizer,
            Model = model,
            Decoder = decoder,
            Template = TokenizerKind.Around(Special.Cls!, ids[Special.Cls!], Special.Sep!, ids[Special.Sep!], twoBetween: !TokenTypes),
            Special = Special,
            Added = [.. Order.Select(token => new AddedToken(ids[token], token, Special: true, LeftStrip: token == Special.Mask))],
            UsesTokenTypes = TokenTypes,
        });
    }
}
