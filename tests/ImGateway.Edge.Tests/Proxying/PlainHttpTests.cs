using ImGateway.Edge.Configuration;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Proxying;

public sealed class PlainHttpTests
{
    static readonly Uri Nowhere = new("http://127.0.0.1:9");

    [Theory]
    [InlineData("GET", "/api/x?y=%20", "gateway.test", 301, "https://gateway.test/api/x?y=%20")]
    [InlineData("HEAD", "/", "GATEWAY.test:80", 301, "https://gateway.test/")]
    [InlineData("POST", "/api", "gateway.test", 308, "https://gateway.test/api")]
    [InlineData("GET", "http://gateway.test/abs", "gateway.test", 301, "https://gateway.test/abs")]
    [InlineData("GET", "//evil.test", "gateway.test", 301, "https://gateway.test//evil.test")]
    [InlineData("GET", "/", "a.wild.test", 301, "https://a.wild.test/")]
    [InlineData("GET", "/", "[::1]:80", 301, "https://[::1]/")]
    public async Task A_configured_host_is_redirected(string method, string target, string host, int status, string location)
    {
        var response = await AskAsync(ProxyHost.Options(Nowhere), method, target, host);

        Assert.Equal(status, response.Status);
        Assert.Equal([location], response.Values("Location"));
        Assert.Equal(["nosniff"], response.Values("X-Content-Type-Options"));
        Assert.Empty(response.Values("Strict-Transport-Security"));
    }

    [Theory]
    [InlineData("GET", "/", "evil.test", 421)]
    [InlineData("GET", "/", "", 421)]
    [InlineData("OPTIONS", "*", "gateway.test", 400)]
    [InlineData("GET", "/..;/", "gateway.test", 400)]
    [InlineData("GET", "/a#b", "gateway.test", 400)]
    public async Task Nothing_else_is(string method, string target, string host, int status)
    {
        var response = await AskAsync(ProxyHost.Options(Nowhere), method, target, host);

        Assert.Equal(status, response.Status);
        Assert.Empty(response.Values("Location"));
    }

    [Fact]
    public async Task The_port_clients_reach_TLS_on_is_in_the_redirect()
    {
        var options = ProxyHost.Options(Nowhere) with { PlainHttp = new PlainHttpSection { HttpsPort = 8443 } };

        Assert.Equal(["https://gateway.test:8443/x"], (await AskAsync(options, "GET", "/x", "gateway.test")).Values("Location"));
    }

    [Fact]
    public async Task Reject_answers_403()
    {
        var options = ProxyHost.Options(Nowhere) with { PlainHttp = new PlainHttpSection { Mode = PlainHttpMode.Reject } };

        var response = await AskAsync(options, "GET", "/api", "gateway.test");

        Assert.Equal(403, response.Status);
        Assert.Equal("TLS required\n", response.Body);
        Assert.Equal(["DENY"], response.Values("X-Frame-Options"));
    }

    static async Task<RawResponse> AskAsync(EdgeOptions options, string method, string target, string host)
    {
        await using var edge = await ProxyHost.StartAsync(options);
        return await RawClient.ExchangeAsync(edge.Plain, $"{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    }
}
