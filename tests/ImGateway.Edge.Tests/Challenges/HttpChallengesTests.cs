using ImGateway.Edge.Challenges;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;
using ImGateway.Edge.Tests.Proxying;
using ImGateway.Edge.Tls;
using ImGateway.Edge.Tls.SslStream;
using ImGateway.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace ImGateway.Edge.Tests.Challenges;

public sealed class HttpChallengesTests
{
    const string Folder = "/.well-known/acme-challenge/";

    static readonly EdgeOptions Options = ProxyHost.Options(new Uri("http://127.0.0.1:9"));

    [Theory]
    [InlineData(PlainHttpMode.Redirect, "gateway.test")]
    [InlineData(PlainHttpMode.Reject, "gateway.test")]
    [InlineData(PlainHttpMode.Redirect, "not-configured.test")]
    public async Task A_pending_token_is_answered_whatever_else_port_80_would_say(PlainHttpMode mode, string host)
    {
        await using var edge = await ProxyHost.StartAsync(Options with { PlainHttp = new PlainHttpSection { Mode = mode } });
        var offer = Offers.For("gateway.test");
        await using var presented = await PresentAsync(edge, offer);

        var answer = await AskAsync(edge, "GET", Folder + offer.Token, host);

        Assert.Equal(200, answer.Status);
        Assert.Equal(offer.KeyAuthorization, answer.Body);
        Assert.Equal(["application/octet-stream"], answer.Values("Content-Type"));
    }

    [Fact]
    public async Task HEAD_is_answered_without_a_body()
    {
        await using var edge = await ProxyHost.StartAsync(Options);
        var offer = Offers.For("gateway.test");
        await using var presented = await PresentAsync(edge, offer);
        using var client = await RawClient.ConnectAsync(edge.Plain);

        await client.SendAsync($"HEAD {Folder}{offer.Token} HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\n\r\n");
        var all = await client.ReadToEndAsync();

        Assert.StartsWith("HTTP/1.1 200 ", all, StringComparison.Ordinal);
        Assert.Contains($"Content-Length: {offer.KeyAuthorization.Length}\r\n", all, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n", all, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_response_is_removed_with_the_challenge()
    {
        await using var edge = await ProxyHost.StartAsync(Options);
        var offer = Offers.For("gateway.test");
        var presented = await PresentAsync(edge, offer);
        await presented.DisposeAsync();
        await presented.DisposeAsync();

        Assert.Equal(404, (await AskAsync(edge, "GET", Folder + offer.Token, "gateway.test")).Status);
    }

    [Fact]
    public async Task An_unknown_token_is_not_found_and_says_nothing_of_others()
    {
        await using var edge = await ProxyHost.StartAsync(Options);
        var offer = Offers.For("gateway.test");
        await using var presented = await PresentAsync(edge, offer);

        var answer = await AskAsync(edge, "GET", Folder + offer.Token[..^1], "gateway.test");

        Assert.Equal(404, answer.Status);
        Assert.Equal("Not found\n", answer.Body);
    }

    [Theory]
    [InlineData("POST", Folder + "TOKEN", 308)]
    [InlineData("GET", Folder, 301)]
    [InlineData("GET", Folder + "TOKEN/", 301)]
    [InlineData("GET", Folder + "TOKEN?x", 301)]
    [InlineData("GET", Folder + "TOKE%4E", 301)]
    [InlineData("GET", "/.well-known/ACME-challenge/TOKEN", 301)]
    [InlineData("GET", "//.well-known/acme-challenge/TOKEN", 301)]
    [InlineData("GET", Folder + "../acme-challenge/TOKEN", 400)]
    [InlineData("GET", "/x/..;/.well-known/acme-challenge/TOKEN", 400)]
    public async Task What_is_not_exactly_the_path_of_a_token_is_treated_as_ever(string method, string target, int status)
    {
        await using var edge = await ProxyHost.StartAsync(Options);
        await using var presented = await PresentAsync(edge, Offers.For("gateway.test", "TOKEN"));

        var answer = await AskAsync(edge, method, target, "gateway.test");

        Assert.Equal(status, answer.Status);
        Assert.DoesNotContain("TOKEN.", answer.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("../../etc/passwd")]
    [InlineData("a.b")]
    [InlineData("a b")]
    [InlineData("a\r\nSet-Cookie: x")]
    [InlineData("ä")]
    [InlineData("a=")]
    public async Task A_hostile_token_is_refused_and_not_repeated(string token)
    {
        var e = await Assert.ThrowsAsync<ChallengeException>(
            () => Alone().PresentAsync(Offers.For("gateway.test", token), TestContext.Current.CancellationToken));
        if (token.Length > 1) Assert.DoesNotContain(token, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_without_end_is_refused() =>
        await Assert.ThrowsAsync<ChallengeException>(
            () => Alone().PresentAsync(Offers.For("gateway.test", new string('a', 10_000)), TestContext.Current.CancellationToken));

    [Fact]
    public async Task A_key_authorization_for_another_token_is_refused() =>
        await Assert.ThrowsAsync<ChallengeException>(() => Alone().PresentAsync(
            Offers.For("gateway.test") with { KeyAuthorization = "other.thumbprint" }, TestContext.Current.CancellationToken));

    [Fact]
    public void Names_and_addresses_can_be_proved_and_wildcards_cannot()
    {
        var challenges = Alone();
        Assert.True(challenges.CanAnswer(HostName.Parse("gateway.test")));
        Assert.True(challenges.CanAnswer(HostName.Parse("192.0.2.1")));
        Assert.False(challenges.CanAnswer(HostName.Parse("*.gateway.test")));
    }

    [Fact]
    public void An_offer_does_not_print_its_secrets()
    {
        var offer = Offers.For("gateway.test");
        Assert.Equal("challenge for gateway.test", $"{offer}");
    }

    static HttpChallenges Alone() =>
        new(
            new TemporaryCertificates(new ServerCertificateSelector(ProxyHost.Options(new Uri("http://127.0.0.1:9")), new SslStreamEngine(TestProcess.Policy)), TimeProvider.System),
            new SharedChallenges(FileStorage.In(new EdgeOptions(), TimeProvider.System, NullLoggerFactory.Instance), NullLogger<SharedChallenges>.Instance));

    static Task<IAsyncDisposable> PresentAsync(ProxyHost edge, ChallengeData offer) =>
        edge.Challenges.Single(responder => responder.Type == "http-01").PresentAsync(offer, TestContext.Current.CancellationToken);

    static Task<RawResponse> AskAsync(ProxyHost edge, string method, string target, string host) =>
        RawClient.ExchangeAsync(edge.Plain, $"{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
}
