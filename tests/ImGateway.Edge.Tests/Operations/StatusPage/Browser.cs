using ImGateway.Testing;
using Microsoft.Playwright;

namespace ImGateway.Edge.Tests.Operations.StatusPage;

/// <summary>Debian's Chromium, one for all tests of a class; each tab has a profile of its own. The driver is the package's, nothing is downloaded.</summary>
public sealed class Browser : IAsyncLifetime
{
    static readonly string[] Flags =
        ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

    IPlaywright? _playwright;
    IBrowser? _chromium;

    public async ValueTask InitializeAsync()
    {
        Assertions.SetDefaultExpectTimeout(30_000);
        _playwright = await Playwright.CreateAsync();
        _chromium = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = ExternalTool.Chromium, Args = Flags });
    }

    internal async Task<StatusTab> OpenAsync(Uri page, TabSetup? setup = null)
    {
        setup ??= new TabSetup();
        var profile = await _chromium!.NewContextAsync(new BrowserNewContextOptions
        {
            ColorScheme = setup.Dark ? ColorScheme.Dark : ColorScheme.Light,
            ViewportSize = setup.Phone ? new ViewportSize { Width = 390, Height = 844 } : new ViewportSize { Width = 1280, Height = 960 },
            DeviceScaleFactor = setup.Phone ? 2 : 1,
            JavaScriptEnabled = setup.Scripts,
            ReducedMotion = ReducedMotion.Reduce,
            TimezoneId = "America/New_York",
        });
        return await StatusTab.OpenAsync(profile, page, setup);
    }

    /// <summary>A page of an edge whose certificate no browser knows.</summary>
    internal async Task<IPage> OpenUntrustedAsync(Uri page)
    {
        var profile = await _chromium!.NewContextAsync(new BrowserNewContextOptions { IgnoreHTTPSErrors = true });
        var tab = await profile.NewPageAsync();
        await tab.GotoAsync(page.AbsoluteUri);
        return tab;
    }

    public async ValueTask DisposeAsync()
    {
        if (_chromium is not null) await _chromium.DisposeAsync();
        _playwright?.Dispose();
    }
}
