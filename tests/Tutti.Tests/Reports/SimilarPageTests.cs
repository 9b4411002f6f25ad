using Tutti.Labels;

namespace Tutti.Tests.Reports;

/// <summary>Near duplicates and outliers in the report, as a reader has them.</summary>
public sealed class SimilarPageTests(Browser browser) : IClassFixture<Browser>, IDisposable
{
    const string Hostile = "<img src=x onerror=hacked()> </script><b>bold</b>";

    readonly TempFolder folder = Shared.Temp();

    public void Dispose() => folder.Dispose();

    static ComparedRow Row(string id, int? fold, string? given, string text, bool test = false) => new(id, test, fold, given, text);

    MadeReport Make()
    {
        var report = MadeReport.Of(folder, 60, ["water", "fire"], row => $"text {row}");
        DuplicateGroup[] groups =
        [
            new([Row("r1", 0, "water", Hostile), Row("r2", 1, "fire", Hostile)], 0),
            new([Row("r3", 0, "fire", "a text"), Row("t1", null, null, "a texts", test: true)], 0.05),
            new([.. Enumerable.Range(10, 25).Select(row => Row($"r{row}", 0, row == 34 ? "fire" : "water", "over and over"))], 0.01),
        ];
        return new() { Rows = report.Rows, Source = report.Source with { Similar = new("made seed 1", 60, [new(Row("r9", 1, "water", "unlike the others"), 0.01, true), new(Row("r8", 0, "fire", "a bit unlike"), 0.3, false)], groups) } };
    }

    [Fact]
    public async Task Groups_and_outliers_are_listed_with_what_is_wrong_and_texts_stay_texts()
    {
        await using var opened = await browser.Open(Make().Write(folder));
        var rows = opened.Page.Locator("#similar .table >> nth=0 >> tbody tr");
        Assert.Equal(3, await rows.CountAsync());
        var first = await rows.Nth(0).InnerTextAsync();
        Assert.Contains(Hostile, first, StringComparison.Ordinal);
        Assert.Contains("different labels, several folds", first, StringComparison.Ordinal);
        Assert.Contains("train and test", await rows.Nth(1).InnerTextAsync(), StringComparison.Ordinal);
        var many = await rows.Nth(2).InnerTextAsync();
        Assert.Contains("and 15 more", many, StringComparison.Ordinal);
        Assert.Contains("r34", many, StringComparison.Ordinal);                  // of a large group one of each label is among those shown
        var outliers = opened.Page.Locator("#similar .table >> nth=1 >> tbody tr");
        Assert.Equal(["r9", "r8"], await outliers.Locator("code").AllInnerTextsAsync());
        Assert.Contains("1 row of 60 is unlike all others", await opened.Page.InnerTextAsync("#similar"), StringComparison.Ordinal);
        Assert.Empty(opened.Complaints);
        Assert.Single(opened.Requests);
    }

    [Fact]
    public async Task They_are_filtered_and_sorted_and_fit_a_phone()
    {
        await using var opened = await browser.Open(Make().Write(folder), width: 390);
        Assert.Equal(390, await opened.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        await opened.Page.FillAsync("#similar .filter >> nth=0", "train and test");
        Assert.Equal(1, await opened.Page.Locator("#similar .table >> nth=0 >> tbody tr").CountAsync());
        await opened.Page.FillAsync("#similar .filter >> nth=1", "bit");
        Assert.Equal(["r8"], await opened.Page.Locator("#similar .table >> nth=1 >> tbody code").AllInnerTextsAsync());
    }
}
