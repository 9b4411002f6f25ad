using Microsoft.Playwright;

namespace Tutti.Tests.Reports;

/// <summary>The page as a reader has it: opened in a browser, clicked, typed into.</summary>
public sealed class PageTests(Browser browser) : IClassFixture<Browser>, IDisposable
{
    static readonly string[] classes = ["water", "fire", "earth"];
    readonly TempFolder folder = Shared.Temp();

    public void Dispose() => folder.Dispose();

    MadeReport Make(int rows = 300) => MadeReport.Of(folder, rows, classes, row => row % 7 == 0 ? $"the seventh of a week {row}" : $"an ordinary text number {row}");

    [Fact]
    public async Task A_cell_of_the_confusion_matrix_lists_exactly_the_rows_behind_it()
    {
        var report = Make();
        await using var opened = await browser.Open(report.Write(folder));
        for (var truth = 0; truth < classes.Length; truth++)
            for (var predicted = 0; predicted < classes.Length; predicted++)
            {
                string[] expected = [.. Enumerable.Range(0, report.Set.Count).Where(row => report.Set.Labels![row] == truth && report.Set.Predicted(row) == predicted).Select(row => report.Set.Ids[row])];
                await opened.Choose(truth, predicted);
                var found = await opened.IdsBehind();
                Assert.NotEmpty(expected);
                Assert.Equal(expected.Order(), found.Order());
                Assert.Contains($"{expected.Length} row", await opened.Page.InnerTextAsync("#rows-behind > p"), StringComparison.Ordinal);
                Assert.Equal($"True {classes[truth]}, predicted {classes[predicted]}", await opened.Page.InnerTextAsync("#rows-behind h3"));
            }
        Assert.Empty(opened.Complaints);
    }

    [Fact]
    public async Task All_scores_stand_behind_a_fold_and_the_usual_ones_before_it()
    {
        var report = Make();
        await using var opened = await browser.Open(report.Write(folder));
        var names = (await opened.Page.Locator("#headline > dl dt").AllInnerTextsAsync()).ToList();
        Assert.Contains("calibration error", names);
        Assert.DoesNotContain("kappa quadratic", names);
        Assert.False(await opened.Page.Locator("#more-scores dl").IsVisibleAsync());
        await opened.Page.Locator("#more-scores summary").ClickAsync();
        Assert.Contains("kappa quadratic", await opened.Page.Locator("#more-scores dt").AllInnerTextsAsync());
        Assert.Empty(opened.Complaints);
    }

    [Fact]
    public async Task The_rows_are_sorted_by_a_heading_and_the_other_way_by_a_second_click()
    {
        var report = Make();
        await using var opened = await browser.Open(report.Write(folder));
        await opened.Choose(0, 0);
        string[] rising = [.. Enumerable.Range(0, report.Set.Count).Where(row => report.Set.Labels![row] == 0 && report.Set.Predicted(row) == 0).OrderBy(row => report.Set.Row(row)[0]).Select(row => report.Set.Ids[row])];
        var heading = opened.Page.Locator("#rows-behind .sort", new() { HasText = "probability" });
        await heading.ClickAsync();
        Assert.Equal(rising.Reverse(), await opened.IdsBehind());
        await heading.ClickAsync();
        Assert.Equal(rising, await opened.IdsBehind());
        Assert.Equal("ascending", await opened.Page.Locator("#rows-behind th", new() { HasText = "probability" }).GetAttributeAsync("aria-sort"));
    }

    [Fact]
    public async Task The_filter_keeps_the_rows_that_hold_all_of_its_words()
    {
        var report = Make();
        await using var opened = await browser.Open(report.Write(folder));
        await opened.Choose(1, 1);
        await opened.Page.FillAsync("#rows-behind .filter", "SEVENTH week");
        string[] expected = [.. Enumerable.Range(0, report.Set.Count).Where(row => row % 7 == 0 && report.Set.Labels![row] == 1 && report.Set.Predicted(row) == 1).Select(row => report.Set.Ids[row])];
        Assert.NotEmpty(expected);
        Assert.Equal(expected.Order(), (await opened.IdsBehind()).Order());
        await opened.Page.FillAsync("#rows-behind .filter", "nothing has this");
        Assert.Empty(await opened.IdsBehind());
        Assert.Equal("No row matches.", await opened.Page.InnerTextAsync("#rows-behind .count"));
    }

    [Fact]
    public async Task It_is_used_with_the_keyboard_alone()
    {
        await using var opened = await browser.Open(Make().Write(folder));
        var page = opened.Page;
        Task<string> Focused(string of) => page.EvaluateAsync<string>($"document.activeElement.{of} ?? ''");
        await page.Keyboard.PressAsync("Tab");
        Assert.Equal("Skip to the results", await Focused("textContent"));
        for (var i = 0; i < 60 && await Focused("dataset.truth") + await Focused("dataset.predicted") != "01"; i++) await page.Keyboard.PressAsync("Tab");
        Assert.Equal("01", await Focused("dataset.truth") + await Focused("dataset.predicted"));
        await page.Keyboard.PressAsync("Enter");
        Assert.Equal("rows-behind", await Focused("id"));
        Assert.NotEmpty(await page.Locator("#rows-behind tbody tr").AllAsync());
        await page.Keyboard.PressAsync("Escape");
        Assert.Equal(0, await page.Locator("#rows-behind").CountAsync());
        Assert.Equal("01", await Focused("dataset.truth") + await Focused("dataset.predicted"));
    }

    [Fact]
    public async Task It_asks_for_nothing_but_itself()
    {
        await using var opened = await browser.Open(Make().Write(folder));
        await opened.Choose(0, 1);
        await opened.Page.EvaluateAsync("scrollTo(0, document.body.scrollHeight)");
        Assert.Equal([new Uri(folder.File("report.html")).AbsoluteUri], opened.Requests);
        Assert.Empty(opened.Complaints);
    }

    [Fact]
    public async Task A_page_that_tries_to_ask_is_refused_by_its_own_policy()
    {
        await using var opened = await browser.Open(Make().Write(folder));
        Assert.Equal("refused", await opened.Page.EvaluateAsync<string>("fetch('https://example.org/').then(() => 'asked', () => 'refused')"));
        Assert.Contains(opened.Complaints, text => text.Contains("Content Security Policy", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_section_that_has_data_is_there()
    {
        await using var opened = await browser.Open(Make().Write(folder));
        string[] expected = ["headline", "leaderboard", "surprises", "confusion", "losses", "labels", "slices", "calibration", "learning", "recipe"];
        Assert.Equal(expected, await opened.Page.EvaluateAsync<string[]>("[...document.querySelectorAll('main section')].map(one => one.id)"));
        await opened.Page.WaitForSelectorAsync("#learning .chart svg path", new() { State = WaitForSelectorState.Attached });
        Assert.Equal(5, await opened.Page.Locator("#learning .chart").CountAsync());
        await opened.Page.WaitForSelectorAsync("#calibration .chart svg rect", new() { State = WaitForSelectorState.Attached });
    }

    [Fact]
    public async Task Tokens_are_shaded_by_the_method_that_is_chosen()
    {
        await using var opened = await browser.Open(Make().Write(folder));
        var tokens = opened.Page.Locator("#losses tbody .tokens").First;
        Task<string[]> Shades() => tokens.EvaluateAsync<string[]>("one => [...one.children].map(token => `${token.className} ${token.textContent} ${token.style.getPropertyValue('--strength')}`)");
        Assert.Equal("onetwo <b>three</b>", await tokens.TextContentAsync());
        Assert.Equal(["for one 100%", "against two 50%", "for <b>three</b> 20%"], await Shades());
        await opened.Page.ClickAsync("#losses .choice button:last-child");
        Assert.Equal(["against one 50%", "for two 100%", "for <b>three</b> 0%"], await Shades());
    }

    [Theory]
    [InlineData(new[] { "\u2581An", "\u2581ord", "inary", "\u2581text" }, "An ordinary text")]
    [InlineData(new[] { "An", "\u0120c", "af", "\u00c3\u00a9", "\u0120\u00f0\u0141\u013a", "\u0122" }, "An caf\u00e9 \ud83d\ude00")]     // the last two: two bytes each of one face
    [InlineData(new[] { "an", "ord", "##inary", "text" }, "an ordinary text")]
    public async Task Tokens_of_every_kind_of_vocabulary_read_as_text(string[] tokens, string text)
    {
        var report = Make();
        var one = report.Source.Explanations[0] with { Tokens = tokens, Gradient = [.. tokens.Select((_, i) => i + 1.0)], Occlusion = null };
        await using var opened = await browser.Open(new MadeReport { Rows = report.Rows, Source = report.Source with { Explanations = [one] } }.Write(folder));
        Assert.Equal(text, await opened.Page.Locator("#losses tbody .tokens").First.TextContentAsync());
        Assert.Equal(1, await opened.Page.Locator("#losses .choice button").CountAsync());
    }

    [Fact]
    public async Task Of_many_classes_the_pairs_that_are_confused_open_their_rows()
    {
        var report = MadeReport.Of(folder, 2000, [.. Enumerable.Range(0, 40).Select(k => $"class {k}")], row => $"text {row}");
        await using var opened = await browser.Open(report.Write(folder));
        var (truth, predicted, _) = report.Rows.Confusion.Where(cell => cell.Truth != cell.Predicted).MaxBy(cell => cell.Rows.Count);
        await opened.Page.FillAsync("#confusion .filter >> nth=0", $"{truth} {predicted}");
        await opened.Page.ClickAsync($"#confusion button[data-truth='{truth}'][data-predicted='{predicted}']");
        Assert.Equal(Enumerable.Range(0, 2000).Where(row => report.Set.Labels![row] == truth && report.Set.Predicted(row) == predicted).Select(row => report.Set.Ids[row]).Order(), (await opened.IdsBehind()).Order());
    }

    [Fact]
    public async Task Colours_follow_the_system_until_one_is_chosen()
    {
        await using var opened = await browser.Open(Make().Write(folder), scheme: ColorScheme.Dark);
        async Task<bool> Dark() => await opened.Page.EvaluateAsync<int>("Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])") < 128;
        Assert.True(await Dark());
        await opened.Page.ClickAsync(".theme");
        Assert.False(await Dark());
        await opened.Page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
        await opened.Page.ClickAsync(".theme");
        Assert.True(await Dark());
    }

    [Fact]
    public async Task On_paper_it_is_light_and_without_controls()
    {
        await using var opened = await browser.Open(Make().Write(folder), scheme: ColorScheme.Dark);
        await opened.Page.EmulateMediaAsync(new() { Media = Media.Print });
        Assert.False(await opened.Page.IsVisibleAsync("nav"));
        Assert.False(await opened.Page.Locator(".filter").First.IsVisibleAsync());
        Assert.Equal("rgb(255, 255, 255)", await opened.Page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor"));
    }

    [Theory]
    [InlineData(390)]
    [InlineData(768)]
    [InlineData(1280)]
    public async Task Nothing_runs_out_of_the_screen_sideways(int width)
    {
        await using var opened = await browser.Open(Make().Write(folder), width);
        await opened.Choose(1, 0);
        Assert.Equal(width, await opened.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
    }
}
