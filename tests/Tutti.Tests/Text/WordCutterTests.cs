using Tutti.Text;

namespace Tutti.Tests.Text;

/// <summary>Words of English and German by hand from spaCy's rules; docs/tokenizers.md lists the differences that the second test holds.</summary>
public class WordCutterTests
{
    static string Words(string text, WordLanguage language)
    {
        var pieces = new TextPieces { AtStart = true };
        pieces.Append(text);
        pieces.CoverAll();
        new WordCutter(language).Cut(pieces);
        return string.Join('|', pieces.Pieces.Select(piece => pieces[piece].ToString()));
    }

    [Theory]
    [InlineData("i don't think it's (really) good, you can't!", "i|do|n't|think|it|'s|(|really|)|good|,|you|ca|n't|!")]
    [InlineData("dont cannot gonna i'm they've who'd've", "do|nt|can|not|gon|na|i|'m|they|'ve|who|'d|'ve")]
    [InlineData("don\u2019t it\u2019s the dog's tail", "do|n\u2019t|it|\u2019s|the|dog|'s|tail")]
    [InlineData("its ill, he's well", "its|ill|,|he|'s|well")]
    [InlineData("e.g. at 5 p.m. or 10am vs. john f. kennedy", "e.g.|at|5|p.m.|or|10|am|vs.|john|f.|kennedy")]
    [InlineData("5km 10kg, 100% $5.00 20\u20AC 3.14 1,000", "5|km|10|kg|,|100|%|$|5.00|20|\u20AC|3.14|1,000")]
    [InlineData("well-known state-of-the-art 1990s-style -5 a--b", "well|-|known|state|-|of|-|the|-|art|1990s|-|style|-5|a|--|b")]
    [InlineData("one,two and/or yes=no a:b end.\" (end.)", "one|,|two|and/or|yes|=|no|a|:|b|end|.|\"|(|end|.|)")]
    [InlineData("wow... what?!... hm\u2026", "wow|...|what|?|!|...|hm|\u2026")]
    [InlineData("great :) :-( <3 hello:) ;_;", "great|:)|:-(|<3|hello|:)|;_;")]
    [InlineData("see example.com, www.x.org or me@example.co.uk.", "see|example.com|,|www.x.org|or|me@example.co.uk|.")]
    [InlineData("nice\U0001F600\U0001F600!", "nice|\U0001F600|\U0001F600|!")]
    [InlineData("a\n\nb  c \n", "a|\n\n|b| |c|\n")]
    [InlineData("c++ c # f+ +49 c&a @home _x_", "c++|c|#|f+|+49|c&a|@home|_|x|_")]
    [InlineData("", "")]
    [InlineData("...", "...")]
    [InlineData("' '' \"", "'|''|\"")]
    public void English_is_cut_as_spacy_cuts_it(string text, string expected) => Assert.Equal(expected, Words(text, WordLanguage.En));

    [Theory]
    [InlineData("z.b. am 3. mai bzw. ca. 5km/h, usw.", "z.b.|am|3.|mai|bzw.|ca.|5|km/h|,|usw.")]
    [InlineData("hat er's gesehen? ich's nicht.", "hat|er|'s|gesehen|?|ich|'s|nicht|.")]
    [InlineData("und/oder 2010-2012 haha!ja ost-west", "und|/|oder|2010|-|2012|haha|!|ja|ost-west")]
    [InlineData("\u201Ehallo\u201C, sagte frau m\u00FCller", "\u201E|hallo|\u201C|,|sagte|frau|m\u00FCller")]
    [InlineData("lehrer(innen) d.h. 1.000,50 \u20AC", "lehrer|(|innen|)|d.h.|1.000,50|\u20AC")]
    public void German_is_cut_as_spacy_cuts_it(string text, string expected) => Assert.Equal(expected, Words(text, WordLanguage.De));

    /// <summary>spaCy knows what is written with capitals only with its capitals, which the rules have taken away: it cuts these.</summary>
    [Theory]
    [InlineData(":d xd ;d 8d", WordLanguage.En, ":d|xd|;d|8d")]
    [InlineData("sagte prof. dr. m\u00FCller", WordLanguage.De, "sagte|prof.|dr.|m\u00FCller")]
    [InlineData("mr. and mrs. smith of the u.s.a.", WordLanguage.En, "mr.|and|mrs.|smith|of|the|u.s.a.")]
    [InlineData("dr. x. in the u.s., st. john", WordLanguage.En, "dr.|x.|in|the|u.s.|,|st.|john")]
    [InlineData("abb. 3, nr. 5, u.a. z.t.", WordLanguage.De, "abb.|3|,|nr.|5|,|u.a.|z.t.")]
    public void Abbreviations_and_faces_keep_together_in_lower_case(string text, WordLanguage language, string expected) => Assert.Equal(expected, Words(text, language));

    [Fact]
    public void The_examples_of_the_documentation_hold()
    {
        string[] rows = [.. File.ReadLines(Path.Combine(Shared.Root, "docs", "tokenizers.md")).SkipWhile(line => line != "| text | `en` | `de` |").Skip(2).TakeWhile(line => line.StartsWith('|'))];
        Assert.True(rows.Length > 4, $"docs/tokenizers.md has {rows.Length} examples");
        foreach (var row in rows)
        {
            var cells = row.Split('|')[1..4].Select(cell => cell.Trim(' ', '`')).ToArray();
            Assert.Equal(cells[1], Words(cells[0], WordLanguage.En).Replace('|', ' '));
            Assert.Equal(cells[2] == "the same" ? cells[1] : cells[2], Words(cells[0], WordLanguage.De).Replace('|', ' '));
        }
    }

    [Fact]
    public void Without_a_language_only_blanks_cut() => Assert.Equal("don't|(x)|a\n\nb", Words("don't  (x) a\n\nb", WordLanguage.None));

    /// <summary>Nothing of a text is lost but single blanks between words, and no piece lies across another.</summary>
    [Theory]
    [InlineData(WordLanguage.En)]
    [InlineData(WordLanguage.De)]
    public void Pieces_cover_the_text_in_order(WordLanguage language)
    {
        string[] parts = ["a", "don't", "'", "''", "(", ")", ".", "..", ":", "-", "--", " ", "  ", "\n", "5", "km", "/", "\u2026", "z.b.", "u.s", "\U0001F600", "\uD83D", "@", "x.com", "\u00B0f", "+", "$", "\u4E2D", ",", "s", "o'clock", "<3", "\u2019"];
        var random = new TestRandom(11);
        for (var round = 0; round < 3000; round++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Below(14)).Select(_ => parts[random.Below(parts.Length)]));
            var pieces = new TextPieces();
            pieces.Append(text);
            pieces.CoverAll();
            new WordCutter(language).Cut(pieces);
            var at = 0;
            foreach (var (start, length) in pieces.Pieces)
            {
                Assert.True(start >= at && length > 0 && text[at..start].All(c => c == ' ') && start - at <= 1, $"'{text}': a piece begins at {start}, the one before ended at {at}");
                at = start + length;
            }
            Assert.Equal("", text[at..].Trim(' '));
        }
    }

    [Fact]
    public void A_word_of_a_million_signs_is_cut_in_one_go()
    {
        Assert.Equal(500_000, Words(string.Concat(Enumerable.Repeat("(!", 250_000)), WordLanguage.En).Split('|').Length);
        Assert.DoesNotContain('|', Words(string.Concat(Enumerable.Repeat("a.1", 300_000)), WordLanguage.De));
    }
}
