namespace Tutti.Text;

/// <summary>Reads the "pre_tokenizer" of a tokenizer.json.</summary>
static class JsonPreTokenizers
{
    public static PreTokenizer Read(JsonPart part) => part["type"].Text switch
    {
        "BertPreTokenizer" => new BertPreTokenizer(),
        "ByteLevel" => new ByteLevel(part.FlagOf("add_prefix_space", true), part.FlagOf("use_regex", true)),
        "Whitespace" => new WhitespacePreTokenizer(spacesOnly: false),
        "WhitespaceSplit" => new WhitespacePreTokenizer(spacesOnly: true),
        "Metaspace" => new Metaspace(One(part, "replacement", '\u2581'),
            JsonNames.Of(part, "prepend_scheme", part.FlagOf("add_prefix_space", true) ? PrependScheme.Always : PrependScheme.Never), part.FlagOf("split", true)),
        "Split" => new PatternSplit(TextPattern.Read(part["pattern"]), JsonNames.Of(part, "behavior", SplitBehavior.Removed), part.FlagOf("invert")),
        "Punctuation" => new PunctuationSplit(JsonNames.Of(part, "behavior", SplitBehavior.Isolated)),
        "Digits" => new DigitSplit(part.FlagOf("individual_digits")),
        "CharDelimiterSplit" => new DelimiterSplit(One(part, "delimiter", null)),
        WordCutter.Type => WordCutter.Read(part),
        "Sequence" => new PreTokenizerSequence([.. part["pretokenizers"].Items.Select(Read)]),
        _ => throw TokenizerJson.Unsupported(part,
            "BertPreTokenizer, ByteLevel, Whitespace, WhitespaceSplit, Metaspace, Split, Punctuation, Digits, CharDelimiterSplit or Sequence"),
    };

    static char One(JsonPart part, string name, char? otherwise)
    {
        if (otherwise is { } c && part.Find(name) is null) return c;
        return part[name].Text is [var one] ? one : throw part[name].Error("one character");
    }
}
