using System.Net;
using System.Text.RegularExpressions;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Proxying;

public sealed partial class UpstreamRequestTests
{
    const string ValidTrace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    [Fact]
    public async Task The_upstream_receives_who_asks_how_and_for_what()
    {
        var head = await ForwardAsync([], "Accept: text/plain", "X-Custom: kept");

        Assert.Equal(["127.0.0.1"], Values(head, "X-Real-IP"));
        Assert.Equal(["127.0.0.1"], Values(head, "X-Forwarded-For"));
        Assert.Equal(["https"], Values(head, "X-Forwarded-Proto"));
        Assert.Equal([ProxyHost.Host], Values(head, "X-Forwarded-Host"));
        Assert.Equal([ProxyHost.Host], Values(head, "Host"));
        Assert.Equal(["kept"], Values(head, "X-Custom"));
        Assert.Matches(Started(), Values(head, "traceparent").Single());
    }

    [Fact]
    public async Task What_only_the_edge_may_say_is_not_believed_in_any_spelling()
    {
        var head = await ForwardAsync(
            [],
            "X-Real-IP: 6.6.6.6",
            "x-forwarded-for: 6.6.6.6",
            "X-FORWARDED-PROTO: http",
            "X-Forwarded-Host: evil.test",
            "X-Forwarded-Port: 1",
            "X-Forwarded-Prefix: /evil",
            "X-Forwarded: for=6.6.6.6",
            "Forwarded: for=6.6.6.6",
            "X_Forwarded_For: 6.6.6.6",
            "X-Forwarded_For: 6.6.6.6",
            "x_real_ip: 6.6.6.6",
            "X-Original-URL: /evil",
            "X-Original-Forwarded-For: 6.6.6.6",
            "X-Rewrite-URL: /evil",
            "Proxy: http://evil.test",
            "Any_Thing: evil");

        Assert.DoesNotContain("6.6.6.6", head);
        Assert.DoesNotContain("evil", head);
        Assert.DoesNotContain('_', head);
        Assert.Equal(["https"], Values(head, "X-Forwarded-Proto"));
    }

    [Theory]
    [InlineData("X-Real-IP")]
    [InlineData("X-Forwarded-For")]
    [InlineData("x-forwarded-proto, X-Forwarded-Host")]
    [InlineData("close, X-Real-IP")]
    [InlineData("Host")]
    [InlineData("traceparent")]
    public async Task Connection_cannot_take_away_what_the_edge_says(string connection)
    {
        var head = await ForwardAsync([], $"Connection: {connection}", "X-Real-IP: 6.6.6.6");

        Assert.Equal(["127.0.0.1"], Values(head, "X-Real-IP"));
        Assert.Equal(["127.0.0.1"], Values(head, "X-Forwarded-For"));
        Assert.Equal(["https"], Values(head, "X-Forwarded-Proto"));
        Assert.Equal([ProxyHost.Host], Values(head, "X-Forwarded-Host"));
        Assert.Equal([ProxyHost.Host], Values(head, "Host"));
        Assert.Single(Values(head, "traceparent"));
        Assert.Empty(Values(head, "Connection"));
    }

    [Fact]
    public async Task What_Connection_names_and_hop_by_hop_headers_end_here()
    {
        var head = await ForwardAsync(
            [], "Connection: X-Hop", "X-Hop: 1", "Keep-Alive: timeout=5", "Proxy-Authorization: Basic eDp5", "Proxy-Connection: keep-alive", "TE: trailers", "X-End: 1");

        Assert.Empty(Values(head, "X-Hop"));
        Assert.Empty(Values(head, "Keep-Alive"));
        Assert.Empty(Values(head, "Proxy-Authorization"));
        Assert.Empty(Values(head, "Proxy-Connection"));
        Assert.Empty(Values(head, "TE"));
        Assert.Equal(["1"], Values(head, "X-End"));
    }

    [Theory]
    [InlineData("X-Forwarded-For: 192.0.2.7", "192.0.2.7", "192.0.2.7, 127.0.0.1")]
    [InlineData("X-Forwarded-For: 6.6.6.6, 192.0.2.7, 10.1.2.3", "192.0.2.7", "6.6.6.6, 192.0.2.7, 10.1.2.3, 127.0.0.1")]
    [InlineData("X-Forwarded-For: 192.0.2.7:4711", "192.0.2.7", "192.0.2.7:4711, 127.0.0.1")]
    [InlineData("X-Forwarded-For: [2001:db8::7]:4711", "2001:db8::7", "[2001:db8::7]:4711, 127.0.0.1")]
    [InlineData("X-Forwarded-For: ::ffff:192.0.2.7", "192.0.2.7", "::ffff:192.0.2.7, 127.0.0.1")]
    [InlineData("X-Forwarded-For: 192.0.2.7, unknown, 10.1.2.3", "10.1.2.3", "192.0.2.7, unknown, 10.1.2.3, 127.0.0.1")]
    [InlineData("X-Forwarded-For: 10.1.2.3, 10.1.2.4", "10.1.2.3", "10.1.2.3, 10.1.2.4, 127.0.0.1")]
    [InlineData("X-Forwarded-For: 192.0.2.7\r\nForwarded: for=6.6.6.6", "192.0.2.7", "192.0.2.7, 127.0.0.1")]
    [InlineData("X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 192.0.2.7", "192.0.2.7", "6.6.6.6, 192.0.2.7, 127.0.0.1")]
    [InlineData("Forwarded: for=192.0.2.7;proto=https, For=\"[2001:db8::7]:80\"", "2001:db8::7", "192.0.2.7, 2001:db8::7, 127.0.0.1")]
    [InlineData("X-Real-IP: 6.6.6.6", "127.0.0.1", "127.0.0.1")]
    public async Task Behind_a_trusted_proxy_the_client_is_the_rightmost_hop_that_is_none(string header, string client, string chain)
    {
        var head = await ForwardAsync(["127.0.0.0/8", "10.0.0.0/8"], header);

        Assert.Equal([client], Values(head, "X-Real-IP"));
        Assert.Equal([chain], Values(head, "X-Forwarded-For"));
        Assert.Empty(Values(head, "Forwarded"));
    }

    [Theory]
    [InlineData(ValidTrace, true)]
    [InlineData("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-holds", true)]
    [InlineData("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false)]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x", false)]
    [InlineData("00-00000000000000000000000000000000-b7ad6b7169203331-01", false)]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false)]
    [InlineData("00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01", false)]
    [InlineData("garbage", false)]
    public async Task A_trace_is_kept_if_it_is_valid_and_started_otherwise(string trace, bool kept)
    {
        var head = await ForwardAsync([], $"traceparent: {trace}", "tracestate: a=1");

        var arrived = Values(head, "traceparent").Single();
        if (kept) Assert.Equal(trace, arrived);
        else Assert.Matches(Started(), arrived);
        Assert.Equal(kept ? ["a=1"] : [], Values(head, "tracestate"));
    }

    static async Task<string> ForwardAsync(string[] trusted, params string[] headers)
    {
        await using var upstream = RecordingUpstream.Start();
        var options = ProxyHost.Options(upstream.Address) with { TrustedProxies = [.. trusted.Select(network => IPNetwork.Parse(network))] };
        await using var edge = await ProxyHost.StartAsync(options);

        var response = await edge.GetAsync("/api", headers);

        Assert.Equal(200, response.Status);
        return upstream.Requests.Single();
    }

    static IReadOnlyList<string> Values(string head, string name) => new RawResponse(head, "").Values(name);

    [GeneratedRegex("^00-[0-9a-f]{32}-[0-9a-f]{16}-01$", RegexOptions.None, 1000)]
    private static partial Regex Started();
}
