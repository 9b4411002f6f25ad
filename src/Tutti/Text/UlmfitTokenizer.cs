using System.Text;
using System.Text.Json;

namespace Tutti.Text;

/// <summary>
/// Tokenizers as fastai and ULMFiT have them: the <see cref="TextRules"/>, then words of a list (or pieces of words, as MultiFiT), <c>xxbos</c> before each text and nothing behind it.
/// </summary>
public static class UlmfitTokenizer
{
    /// <summary>The class that tokenizer_config.json names.</summary>
    public const string ClassName = "UlmfitTokenizer";

    const char Sign = '\u2581';

    internal static SpecialTokens Roles { get; } = new(TextRules.Unknown, TextRules.Pad, Bos: TextRules.Begin, Eos: TextRules.End);

    /// <summary>A tokenizer of a list of words that is there already, such as fastai's vocabulary beside published weights; the id of a word is its place.</summary>
    /// <param name="where">What the list comes from, for errors.</param>
    /// <exception cref="DataException">The list is empty, has a word twice, or lacks xxunk, xxpad or xxbos.</exception>
    public static Tokenizer Of(IReadOnlyList<string> words, WordLanguage language = WordLanguage.En, string where = "the list of words") =>
        Around(WordList.Of(words, where), new TextRulesNormalizer(), new WordCutter(language), pieces: false);

    /// <summary>Learns the list from texts; equal texts in the same order give the same list.</summary>
    /// <param name="size">The most words, the nine special tokens included; up to eight fillers follow.</param>
    /// <param name="least">How often a word occurs at least.</param>
    public static Tokenizer Learn(
        IEnumerable<string> texts, WordLanguage language = WordLanguage.En, int size = WordVocabulary.DefaultSize, int least = WordVocabulary.DefaultLeast) =>
        Of(WordVocabulary.Learn(texts, new TextRulesNormalizer(), new WordCutter(language), least, size), language, "the learnt list of words");

    /// <summary>Learns pieces of words (unigram, as SentencePiece) from the texts as the rules leave them; special tokens stay whole.</summary>
    /// <param name="size">The most pieces, the nine special tokens included.</param>
    public static Tokenizer LearnSubwords(IEnumerable<string> texts, int size)
    {
        var normalizer = new NormalizerSequence([new TextRulesNormalizer(), new UnicodeNormalizer(NormalizationForm.FormKC)]);
        var preTokenizer = new PreTokenizerSequence([new WhitespacePreTokenizer(spacesOnly: true), new Metaspace(Sign, PrependScheme.Always)]);
        var special = TextRules.SpecialTokens.ToHashSet();
        var model = UnigramTrainer.Model(texts, size, TextRules.SpecialTokens, TextRules.Unknown, normalizer, preTokenizer, word => special.Contains(word.TrimStart(Sign)));
        return Around(model, normalizer, preTokenizer, pieces: true);
    }

    /// <summary>The words by id, fillers included, of a tokenizer of a list of words; null for any other.</summary>
    public static IReadOnlyList<string>? Words(Tokenizer tokenizer) => (tokenizer.Parts.Model as WordList)?.Words;

    /// <summary>Reads a list of words: a JSON list of strings, or one word a line.</summary>
    /// <exception cref="DataException">The file is missing or is no such list.</exception>
    public static IReadOnlyList<string> ReadWords(string file)
    {
        if (!File.Exists(file)) throw new DataException(file, "the file does not exist; expected a list of words");
        var bytes = File.ReadAllBytes(file);
        if (bytes is not [(byte)'[', ..] && bytes is not [(byte)'{', ..]) return TextLines.Read(file);
        try
        {
            using var document = JsonDocument.Parse(TextLines.Decode(file, bytes));
            return [.. new JsonPart(file, "", document.RootElement).Items.Select(word => word.Text)];
        }
        catch (JsonException error)
        {
            throw new DataException(file, $"not JSON: {error.Message}", (error.LineNumber ?? -1) + 1, null, error);
        }
    }

    static Tokenizer Around(TokenModel model, Normalizer normalizer, PreTokenizer preTokenizer, bool pieces)
    {
        var ids = model.Vocabulary;
        var begin = SpecialTemplate.Special(TextRules.Begin, ids[TextRules.Begin]);
        SpecialTemplate.Part[] between = ids.TryGetValue(TextRules.Field, out var field) ? [SpecialTemplate.Special(TextRules.Field, field)] : [];
        return new(new()
        {
            ClassName = ClassName,
            Normalizer = normalizer,
            PreTokenizer = preTokenizer,
            Model = model,
            Decoder = new TextRulesDecoder(pieces),
            Template = new([begin, SpecialTemplate.First()], [begin, SpecialTemplate.First(), .. between, SpecialTemplate.Second(0)]),
            Special = ids.ContainsKey(TextRules.End) ? Roles : Roles with { Eos = null },
            // What says something about the words stays when special tokens are left out: the decoder reads it.
            Added = [.. TextRules.SpecialTokens.Where(ids.ContainsKey).Select(token => new AddedToken(ids[token], token,
                Special: token is TextRules.Pad or TextRules.Begin or TextRules.End or TextRules.Field, SingleWord: true, LeftStrip: true, Normalized: true))],
        });
    }
}
