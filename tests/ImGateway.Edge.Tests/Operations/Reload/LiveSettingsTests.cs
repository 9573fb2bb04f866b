using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Operations.Reload;

/// <summary>Each setting that a running edge takes in, as a client sees it change, under an open WebSocket.</summary>
public sealed class LiveSettingsTests
{
    [Fact]
    public async Task Routes_and_upstreams()
    {
        await using var two = RecordingUpstream.Start(UpstreamScripts.Answer("two"));
        await using var edge = await ReloadingEdge.StartAsync();
        Assert.Equal(HttpStatusCode.NotFound, await edge.StatusAsync("/api2"));
        Assert.Equal(HttpStatusCode.OK, await edge.StatusAsync("/health"));

        await edge.ChangeAsync(("Routes", new JsonArray("/ws", "/api", "/api2")));
        Assert.Equal(HttpStatusCode.OK, await edge.StatusAsync("/api2"));
        Assert.Equal(HttpStatusCode.NotFound, await edge.StatusAsync("/health"));

        await edge.ChangeAsync(("Upstreams", new JsonArray(two.Address.GetLeftPart(UriPartial.Authority))));
        using var answer = await edge.Client.GetAsync(ReloadingEdge.Gateway, "/api");
        Assert.Equal("two", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));

        await edge.ChangeAsync((":ReverseProxy:Clusters:gateway:Destinations:upstream-1:Address", two.Address.AbsoluteUri));
        using var merged = await edge.Client.GetAsync(ReloadingEdge.Gateway, "/health");
        Assert.Equal("two", await merged.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        await edge.AssertUndisturbedAsync();
    }

    [Fact]
    public async Task Headers_and_the_redirect()
    {
        await using var edge = await ReloadingEdge.StartAsync();

        await edge.ChangeAsync(
            ("Headers:FrameOptions", "SAMEORIGIN"), ("Headers:Hsts:MaxAge", "1.00:00:00"), ("Headers:Custom", new JsonObject { ["X-Ours"] = "1" }), ("PlainHttp:HttpsPort", 8443));
        using (var answer = await edge.Client.GetAsync(ReloadingEdge.Gateway, "/api"))
        {
            Assert.Equal("SAMEORIGIN", answer.Headers.GetValues("X-Frame-Options").Single());
            Assert.Equal("max-age=86400; includeSubDomains", answer.Headers.GetValues("Strict-Transport-Security").Single());
            Assert.Equal("1", answer.Headers.GetValues("X-Ours").Single());
        }

        Assert.Equal(["https://gateway.test:8443/x"], (await PlainAsync(edge)).Values("Location"));
        await edge.ChangeAsync(("PlainHttp:Mode", "Reject"));
        Assert.Equal(403, (await PlainAsync(edge)).Status);
        await edge.AssertUndisturbedAsync();
    }

    [Fact]
    public async Task Limits_hold_for_new_connections()
    {
        await using var edge = await ReloadingEdge.StartAsync();
        var long200 = "/api/" + new string('a', 300);
        Assert.Equal(HttpStatusCode.OK, await edge.StatusAsync(long200));
        Assert.Equal(HttpStatusCode.OK, await SendAsync(edge, header: 4000, body: 2000));

        await edge.ChangeAsync(("Limits:UrlBytes", 200));
        Assert.Equal(HttpStatusCode.RequestUriTooLong, await edge.StatusAsync(long200));
        await edge.ChangeAsync(("Limits:HeaderBytes", 2000));
        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, await SendAsync(edge, header: 4000, body: 0));
        await edge.ChangeAsync(("Limits:RequestBodyBytes", 1000));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await SendAsync(edge, header: 1, body: 2000));
        await edge.AssertUndisturbedAsync();
    }

    [Fact]
    public async Task WebSockets()
    {
        await using var edge = await ReloadingEdge.StartAsync();

        await edge.ChangeAsync(("WebSockets:IdleTimeout", "00:00:01"));
        using var quiet = await edge.Client.OpenWebSocketAsync(ReloadingEdge.Gateway);
        var ended = await Record.ExceptionAsync(() => quiet.ReceiveAsync(new byte[16], TestContext.Current.CancellationToken).WaitAsync(ReloadingEdge.Patience));
        Assert.True(ended is WebSocketException || quiet.State != WebSocketState.Open, $"{ended}");

        await edge.ChangeAsync(("WebSockets:Routes", new JsonArray("/api")));
        await Assert.ThrowsAsync<WebSocketException>(() => edge.Client.OpenWebSocketAsync(ReloadingEdge.Gateway));
        await edge.AssertUndisturbedAsync();
    }

    [Fact]
    public async Task Trusted_proxies_even_on_an_open_connection()
    {
        await using var upstream = RecordingUpstream.Start();
        await using var edge = await ReloadingEdge.StartAsync();
        using var connection = Connection(edge);
        var address = upstream.Address.GetLeftPart(UriPartial.Authority);
        await edge.ChangeAsync(("Upstreams", new JsonArray(address)));

        await SendForwardedAsync();
        await edge.ChangeAsync(("Upstreams", new JsonArray(address)), ("TrustedProxies", new JsonArray("127.0.0.0/8")));
        await SendForwardedAsync();

        Assert.Contains("X-Real-IP: 127.0.0.1\r\n", upstream.Requests[0]);
        Assert.Contains("X-Real-IP: 203.0.113.9\r\n", upstream.Requests[1]);
        await edge.AssertUndisturbedAsync();

        async Task SendForwardedAsync()
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"https://{ReloadingEdge.Gateway}:{edge.Process.HttpsPort}/api") { Headers = { { "X-Forwarded-For", "203.0.113.9" } } };
            using var answer = await connection.SendAsync(request, TestContext.Current.CancellationToken);
            answer.EnsureSuccessStatusCode();
        }
    }

    [Fact]
    public async Task The_access_log_and_who_may_read_the_management_port()
    {
        await using var edge = await ReloadingEdge.StartAsync();
        await edge.StatusAsync("/api/before");
        await edge.Process.WaitForLogAsync(line => line["Path"] == "/api/before", ReloadingEdge.Patience);

        await edge.ChangeAsync(("AccessLog", false));
        await edge.StatusAsync("/api/without");
        await edge.ChangeAsync(("ManagementNetworks", new JsonArray("10.0.0.0/8")));
        await edge.StatusAsync("/api/after");
        await edge.Process.WaitForLogAsync(line => line["Path"] == "/api/after", ReloadingEdge.Patience);

        Assert.DoesNotContain(edge.Process.Log.Lines, line => line["Path"] == "/api/without");
        using var refused = await edge.Process.GetManagementAsync("/livez");
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        await edge.AssertUndisturbedAsync();
    }

    [Fact]
    public async Task Unknown_names_and_the_default_host()
    {
        await using var edge = await ReloadingEdge.StartAsync();
        Assert.True((await new RawHello { ServerName = "other.test" }.SendAsync(edge.Process.Https)).IsFatalAlert(112));

        await edge.ChangeAsync(("Tls:UnknownNames", "Default"));

        Assert.NotEmpty((await new RawHello { ServerName = "other.test" }.SendAsync(edge.Process.Https)).Certificates);
        await edge.AssertUndisturbedAsync();
    }

    static Task<RawResponse> PlainAsync(ReloadingEdge edge) =>
        RawClient.ExchangeAsync(edge.Process.Http, $"GET /x HTTP/1.1\r\nHost: {ReloadingEdge.Gateway}\r\nConnection: close\r\n\r\n");

    static async Task<HttpStatusCode> SendAsync(ReloadingEdge edge, int header, int body)
    {
        using var client = Connection(edge);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"https://{ReloadingEdge.Gateway}:{edge.Process.HttpsPort}/api");
        request.Headers.Add("X-Long", new string('a', header));
        request.Content = new ByteArrayContent(new byte[body]);
        request.Headers.ExpectContinue = body > 0;
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }

    static HttpClient Connection(ReloadingEdge edge) => new(edge.Client.Handler());
}
