using System.Text;
using Tutti.Text;

namespace Tutti.Tests.Text;

public class UnicodeNormalizationTests
{
    [Theory]                        // source, NFC, NFD, NFKC, NFKD: the examples of UAX #15, figures 3 to 6, and the hangul of its section 16
    [InlineData("\u212B", "\u00C5", "A\u030A", "\u00C5", "A\u030A")]
    [InlineData("\u2126", "\u03A9", "\u03A9", "\u03A9", "\u03A9")]
    [InlineData("\u1E0B\u0323", "\u1E0D\u0307", "d\u0323\u0307", "\u1E0D\u0307", "d\u0323\u0307")]
    [InlineData("q\u0307\u0323", "q\u0323\u0307", "q\u0323\u0307", "q\u0323\u0307", "q\u0323\u0307")]
    [InlineData("\uFB01", "\uFB01", "\uFB01", "fi", "fi")]
    [InlineData("2\u2075", "2\u2075", "2\u2075", "25", "25")]
    [InlineData("\u1E9B\u0323", "\u1E9B\u0323", "\u017F\u0323\u0307", "\u1E69", "s\u0323\u0307")]
    [InlineData("\uD55C", "\uD55C", "\u1112\u1161\u11AB", "\uD55C", "\u1112\u1161\u11AB")]
    [InlineData("\u0958", "\u0915\u093C", "\u0915\u093C", "\u0915\u093C", "\u0915\u093C")]      // a composition exclusion
    public void The_four_forms_of_the_standards_examples(string source, string nfc, string nfd, string nfkc, string nfkd)
    {
        Assert.Equal(nfc, UnicodeNormalization.Normalize(source, NormalizationForm.FormC));
        Assert.Equal(nfd, UnicodeNormalization.Normalize(source, NormalizationForm.FormD));
        Assert.Equal(nfkc, UnicodeNormalization.Normalize(source, NormalizationForm.FormKC));
        Assert.Equal(nfkd, UnicodeNormalization.Normalize(source, NormalizationForm.FormKD));
    }

    [Fact]
    public void For_every_code_point_the_forms_agree_with_each_other()
    {
        var decomposed = 0;
        for (var code = 0; code < 0x110000; code++)
        {
            if (!Rune.IsValid(code)) continue;
            var text = new Rune(code).ToString();
            var nfd = UnicodeNormalization.Normalize(text, NormalizationForm.FormD);
            var nfc = UnicodeNormalization.Normalize(text, NormalizationForm.FormC);
            if (nfd == text && nfc == text) continue;
            decomposed++;
            Assert.Equal(nfd, UnicodeNormalization.Normalize(nfd, NormalizationForm.FormD));
            Assert.Equal(nfd, UnicodeNormalization.Normalize(nfc, NormalizationForm.FormD));
            Assert.Equal(nfc, UnicodeNormalization.Normalize(nfd, NormalizationForm.FormC));
            Assert.Equal(UnicodeNormalization.Normalize(text, NormalizationForm.FormKD),
                UnicodeNormalization.Normalize(nfd, NormalizationForm.FormKD));
        }
        Assert.Equal(11_172 + 2_061, decomposed);                   // hangul syllables and the canonical decompositions of Unicode 14
    }
}
