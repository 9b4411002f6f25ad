using Tutti.Recipes;
using Tutti.Tests.Recipes;

namespace Tutti.Tests.Reports;

/// <summary>The page of a run of task ratings, in a browser.</summary>
public sealed class ItemsPageTests(Browser browser, MadeRatings made) : IClassFixture<Browser>, IClassFixture<MadeRatings>
{
    [Fact]
    public async Task It_shows_errors_items_axes_and_the_map()
    {
        using var temp = Shared.Temp();
        var path = temp.File("report.html");
        RatingsReport.Write(made.Folder, path);
        await using var opened = await browser.Open(path);
        Assert.Equal("RMSE", await opened.Page.InnerTextAsync("#headline .what"));
        Assert.Contains("blend (linear)", await opened.Page.InnerTextAsync("#leaderboard"), StringComparison.Ordinal);
        var items = await opened.Page.InnerTextAsync("#items");
        foreach (var word in new[] { "Liked by whoever rates them", "What items differ in", "Comédie", "Thriller", "Items by the first two axes" }) Assert.Contains(word, items, StringComparison.Ordinal);
        Assert.Equal(10, await opened.Page.Locator("#items svg circle").CountAsync());
        Assert.Empty(opened.Complaints);
    }
}
