using ImGateway.Testing;
using Microsoft.Playwright;

namespace ImGateway.Edge.Tests.Operations.StatusPage;

/// <summary>The pictures of the documents: made by <c>tests/long/screenshots</c>, which sets IMGW_WRITE_DOCS; otherwise only looked for.</summary>
public sealed class StatusPicturesTests(Browser browser) : IClassFixture<Browser>
{
    const int MostBytes = 200 * 1024;

    [Theory]
    [InlineData("healthy", false, "#chart")]
    [InlineData("healthy", true, "#chart")]
    [InlineData("renewal-failing", false, "#certificates")]
    [InlineData("renewal-failing", true, "#certificates")]
    [InlineData("draining", false, "#tiles")]
    [InlineData("phone", false, null)]
    [InlineData("phone", true, null)]
    public async Task Every_picture_is_there_and_small_enough_for_the_repository(string name, bool dark, string? last)
    {
        var file = Path.Combine(Images(), $"status-{name}-{(dark ? "dark" : "light")}.png");
        if (Environment.GetEnvironmentVariable("IMGW_WRITE_DOCS") == "1") await TakeAsync(file, name, dark, last);

        Assert.InRange(new FileInfo(file).Length, 10_000, MostBytes);
    }

    async Task TakeAsync(string file, string name, bool dark, string? last)
    {
        await using var server = await ManagementServer.StartAsync();
        await using var tab = await browser.OpenAsync(
            server.Client.BaseAddress!, new TabSetup { Dark = dark, Phone = last is null, Status = () => StatusPageAppearanceTests.Named(name) });

        Directory.CreateDirectory(Images());
        await tab.Page.ScreenshotAsync(new PageScreenshotOptions { Path = file, FullPage = true, Clip = await ClipAsync(tab, last), Animations = ScreenshotAnimations.Disabled });
    }

    /// <summary>Scrolled to the last element; null = what a phone displays without scrolling.</summary>
    static async Task<Clip> ClipAsync(StatusTab tab, string? last)
    {
        var window = tab.Page.ViewportSize!;
        var height = last is null ? window.Height : await tab.Page.Locator(last).EvaluateAsync<int>("e => (e.closest('.card') ?? e).getBoundingClientRect().bottom + scrollY + 20");
        return new Clip { Width = window.Width, Height = height };
    }

    static string Images() => Repository.PathOf("docs", "images");
}
