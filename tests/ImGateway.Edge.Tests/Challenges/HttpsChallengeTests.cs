using ImGateway.Edge.Challenges;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tests.Proxying;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Challenges;

/// <summary>A balancer, or a rule of HSTS in front, sends http-01 to https (RFC 8555 §8.3 has CAs follow redirects).</summary>
public sealed class HttpsChallengeTests
{
    const string Folder = "/.well-known/acme-challenge/";

    static readonly EdgeOptions Options = ProxyHost.Options(new Uri("http://127.0.0.1:9"));

    [Theory]
    [InlineData("gateway.test")]
    [InlineData("not-configured.test")]
    [InlineData("127.0.0.1")]
    public async Task A_pending_token_is_answered_on_443_before_host_and_route_are_checked(string host)
    {
        await using var edge = await ProxyHost.StartAsync(Options);
        var offer = Offers.For("gateway.test");
        await using var presented = await PresentAsync(edge, offer);

        var answer = await AskAsync(edge, "GET", Folder + offer.Token, host);

        Assert.Equal((200, offer.KeyAuthorization), (answer.Status, answer.Body));
        Assert.Equal(["application/octet-stream"], answer.Values("Content-Type"));
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_pending_token_is_answered_over_TLS(string version)
    {
        await using var edge = await ProxyHost.StartAsync(Options);
        var offer = Offers.For("gateway.test");
        await using var presented = await PresentAsync(edge, offer);
        using var client = new HttpClient(edge.Handler()) { DefaultRequestVersion = new Version(version), DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };

        Assert.Equal(offer.KeyAuthorization, await client.GetStringAsync(new Uri($"https://gateway.test{Folder}{offer.Token}"), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("GET", Folder + "OTHER", "gateway.test", 404)]
    [InlineData("GET", Folder + "OTHER", "not-configured.test", 421)]
    [InlineData("POST", Folder + "TOKEN", "gateway.test", 404)]
    [InlineData("GET", Folder + "TOKEN/", "gateway.test", 404)]
    [InlineData("GET", Folder + "TOKEN?x", "gateway.test", 404)]
    [InlineData("GET", Folder + "TOKE%4E", "gateway.test", 404)]
    public async Task What_is_not_exactly_the_path_of_a_pending_token_is_a_request_like_any_other(string method, string target, string host, int status)
    {
        await using var edge = await ProxyHost.StartAsync(Options);
        await using var presented = await PresentAsync(edge, Offers.For("gateway.test", "TOKEN"));

        var answer = await AskAsync(edge, method, target, host);

        Assert.Equal(status, answer.Status);
        Assert.DoesNotContain("TOKEN.", answer.Body, StringComparison.Ordinal);
    }

    static Task<IAsyncDisposable> PresentAsync(ProxyHost edge, ChallengeData offer) =>
        edge.Challenges.Single(responder => responder.Type == "http-01").PresentAsync(offer, TestContext.Current.CancellationToken);

    static Task<RawResponse> AskAsync(ProxyHost edge, string method, string target, string host) =>
        RawClient.ExchangeAsync(edge.Bare, $"{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
}
