using System.Collections.Concurrent;
using ImGateway.Edge.Operations.Status;
using Microsoft.Playwright;

namespace ImGateway.Edge.Tests.Operations.StatusPage;

/// <summary>How a tab is opened.</summary>
sealed record TabSetup
{
    public bool Dark { get; init; }

    public bool Phone { get; init; }

    public bool Scripts { get; init; } = true;

    /// <summary>What <c>/api/status</c> answers instead of the server; null = the server does. Asked anew each time; a null answer is no connection.</summary>
    public Func<StatusResponse?>? Status { get; init; }

    /// <summary>Time stands still but for what the test lets pass.</summary>
    public bool OwnClock { get; init; }
}

/// <summary>The status page in a browser, and all that it did wrong.</summary>
sealed class StatusTab : IAsyncDisposable
{
    const string StatusPath = "/api/status";

    readonly IBrowserContext _profile;
    readonly ConcurrentQueue<string> _complaints = [];
    readonly ConcurrentQueue<Uri> _requests = [];

    StatusTab(IBrowserContext profile, IPage page)
    {
        (_profile, Page) = (profile, page);
        page.Console += (_, message) => Complain(message.Type is "error" or "warning", $"{message.Type}: {message.Text}");
        page.PageError += (_, error) => Complain(true, $"exception: {error}");
        page.Request += (_, request) => _requests.Enqueue(new Uri(request.Url));
    }

    public IPage Page { get; }

    /// <summary>Errors and warnings of the console, exceptions, and what the policy forbade.</summary>
    public IReadOnlyCollection<string> Complaints => _complaints;

    public IReadOnlyCollection<Uri> Requests => _requests;

    public int Refreshes => _requests.Count(request => request.AbsolutePath == StatusPath);

    public ILocator Stale => Page.Locator("#stale");

    public static async Task<StatusTab> OpenAsync(IBrowserContext profile, Uri address, TabSetup setup)
    {
        var page = await profile.NewPageAsync();
        var tab = new StatusTab(profile, page);
        await page.AddInitScriptAsync("document.addEventListener('securitypolicyviolation', e => console.error(`forbidden: ${e.violatedDirective} ${e.blockedURI} ${e.sample}`))");
        if (setup.OwnClock) await page.Clock.InstallAsync();
        if (setup.Status is { } status)
        {
            await page.RouteAsync($"**{StatusPath}", route => status() is { } answer
                ? route.FulfillAsync(new RouteFulfillOptions { ContentType = "application/json", Body = System.Text.Json.JsonSerializer.Serialize(answer, StatusCollector.Json) })
                : route.AbortAsync("connectionrefused"));
        }

        await page.GotoAsync(address.AbsoluteUri);
        if (setup.Scripts) await page.WaitForSelectorAsync("#content:not([hidden])");
        return tab;
    }

    /// <summary>Does something upon which the page asks for the status, and waits until it has its answer.</summary>
    public Task RefreshesUponAsync(Func<Task> action) =>
        Page.RunAndWaitForRequestFinishedAsync(action, new PageRunAndWaitForRequestFinishedOptions { Predicate = request => new Uri(request.Url).AbsolutePath == StatusPath });

    /// <summary>What stands there, whitespace made even.</summary>
    public async Task<string> TextAsync(string selector) => string.Join(' ', (await Page.Locator(selector).InnerTextAsync()).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    public Task ShowsAsync(string selector, string text) => Assertions.Expect(Page.Locator(selector)).ToContainTextAsync(text, new LocatorAssertionsToContainTextOptions { UseInnerText = true });

    /// <summary>By how many pixels the page is wider than the window.</summary>
    public Task<int> OverflowAsync() => Page.EvaluateAsync<int>("document.documentElement.scrollWidth - window.innerWidth");

    public ValueTask DisposeAsync() => _profile.DisposeAsync();

    void Complain(bool isOne, string complaint)
    {
        if (isOne) _complaints.Enqueue(complaint);
    }
}
