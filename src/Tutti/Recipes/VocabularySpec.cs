using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Tutti.Text;
using Tutti.Training;

namespace Tutti.Recipes;

/// <summary>How a learnt vocabulary cuts texts.</summary>
public enum VocabularyKind { Wordpiece, Bpe, Unigram, Words, Subwords }

/// <summary>A vocabulary to learn from the training rows.</summary>
[ShortForm("size")]
public sealed record VocabularySpec
{
    [Description("wordpiece (lower case, as BERT's), bpe (bytes, as RoBERTa's) or unigram (as SentencePiece's); words or subwords (whole words, or pieces of them, behind fastai's text rules, as ULMFiT and MultiFiT); default: bpe for kind: roberta, words for awd-lstm, else wordpiece.")]
    public VocabularyKind? Kind { get; init; }

    [Description("The most tokens, the special ones included.")]
    [Range(1, int.MaxValue)]
    public required int Size { get; init; }

    [Description("Whose habits kind: words cuts texts by: en, de, or none for texts that are cut by blanks already; default: en.")]
    public WordLanguage? Language { get; init; }

    [Description("How often a word of kind: words occurs at least; default: 3.")]
    [Range(1, int.MaxValue)]
    public int? MinFrequency { get; init; }

    public static implicit operator VocabularySpec(int size) => new() { Size = size };

    internal VocabularyKind KindFor(EncoderKind? encoder) => Kind ?? (encoder switch
    {
        EncoderKind.Roberta => VocabularyKind.Bpe,
        EncoderKind.AwdLstm or null => VocabularyKind.Words,
        _ => VocabularyKind.Wordpiece,
    });

    internal IEnumerable<ConfigFault> Validate(EncoderKind? encoder)
    {
        var kind = KindFor(encoder);
        if (kind == VocabularyKind.Wordpiece && encoder == EncoderKind.Roberta)
            yield return new("kind", "got wordpiece for kind: roberta, expected bpe, unigram, words or subwords");
        if (kind != VocabularyKind.Words)
            foreach (var (key, value) in new (string, object?)[] { ("language", Language), ("min-frequency", MinFrequency) })
                if (value is not null) yield return new(key, $"is for kind: words, got kind: {RecipeJson.Name(kind)}");
        if (MinFrequency < 1) yield return new("min-frequency", FormattableString.Invariant($"got {MinFrequency}, expected at least 1"));
        var (least, parts) = kind switch
        {
            VocabularyKind.Bpe => (ByteBpeTrainer.LeastSize, "the special tokens and the 256 bytes"),
            VocabularyKind.Words or VocabularyKind.Subwords => (TextRules.SpecialTokens.Count + 1, "the special tokens and one more"),
            _ => (6, "the special tokens and one more"),
        };
        if (Size < least)
            yield return new("size", FormattableString.Invariant($"got {Size}, expected at least {least} for {RecipeJson.Name(kind)}: {parts}"));
    }

    /// <summary>Learns it; the same texts give the same vocabulary.</summary>
    internal Tokenizer Learn(IEnumerable<string> texts, EncoderKind? encoder)
    {
        var types = encoder != EncoderKind.Roberta;
        return KindFor(encoder) switch
        {
            VocabularyKind.Bpe => ByteBpeTrainer.Train(texts, Size, types),
            VocabularyKind.Unigram => UnigramTrainer.Train(texts, Size, types),
            VocabularyKind.Words => UlmfitTokenizer.Learn(texts, Language ?? WordLanguage.En, Size, MinFrequency ?? WordVocabulary.DefaultLeast),
            VocabularyKind.Subwords => UlmfitTokenizer.LearnSubwords(texts, Size),
            _ => WordPieceTrainer.Train(texts, Size),
        };
    }
}
