using ImGateway.Edge.Configuration;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Proxying;

public sealed class SecurityHeadersTests
{
    [Fact]
    public async Task They_replace_the_upstreams_and_hide_what_it_runs()
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Answer(
            "x", "X-Frame-Options: SAMEORIGIN\r\nStrict-Transport-Security: max-age=1\r\nx-content-type-options: none\r\nServer: secret/1\r\nX-Powered-By: secret\r\nX-Own: 1\r\n"));
        await using var edge = await ProxyHost.StartAsync(upstream);

        var response = await edge.GetAsync("/api");

        Assert.Equal(["DENY"], response.Values("X-Frame-Options"));
        Assert.Equal(["nosniff"], response.Values("X-Content-Type-Options"));
        Assert.Equal(["max-age=31536000; includeSubDomains"], response.Values("Strict-Transport-Security"));
        Assert.Empty(response.Values("Server"));
        Assert.Empty(response.Values("X-Powered-By"));
        Assert.Equal(["1"], response.Values("X-Own"));
    }

    [Fact]
    public async Task They_are_what_the_configuration_says()
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Answer("x", "Referrer-Policy: unsafe-url\r\n"));
        var headers = new HeadersSection
        {
            Hsts = new HstsSection { MaxAge = TimeSpan.FromDays(730), IncludeSubDomains = false, Preload = true },
            FrameOptions = "SAMEORIGIN",
            Custom = new Dictionary<string, string> { ["Referrer-Policy"] = "no-referrer" },
        };
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(upstream.Address) with { Headers = headers });

        var response = await edge.GetAsync("/api");

        Assert.Equal(["SAMEORIGIN"], response.Values("X-Frame-Options"));
        Assert.Equal(["max-age=63072000; preload"], response.Values("Strict-Transport-Security"));
        Assert.Equal(["no-referrer"], response.Values("Referrer-Policy"));
    }

    [Fact]
    public async Task No_age_no_HSTS()
    {
        await using var upstream = RecordingUpstream.Start();
        var headers = new HeadersSection { Hsts = new HstsSection { MaxAge = TimeSpan.Zero } };
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(upstream.Address) with { Headers = headers });

        Assert.Empty((await edge.GetAsync("/api")).Values("Strict-Transport-Security"));
    }
}
