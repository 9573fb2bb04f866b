using System.Runtime.CompilerServices;
using ImGateway.Edge.Operations;
using Microsoft.Playwright;

namespace ImGateway.Edge.Tests.Operations.StatusPage;

/// <summary>The pictures of the documents: made by <c>tests/long/screenshots</c>, which sets IMGW_WRITE_DOCS; without it, made and not kept.</summary>
public sealed class StatusPicturesTests(Browser browser) : IClassFixture<Browser>
{
    const int MostBytes = 200 * 1024;

    [Theory]
    [InlineData("healthy", false, false)]
    [InlineData("healthy", true, false)]
    [InlineData("renewal-failing", false, false)]
    [InlineData("renewal-failing", true, false)]
    [InlineData("draining", false, false)]
    [InlineData("phone", false, true)]
    [InlineData("phone", true, true)]
    public async Task A_picture_is_small_enough_for_the_repository(string name, bool dark, bool phone)
    {
        await using var server = await ManagementServer.StartAsync();
        await using var tab = await browser.OpenAsync(
            server.Client.BaseAddress!, new TabSetup { Dark = dark, Phone = phone, Status = () => name switch { "draining" => SampleStatus.Draining, "renewal-failing" => SampleStatus.RenewalFailing, _ => SampleStatus.Healthy } });

        var picture = await tab.Page.ScreenshotAsync(new PageScreenshotOptions { FullPage = !phone, Animations = ScreenshotAnimations.Disabled });

        Assert.InRange(picture.Length, 10_000, MostBytes);
        if (Environment.GetEnvironmentVariable("IMGW_WRITE_DOCS") != "1") return;
        Directory.CreateDirectory(Images());
        await File.WriteAllBytesAsync(Path.Combine(Images(), $"status-{name}-{(dark ? "dark" : "light")}.png"), picture, TestContext.Current.CancellationToken);
    }

    static string Images([CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", "..", "..", "docs", "images"));
}
