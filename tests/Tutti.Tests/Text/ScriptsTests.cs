using Tutti.Text;

namespace Tutti.Tests.Text;

public sealed class ScriptsTests
{
    [Theory]
    [InlineData("fire", "Latin")]
    [InlineData("##üß", "Latin")]
    [InlineData(" the", "Latin")]
    [InlineData("огонь", "Cyrillic")]
    [InlineData("φωτιά", "Greek")]
    [InlineData("שלום", "Hebrew")]
    [InlineData("نار", "Arabic")]
    [InlineData("आग", "Devanagari")]
    [InlineData("ไฟ", "Thai")]
    [InlineData("火", "Han")]
    [InlineData("ひ", "Hiragana")]
    [InlineData("カ", "Katakana")]
    [InlineData("불", "Hangul")]
    [InlineData("\U00020000", "Han")]
    [InlineData("ᚠ", "other letters")]
    [InlineData("2026", "digits")]
    [InlineData("½", "digits")]
    [InlineData("!?", "punctuation and symbols")]
    [InlineData("😀", "punctuation and symbols")]
    [InlineData("\uFFFD", "parts of characters")]
    [InlineData(" \n", "blank")]
    [InlineData("", "blank")]
    [InlineData("abя", "Latin")]                            // most letters decide
    public void A_text_is_in_the_script_of_its_letters(string text, string script) => Assert.Equal(script, Scripts.Of(text));
}
