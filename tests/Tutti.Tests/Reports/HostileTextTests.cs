using System.Text.RegularExpressions;

namespace Tutti.Tests.Reports;

/// <summary>Texts, class names and notes full of HTML and scripts: shown as text, never run.</summary>
public sealed class HostileTextTests(Browser browser) : IClassFixture<Browser>, IDisposable
{
    static readonly string[] texts =
    [
        "<script>window.hacked = 1</script>", "</script><script>window.hacked = 1</script>", "<!-- <script> -->", "]]><!--", "<img src=x onerror=\"window.hacked=1\">", "<svg onload=window.hacked=1>",
        "\" onmouseover=\"window.hacked=1", "javascript:window.hacked=1", "{{constructor.constructor('window.hacked=1')()}}", "${window.hacked=1}", "</title></style></textarea><iframe src=javascript:parent.hacked=1>",
        "line\u2028separator\u2029 and \u0001 control, \ud83d\ude00 face, \u202e turned", "&lt;b&gt; &amp;amp; &#60;", "<b>bold</b>", "/* data */", "\\u003c/script\\u003e",
    ];

    static readonly string[] classes = ["</script><b onclick=window.hacked=1>", "<img src=x onerror=window.hacked=1>"];

    readonly TempFolder folder = Shared.Temp();

    public void Dispose() => folder.Dispose();

    MadeReport Make() => MadeReport.Of(folder, 64, classes, row => texts[row % texts.Length]);

    [Fact]
    public async Task They_are_shown_as_they_are_and_do_nothing()
    {
        var report = Make();
        await using var opened = await browser.Open(report.Write(folder));
        Dictionary<string, string> shown = [];
        for (var truth = 0; truth < 2; truth++)
            for (var predicted = 0; predicted < 2; predicted++)
            {
                await opened.Choose(truth, predicted);
                var ids = await opened.IdsBehind();
                var found = await opened.Page.Locator("#rows-behind tbody td.long").AllTextContentsAsync();
                foreach (var (id, text) in ids.Zip(found)) shown.Add(id, text);
            }
        Assert.Equal(report.Set.Count, shown.Count);
        Assert.All(shown, row => Assert.Equal(texts[int.Parse(row.Key[1..], System.Globalization.CultureInfo.InvariantCulture) % texts.Length], row.Value));
        Assert.Equal(0, await opened.Page.EvaluateAsync<int>("document.querySelectorAll('img, iframe, main script, main b[onclick], main svg[onload]').length"));
        Assert.True(await opened.Page.EvaluateAsync<bool>("window.hacked === undefined"));
        Assert.Contains(classes[0], await opened.Page.InnerTextAsync("#confusion"), StringComparison.Ordinal);
        Assert.Contains("<img src=x onerror=hacked()> said something", await opened.Page.InnerTextAsync("#surprises"), StringComparison.Ordinal);
        Assert.Empty(opened.Complaints);
        Assert.Single(opened.Requests);
    }

    [Fact]
    public void They_cannot_leave_the_document_that_stands_in_the_page()
    {
        var page = File.ReadAllText(Make().Write(folder));
        var start = page.IndexOf("id=\"run-data\">", StringComparison.Ordinal);
        var end = page.IndexOf("</script>", start, StringComparison.Ordinal);
        var data = page[(start + 14)..end];
        Assert.DoesNotMatch(new Regex("[<>&']"), data);
        Assert.EndsWith("}", data, StringComparison.Ordinal);
        // Beside the document there is one script, the bundle.
        Assert.Equal(2, Regex.Count(page, "</script", RegexOptions.IgnoreCase));
    }
}
