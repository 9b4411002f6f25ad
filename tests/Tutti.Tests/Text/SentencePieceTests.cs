using Tutti.Text;
using static Tutti.Tests.Text.SentencePieceMade;

namespace Tutti.Tests.Text;

/// <summary>SentencePiece models and the classes around them where the recorded fixtures have none.</summary>
public class SentencePieceTests
{
    static int[] Encode(byte[] file, string text)
    {
        var ids = new List<int>();
        new SentencePiece(SentencePieceFile.Read("made.model", file)).Encode(text, ids);
        return [.. ids];
    }

    static Tokenizer Load(byte[] file, string config, string? name = null, string? model = null)
    {
        using var folder = Shared.Temp();
        folder.Write(name ?? "sentencepiece.bpe.model", file);
        if (config.Length > 0) folder.Write("tokenizer_config.json", config);
        if (model is not null) folder.Write("config.json", model);
        return Tokenizer.Load(folder.Path);
    }

    [Fact]
    public void The_likeliest_pieces_are_taken_and_a_run_of_unknown_characters_is_one()
    {
        var file = File(Letters("<unk>"));
        Assert.Equal([4], Encode(file, "ab"));
        Assert.Equal([4, 2], Encode(file, "  aba "));
        Assert.Equal([1, 3, 0, 2], Encode(file, "bxyza"));
        Assert.Empty(Encode(file, ""));
        Assert.Empty(Encode(file, "   "));
    }

    [Fact]
    public void Of_equally_likely_cuts_the_one_whose_last_piece_starts_earlier_stays() =>
        // ab + c and a + bc score the same; the way to the end that was found first starts at a.
        Assert.Equal([1, 5], Encode(File([("<unk>", 0, PieceType.Unknown), ("\u2581a", -1, PieceType.Normal), ("\u2581ab", -1, PieceType.Normal), ("b", -9, PieceType.Normal),
            ("c", -1, PieceType.Normal), ("bc", -1, PieceType.Normal)]), "abc"));

    [Fact]
    public void A_user_defined_piece_always_wins_and_is_not_normalised()
    {
        var pieces = Letters("<unk>").Append(("aXa", 0, PieceType.UserDefined)).Append(("a\u2581\u2581a", -0.01f, PieceType.Normal));
        Assert.Equal([1, 5, 3], Encode(File(pieces), "aXab"));
    }

    [Fact]
    public void A_word_model_takes_whole_words_and_a_character_model_characters()
    {
        var pieces = Letters("<unk>");
        Assert.Equal([4, 0], Encode(File(pieces, PieceModel.Word), "ab b"));
        Assert.Equal([1, 2, 3, 0], Encode(File(pieces, PieceModel.Char), "abx"));
    }

    [Fact]
    public void Without_the_dummy_prefix_and_with_blanks_kept_nothing_is_added_or_joined() =>
        Assert.Equal([2, 1, 1, 3], Encode(File(Letters("<unk>"), normalizer: spec =>
        {
            Flag(spec, 3, false);
            Flag(spec, 4, false);
        }), "a  b"));

    [Fact]
    public void Unused_pieces_of_bpe_are_steps_only()
    {
        // a+b merges to the unused ab first; abc is a piece, abd is none.
        var file = File([("<unk>", 0, PieceType.Unknown), ("a", -1, PieceType.Normal), ("b", -2, PieceType.Normal), ("c", -3, PieceType.Normal), ("ab", -4, PieceType.Unused),
            ("abc", -5, PieceType.Normal), ("\u2581", -6, PieceType.Normal)], PieceModel.Bpe);
        Assert.Equal([6, 5, 1, 2], Encode(file, "abcab"));
    }

    [Fact]
    public void Camembert_sets_four_tokens_before_the_pieces_and_the_mask_behind()
    {
        var tokenizer = Load(File(Letters("<unk>", "<s>", "</s>")), """{"tokenizer_class":"CamembertTokenizer"}""");
        // <unk> 0, <s> 1, </s> 2 of the model become 4, 5, 6; the space sign 7, a 8, b 9, ab 10, mask 7 + 4.
        Assert.Equal([5, 10, 3, 6], tokenizer.Encode("abx").Ids);
        Assert.Equal([5, 10, 6, 6, 7, 8, 6], tokenizer.Encode("ab", "a").Ids);
        Assert.Equal([5, 7, 8, 11, 10, 6], tokenizer.Encode("a <mask>ab").Ids);
        Assert.Equal((12, 1, 3, 11), (tokenizer.VocabularySize, tokenizer.PadId, tokenizer.UnknownId, tokenizer.MaskId));
    }

    [Fact]
    public void A_special_token_that_deberta_lacks_gets_the_next_id_and_takes_the_blanks_around_it()
    {
        var file = File(Letters("[PAD]", "[CLS]", "[SEP]", "[UNK]"));
        var tokenizer = Load(file, """{"do_lower_case":false,"vocab_type":"spm"}""", "spm.model", """{"model_type":"deberta-v2"}""");
        Assert.Equal("DebertaV2Tokenizer", tokenizer.Kind);
        Assert.Equal((9, 8), (tokenizer.VocabularySize, tokenizer.MaskId));
        Assert.Equal([1, 7, 8, 7, 2], tokenizer.Encode("ab [MASK] ab").Ids);
        Assert.Equal("ab [MASK] ab", tokenizer.Decode(tokenizer.Encode("ab [MASK] ab").Ids, skipSpecial: false)[6..^6]);
        using var folder = Shared.Temp();
        tokenizer.Save(folder.Path);
        Assert.Equal(file, System.IO.File.ReadAllBytes(folder.File("spm.model")));
        Assert.Equal([1, 7, 8, 7, 2], Tokenizer.Load(folder.Path).Encode("ab [MASK] ab").Ids);
    }

    [Fact]
    public void Deberta_cuts_at_punctuation_where_asked_for()
    {
        var pieces = Letters("[PAD]", "[CLS]", "[SEP]", "[UNK]").Append((",", -1, PieceType.Normal)).Append(("\u2581ab,", 0, PieceType.Normal)).ToArray();
        Assert.Equal([1, 9, 2], Load(File(pieces), """{"tokenizer_class":"DebertaV2Tokenizer"}""").Encode("ab,").Ids);
        Assert.Equal([1, 7, 4, 8, 2], Load(File(pieces), """{"tokenizer_class":"DebertaV2Tokenizer","split_by_punct":true}""").Encode("ab,").Ids);
    }

    [Fact]
    public void The_kind_of_a_vocabulary_file_follows_from_the_model_beside_it()
    {
        using var folder = Shared.Temp();
        folder.Write("vocab.txt", "<s>\n<pad>\n</s>\n[UNK]\nhello\n##s\n<mask>\n");
        folder.Write("config.json", """{"model_type":"mpnet"}""");
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal("MPNetTokenizer", tokenizer.Kind);
        Assert.Equal([0, 4, 5, 2, 2, 4, 2], tokenizer.Encode("Hellos", "hello").Ids);
        Assert.False(tokenizer.UsesTokenTypes);
        tokenizer.Save(folder.File("saved"));
        Assert.Equal([0, 4, 6, 2], Tokenizer.Load(folder.File("saved")).Encode("hello<mask>").Ids);
    }

    [Fact]
    public void Without_a_class_or_a_model_the_kinds_are_named()
    {
        var message = Assert.Throws<DataException>(() => Load(File(Letters("<unk>")), "")).Message;
        Assert.Contains("says no tokenizer_class", message, StringComparison.Ordinal);
        Assert.Contains("CamembertTokenizer", message, StringComparison.Ordinal);
    }

    public static TheoryData<string, byte[]> Broken() => new()
    {
        { "has no pieces", [] },
        { "not a SentencePiece model", "not a protobuf"u8.ToArray() },
        { "piece 'a' has id 1 and id 2", File([("<unk>", 0, PieceType.Unknown), ("a", 0, PieceType.Normal), ("a", 0, PieceType.Normal)]) },
        { "no piece is of type unknown", File([("a", 0, PieceType.Normal)]) },
        { "the pieces 0 and 1 are both of type unknown", File([("<unk>", 0, PieceType.Unknown), ("<unk2>", 0, PieceType.Unknown)]) },
        { "piece 1 has 0 characters", File([("<unk>", 0, PieceType.Unknown), ("", 0, PieceType.Normal)]) },
        { "is NaN, expected a number", File([("<unk>", 0, PieceType.Unknown), ("a", float.NaN, PieceType.Normal)]) },
        { "is of type 9, expected 1 to 6", File([("<unk>", 0, PieceType.Unknown), ("a", 0, (PieceType)9)]) },
        { "model_type is 7, expected 1 to 4", File(Letters("<unk>"), (PieceModel)7) },
        { "the byte piece <0x00> is missing", File(Letters("<unk>"), byteFallback: true) },
        { "but trainer_spec.byte_fallback is false", File(Letters("<unk>").Append(("<0x00>", 0, PieceType.Byte))) },
        { "its trie 4294967295", File(Letters("<unk>"), normalizer: spec => Field(spec, 2, [255, 255, 255, 255])) },
        { "begins at byte", File(Letters("<unk>"))[..^3] },
    };

    [Theory, MemberData(nameof(Broken))]
    public void A_broken_model_is_named(string expected, byte[] file)
    {
        var error = Assert.Throws<DataException>(() => Load(file, """{"tokenizer_class":"T5Tokenizer"}""", "spiece.model"));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.EndsWith("spiece.model", error.File, StringComparison.Ordinal);
    }
}
