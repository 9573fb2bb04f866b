using ImGateway.Edge.Configuration;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Proxying;

public sealed class RequestFlowTests
{
    [Theory]
    [InlineData("/api")]
    [InlineData("/api/a%2Fb//c;v=1?x=%7e&y=../..")]
    [InlineData("/api/%41%c3%a9/~")]
    [InlineData("/ws/x?")]
    [InlineData("/health")]
    public async Task A_target_arrives_byte_for_byte(string target)
    {
        await using var upstream = RecordingUpstream.Start();
        await using var edge = await ProxyHost.StartAsync(upstream);

        var response = await edge.GetAsync(target);

        Assert.Empty(edge.Warnings);
        Assert.Equal("hello", response.Body);
        Assert.StartsWith($"GET {target} HTTP/1.1\r\n", upstream.Requests.Single());
    }

    [Fact]
    public async Task A_target_over_HTTP2_arrives_byte_for_byte()
    {
        await using var upstream = RecordingUpstream.Start();
        await using var edge = await ProxyHost.StartAsync(upstream);
        using var client = new HttpClient(edge.Handler());
        var uri = new Uri($"https://{ProxyHost.Host}/api/a%2Fb//%7e?x=%41", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });

        using var request = new HttpRequestMessage(HttpMethod.Get, uri) { Version = new(2, 0), VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var response = await client.SendAsync(request);

        Assert.Equal("hello", await response.Content.ReadAsStringAsync());
        Assert.StartsWith("GET /api/a%2Fb//%7e?x=%41 HTTP/1.1\r\n", upstream.Requests.Single());
        Assert.Contains($"Host: {ProxyHost.Host}\r\n", upstream.Requests.Single());
    }

    [Fact]
    public async Task An_absolute_form_is_forwarded_without_its_authority()
    {
        await using var upstream = RecordingUpstream.Start();
        await using var edge = await ProxyHost.StartAsync(upstream);

        await edge.GetAsync($"http://{ProxyHost.Host}/api/x");

        Assert.StartsWith("GET /api/x HTTP/1.1\r\n", upstream.Requests.Single());
    }

    [Fact]
    public async Task An_absolute_form_for_another_host_than_Host_is_400()
    {
        await using var upstream = RecordingUpstream.Start();
        await using var edge = await ProxyHost.StartAsync(upstream);

        Assert.Equal(400, (await edge.GetAsync("http://evil.test/api/x")).Status);
        Assert.Empty(upstream.Requests);
    }

    [Theory]
    [InlineData("/api/..;/x")]
    [InlineData("/api/..\\x")]
    [InlineData("/api/;/../admin")]
    [InlineData("/api/../x")]
    [InlineData("/api/%2e%2e/x")]
    [InlineData("/api/..%2fx")]
    [InlineData("/api/..%5cx")]
    [InlineData("/api/%00")]
    [InlineData("/api/%zz")]
    [InlineData("/api#x")]
    [InlineData("/api/\u0001")]
    [InlineData("/api/\u00e9")]
    [InlineData("http://gateway.test/api/../x")]
    public async Task An_ambiguous_target_is_400_and_goes_nowhere(string target)
    {
        await using var upstream = RecordingUpstream.Start();
        await using var edge = await ProxyHost.StartAsync(upstream);

        Assert.Equal(400, (await edge.GetAsync(target)).Status);
        Assert.Empty(upstream.Requests);
    }

    [Theory]
    [InlineData("GET", "/", 404)]
    [InlineData("GET", "/API/x", 404)]
    [InlineData("GET", "/apix", 404)]
    [InlineData("GET", "//api", 404)]
    [InlineData("GET", "/%61pi", 404)]
    [InlineData("GET", "/api%2fx", 404)]
    [InlineData("OPTIONS", "*", 400)]
    [InlineData("TRACE", "/api", 405)]
    [InlineData("CONNECT", "gateway.test:443", 405)]
    public async Task What_no_route_takes_is_answered_at_the_edge(string method, string target, int status)
    {
        await using var upstream = RecordingUpstream.Start();
        await using var edge = await ProxyHost.StartAsync(upstream);
        var host = method == "CONNECT" ? target : ProxyHost.Host;

        var response = await RawClient.ExchangeAsync(edge.Bare, $"{method} {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");

        Assert.Equal(status, response.Status);
        Assert.Equal(["DENY"], response.Values("X-Frame-Options"));
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task A_target_too_long_is_414()
    {
        await using var upstream = RecordingUpstream.Start();
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(upstream.Address) with { Limits = new LimitsSection { UrlBytes = 100 } });

        Assert.Equal(200, (await edge.GetAsync("/api/" + new string('a', 95))).Status);
        Assert.Equal(414, (await edge.GetAsync("/api/" + new string('a', 96))).Status);
        Assert.Equal(414, (await edge.GetAsync("/api/" + new string('a', 2000))).Status);
        Assert.Single(upstream.Requests);
    }

    [Theory]
    [InlineData("gateway.test", 200)]
    [InlineData("GATEWAY.test:8443", 200)]
    [InlineData("a.wild.test", 200)]
    [InlineData("a.b.wild.test", 421)]
    [InlineData("*.wild.test", 421)]
    [InlineData("uncovered.test", 421)]
    [InlineData("evil.test", 421)]
    [InlineData("[::1]", 421)]
    [InlineData("", 421)]
    public async Task A_host_must_be_configured_and_covered_by_the_certificate(string host, int status)
    {
        await using var upstream = RecordingUpstream.Start();
        await using var edge = await ProxyHost.StartAsync(upstream);

        var response = await RawClient.ExchangeAsync(edge.Bare, $"GET /api HTTP/1.1\r\nHost: {host}\r\n\r\n");

        Assert.True(response.Status == status || (status == 421 && response.Status == 400 && host.Contains('*')), response.Head);
        Assert.Equal(status == 200 ? 1 : 0, upstream.Requests.Count);
    }

    [Fact]
    public async Task A_connection_may_change_its_host_to_one_that_is_not_served()
    {
        await using var upstream = RecordingUpstream.Start();
        await using var edge = await ProxyHost.StartAsync(upstream);
        using var client = await RawClient.ConnectAsync(edge.Bare);

        int[] statuses = [0, 0, 0];
        foreach (var (i, host) in new[] { "gateway.test", "evil.test", "localhost" }.Index())
        {
            await client.SendAsync($"GET /api HTTP/1.1\r\nHost: {host}\r\n\r\n");
            statuses[i] = (await client.ReadResponseAsync()).Status;
        }

        Assert.Equal([200, 421, 200], statuses);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Host: gateway.test\r\nHost: gateway.test\r\n")]
    public async Task No_host_or_two_are_400(string hosts)
    {
        await using var upstream = RecordingUpstream.Start();
        await using var edge = await ProxyHost.StartAsync(upstream);

        Assert.Equal(400, (await RawClient.ExchangeAsync(edge.Bare, $"GET /api HTTP/1.1\r\n{hosts}\r\n")).Status);
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task The_longest_route_wins_and_custom_routes_are_forwarded()
    {
        await using var upstream = RecordingUpstream.Start();
        await using var other = RecordingUpstream.Start(UpstreamScripts.Answer("other"));
        var options = ProxyHost.Options(upstream.Address) with { Routes = ["/api", "/api/v2"] };
        await using var edge = await ProxyHost.StartAsync(options, new Dictionary<string, string?>
        {
            ["ReverseProxy:Clusters:second:Destinations:d:Address"] = other.Address.AbsoluteUri,
            ["ReverseProxy:Routes:api-v2:ClusterId"] = "second",
        });

        Assert.Equal("other", (await edge.GetAsync("/api/v2/x")).Body);
        Assert.Equal("hello", (await edge.GetAsync("/api/v20")).Body);
    }

    [Fact]
    public async Task A_request_body_arrives_and_one_too_large_is_413()
    {
        await using var upstream = await EchoBody();
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(upstream.Address) with { Limits = new LimitsSection { RequestBodyBytes = 10 } });

        var fits = await RawClient.ExchangeAsync(edge.Bare, $"POST /api HTTP/1.1\r\nHost: {ProxyHost.Host}\r\nContent-Length: 4\r\n\r\nbody");
        var tooLarge = await RawClient.ExchangeAsync(edge.Bare, $"POST /api HTTP/1.1\r\nHost: {ProxyHost.Host}\r\nContent-Length: 11\r\n\r\n12345678901");

        Assert.Equal("body", fits.Body);
        Assert.Equal(413, tooLarge.Status);
        Assert.Equal(["DENY"], tooLarge.Values("X-Frame-Options"));

        static Task<RecordingUpstream> EchoBody() => Task.FromResult(RecordingUpstream.Start(async (connection, _) =>
        {
            var body = await connection.ReadAsync();
            await connection.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        }));
    }

    [Theory]
    [InlineData("GET /api HTTP/1.1\nHost: gateway.test\n\n")]
    [InlineData("GET /api HTTP/1.1\r\nHost: gateway.test\nX: y\r\n\r\n")]
    public async Task A_bare_LF_ends_no_line(string request)
    {
        await using var upstream = RecordingUpstream.Start();
        await using var edge = await ProxyHost.StartAsync(upstream);

        Assert.Equal(400, (await RawClient.ExchangeAsync(edge.Bare, request)).Status);
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task Requests_and_refusals_are_counted()
    {
        await using var upstream = RecordingUpstream.Start();
        await using var edge = await ProxyHost.StartAsync(upstream);
        using (var client = await RawClient.ConnectAsync(edge.Bare))
        {
            // Once the third response is there the first two have been counted.
            foreach (var target in new[] { "/api", "/nowhere", "/health" })
            {
                await client.SendAsync($"GET {target} HTTP/1.1\r\nHost: {ProxyHost.Host}\r\n\r\n");
                await client.ReadResponseAsync();
            }
        }

        var metrics = await edge.MetricsAsync();
        Assert.Equal(1, metrics.Sum("imgw_http_requests_total", ("route", "api"), ("code", "200")));
        Assert.Equal(1, metrics.Sum("imgw_http_requests_total", ("route", "other"), ("code", "404")));
        Assert.Equal(1, metrics.Sum("imgw_http_request_duration_seconds_count", ("route", "api")));
        Assert.Equal(1, metrics.Sum("imgw_refused_total", ("reason", "no_route")));
    }
}
