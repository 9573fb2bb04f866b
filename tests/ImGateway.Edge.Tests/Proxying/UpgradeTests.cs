using System.Collections.Concurrent;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Proxying;
using ImGateway.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace ImGateway.Edge.Tests.Proxying;

public sealed class UpgradeTests
{
    const string Key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";

    static readonly string[] WebSocket = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", Key];

    [Theory]
    [InlineData("Connection: Upgrade, HTTP2-Settings|Upgrade: h2c|HTTP2-Settings: AAMAAABkAAQAAP__")]
    [InlineData("Connection: Upgrade|Upgrade: SPDY/3.1")]
    [InlineData("Connection: Upgrade|Upgrade: TLS/1.0")]
    [InlineData("Connection: keep-alive|Upgrade: websocket")]
    public async Task Another_upgrade_is_a_plain_request(string headers)
    {
        await using var upstream = RecordingUpstream.Start();
        await using var edge = await ProxyHost.StartAsync(upstream);

        var response = await edge.GetAsync("/ws", headers.Split('|'));

        Assert.Equal(200, response.Status);
        Assert.DoesNotContain("Upgrade", upstream.Requests.Single());
        Assert.DoesNotContain("HTTP2-Settings", upstream.Requests.Single());
    }

    [Fact]
    public async Task Another_upgrade_with_a_body_is_a_plain_request()
    {
        await using var upstream = RecordingUpstream.Start(async (connection, _) =>
        {
            await connection.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{await connection.ReadAsync()}");
        });
        await using var edge = await ProxyHost.StartAsync(upstream);

        var response = await RawClient.ExchangeAsync(
            edge.Bare, $"POST /api HTTP/1.1\r\nHost: {ProxyHost.Host}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\nContent-Length: 4\r\n\r\nbody");

        Assert.Equal("body", response.Body);
    }

    [Theory]
    [InlineData("/api")]
    [InlineData("/health/ws")]
    public async Task A_WebSocket_elsewhere_is_403(string path)
    {
        await using var upstream = RecordingUpstream.Start();
        await using var edge = await ProxyHost.StartAsync(upstream);

        var response = await edge.GetAsync(path, WebSocket);

        Assert.Equal(403, response.Status);
        Assert.Equal("No WebSockets here\n", response.Body);
        Assert.Empty(upstream.Requests);
    }

    [Theory]
    [InlineData("https://app.test", 101)]
    [InlineData("https://app.test:8443", 403)]
    [InlineData("https://evil.test", 403)]
    [InlineData("file://", 101)]
    [InlineData("file:///", 403)]
    [InlineData("app://-", 101)]
    [InlineData("null", 403)]
    [InlineData(null, 101)]
    public async Task An_origin_must_be_allowed_exactly(string? origin, int status)
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.UpgradeAndEcho);
        var options = ProxyHost.Options(upstream.Address) with { WebSockets = new WebSocketsSection { AllowedOrigins = ["https://app.test", "file://", "app://-"] } };
        await using var edge = await ProxyHost.StartAsync(options);

        var response = await edge.GetAsync("/ws", origin is null ? WebSocket : [.. WebSocket, $"Origin: {origin}"]);

        Assert.Equal(status, response.Status);
        Assert.Equal(status == 101 ? 1 : 0, upstream.Requests.Count);
    }

    [Theory]
    [InlineData("/api", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nSECRET")]
    [InlineData("/ws", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nSECRET")]
    public async Task An_unasked_101_is_502_and_tunnels_nothing(string path, string answer)
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Send(answer));
        await using var edge = await ProxyHost.StartAsync(upstream);
        using var client = await RawClient.ConnectAsync(edge.Bare);

        // Connection: Upgrade alone would let the server switch.
        await client.SendAsync($"GET {path} HTTP/1.1\r\nHost: {ProxyHost.Host}\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
        var all = await client.ReadToEndAsync();

        Assert.StartsWith("HTTP/1.1 502", all);
        Assert.DoesNotContain("SECRET", all);
        Assert.Contains("X-Frame-Options: DENY\r\n", all);
        Assert.Equal(1, (await edge.MetricsAsync()).Sum("imgw_upstream_errors_total", ("error", "protocol")));
    }

    [Fact]
    public async Task A_101_for_another_protocol_is_502()
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nSECRET"));
        await using var edge = await ProxyHost.StartAsync(upstream);
        using var client = await RawClient.ConnectAsync(edge.Bare);

        await client.SendAsync($"GET /ws HTTP/1.1\r\nHost: {ProxyHost.Host}\r\n{string.Join("\r\n", WebSocket)}\r\n\r\n");
        var all = await client.ReadToEndAsync();

        Assert.StartsWith("HTTP/1.1 502", all);
        Assert.DoesNotContain("SECRET", all);
    }

    [Fact]
    public async Task A_101_that_is_502_for_another_fault_is_a_failure_of_its_destination()
    {
        await using var upstream = RecordingUpstream.Start((connection, head) =>
            connection.SendAsync(UpstreamScripts.SwitchingProtocols(head).Replace("\r\n\r\n", "\r\nTransfer-Encoding: gzip\r\n\r\nSECRET", StringComparison.Ordinal)));
        var policy = new RecordingPolicy();
        await using var edge = await ProxyHost.StartAsync(
            ProxyHost.Options(upstream.Address),
            new Dictionary<string, string?>
            {
                ["ReverseProxy:Clusters:gateway:HealthCheck:Passive:Enabled"] = "true",
                ["ReverseProxy:Clusters:gateway:HealthCheck:Passive:Policy"] = policy.Name,
            },
            services: services => services.AddSingleton<IPassiveHealthCheckPolicy>(new PassiveHealthCheckFilter(policy)));

        var response = await edge.GetAsync("/ws", WebSocket);

        Assert.Equal(502, response.Status);
        Assert.DoesNotContain("SECRET", response.Body);
        Assert.Equal(ForwarderError.ResponseHeaders, Assert.Single(policy.Results));
    }

    [Fact]
    public async Task An_upgrade_that_the_upstream_refuses_is_its_plain_answer()
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Answer("go away", status: "401 Unauthorized"));
        await using var edge = await ProxyHost.StartAsync(upstream);

        var response = await edge.GetAsync("/ws", WebSocket);

        Assert.Equal(401, response.Status);
        Assert.Equal("go away", response.Body);
        Assert.Equal(0, edge.WebSockets.Count);
    }

    [Fact]
    public async Task An_upgrade_arrives_as_one_with_its_own_headers()
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.UpgradeAndEcho);
        await using var edge = await ProxyHost.StartAsync(upstream);

        var response = await edge.GetAsync("/ws?token=1", [.. WebSocket[..1], "Upgrade: h2c, WebSocket", .. WebSocket[2..], "Sec-WebSocket-Protocol: chat", "X-Forwarded-For: 6.6.6.6"]);

        Assert.Equal(101, response.Status);
        Assert.Equal(["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="], response.Values("Sec-WebSocket-Accept"));
        Assert.Equal(["DENY"], response.Values("X-Frame-Options"));
        var head = upstream.Requests.Single();
        Assert.StartsWith("GET /ws?token=1 HTTP/1.1\r\n", head);
        Assert.Contains("Upgrade: websocket\r\n", head);
        Assert.Contains("Connection: Upgrade\r\n", head);
        Assert.Contains(Key + "\r\n", head);
        Assert.Contains("Sec-WebSocket-Protocol: chat\r\n", head);
        Assert.Contains("X-Forwarded-For: 127.0.0.1\r\n", head);
    }

    sealed class RecordingPolicy : IPassiveHealthCheckPolicy
    {
        public string Name => "Recording";

        public ConcurrentQueue<ForwarderError> Results { get; } = [];

        public void RequestProxied(HttpContext context, ClusterState cluster, DestinationState destination) =>
            Results.Enqueue(context.Features.Get<IForwarderErrorFeature>()?.Error ?? ForwarderError.None);
    }
}
