using Microsoft.Playwright;

namespace Tutti.Tests.Reports;

/// <summary>A headless Chromium for the tests of the page; without one on the machine they are skipped.</summary>
public sealed class Browser : IAsyncDisposable
{
    static readonly string[] places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    static readonly string[] arguments = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

    readonly SemaphoreSlim once = new(1);
    IPlaywright? playwright;
    IBrowser? browser;

    /// <summary>A new page with a session of its own.</summary>
    internal async Task<BrowserPage> Open(string file, int width = 1280, int height = 900, ColorScheme scheme = ColorScheme.Light)
    {
        Assert.SkipUnless(Array.Find(places, File.Exists) is not null, $"no Chromium on this machine (looked for {string.Join(", ", places)}); install it: apt-get install chromium");
        await once.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            playwright ??= await Playwright.CreateAsync();
            browser ??= await playwright.Chromium.LaunchAsync(new() { ExecutablePath = Array.Find(places, File.Exists), Headless = true, Args = arguments });
        }
        finally
        {
            once.Release();
        }
        var context = await browser.NewContextAsync(new() { ViewportSize = new() { Width = width, Height = height }, ColorScheme = scheme });
        return await BrowserPage.Open(context, file);
    }

    public async ValueTask DisposeAsync()
    {
        once.Dispose();
        if (browser is not null) await browser.DisposeAsync();
        playwright?.Dispose();
    }
}

/// <summary>A report opened in a browser, with everything that it asked for and complained of.</summary>
sealed class BrowserPage : IAsyncDisposable
{
    readonly IBrowserContext context;

    BrowserPage(IBrowserContext context, IPage page) => (this.context, Page) = (context, page);

    public IPage Page { get; }

    /// <summary>Addresses of all requests.</summary>
    public List<string> Requests { get; } = [];

    /// <summary>Errors and warnings of the console, and exceptions.</summary>
    public List<string> Complaints { get; } = [];

    public static async Task<BrowserPage> Open(IBrowserContext context, string file)
    {
        var opened = new BrowserPage(context, await context.NewPageAsync());
        opened.Page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning") opened.Complaints.Add(message.Text);
        };
        opened.Page.PageError += (_, error) => opened.Complaints.Add(error);
        await context.RouteAsync("**/*", route =>
        {
            opened.Requests.Add(route.Request.Url);
            return route.ContinueAsync();
        });
        await opened.Page.GotoAsync(new Uri(file).AbsoluteUri);
        await opened.Page.WaitForSelectorAsync("html[data-drawn]", new() { State = WaitForSelectorState.Attached });
        return opened;
    }

    /// <summary>Opens the rows behind a cell of the confusion matrix.</summary>
    public Task Choose(int truth, int predicted) => Page.ClickAsync($".confusion button[data-truth='{truth}'][data-predicted='{predicted}']");

    /// <summary>The ids that the open list shows, after asking for more until there are no more.</summary>
    public async Task<IReadOnlyList<string>> IdsBehind()
    {
        var more = Page.Locator("#rows-behind .more");
        while (await more.IsVisibleAsync()) await more.ClickAsync();
        return await Page.Locator("#rows-behind tbody tr td:first-child").AllTextContentsAsync();
    }

    public async ValueTask DisposeAsync() => await context.DisposeAsync();
}
