using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Tutti.Text;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>How a learnt vocabulary cuts texts.</summary>
public enum VocabularyKind { Wordpiece, Bpe, Unigram }

/// <summary>A vocabulary to learn from the training rows.</summary>
[ShortForm("size")]
public sealed record VocabularySpec
{
    [Description("wordpiece (lower case, as BERT's), bpe (bytes, as RoBERTa's) or unigram (as SentencePiece's); default: wordpiece for kind: bert, bpe for roberta.")]
    public VocabularyKind? Kind { get; init; }

    [Description("The most tokens, the special ones included.")]
    [Range(1, int.MaxValue)]
    public required int Size { get; init; }

    public static implicit operator VocabularySpec(int size) => new() { Size = size };

    VocabularyKind KindFor(EncoderKind? encoder) => Kind ?? (encoder == EncoderKind.Roberta ? VocabularyKind.Bpe : VocabularyKind.Wordpiece);

    internal IEnumerable<ConfigFault> Validate(EncoderKind? encoder)
    {
        if (encoder is null) yield break;
        var kind = KindFor(encoder);
        if (kind == VocabularyKind.Wordpiece && encoder == EncoderKind.Roberta)
            yield return new("kind", "got wordpiece for kind: roberta, expected bpe or unigram");
        var least = kind == VocabularyKind.Bpe ? ByteBpeTrainer.LeastSize : 6;
        if (Size < least)
            yield return new("size", FormattableString.Invariant($"got {Size}, expected at least {least} for {RecipeJson.Name(kind)}: the special tokens {(kind == VocabularyKind.Bpe ? "and the 256 bytes" : "and one more")}"));
    }

    /// <summary>Learns it; the same texts give the same vocabulary.</summary>
    internal Tokenizer Learn(IEnumerable<string> texts, EncoderKind? encoder)
    {
        var types = encoder != EncoderKind.Roberta;
        return KindFor(encoder) switch
        {
            VocabularyKind.Bpe => ByteBpeTrainer.Train(texts, Size, types),
            VocabularyKind.Unigram => UnigramTrainer.Train(texts, Size, types),
            _ => WordPieceTrainer.Train(texts, Size),
        };
    }
}
