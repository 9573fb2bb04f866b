using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Connections.Limits;
using ImGateway.Edge.Operations;
using ImGateway.Edge.Operations.Shutdown;
using ImGateway.Edge.Proxying.Upstream;
using ImGateway.Edge.Tests.Proxying;
using ImGateway.Edge.WebSockets;
using ImGateway.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace ImGateway.Edge.Tests.WebSockets;

/// <summary>A WebSocket over HTTP/1.1 goes on with the lease of its connection when its request and Kestrel have returned.</summary>
public sealed class HandOverTests : IDisposable
{
    const string Upgrade = $"GET /ws HTTP/1.1\r\nHost: {ProxyHost.Host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    const char CloseFrame = '\u0088';
    const int ServiceRestart = 1012;

    static readonly Frame Hello = new(Frame.Text, "hello"u8.ToArray(), Masked: true);
    static readonly Frame Reset = new(Frame.Text, "reset"u8.ToArray());

    readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(60));
    readonly Probe _probe = new();

    public enum Ending
    {
        ClientCloses,
        ClientVanishes,
        UpstreamBreaks,
        Drain,
    }

    CancellationToken Patient => _patience.Token;

    public void Dispose() => _patience.Dispose();

    [Theory]
    [InlineData(Ending.ClientCloses, "client", DestinationHealth.Healthy)]
    [InlineData(Ending.ClientVanishes, "client", DestinationHealth.Healthy)]
    [InlineData(Ending.UpstreamBreaks, "upstream", DestinationHealth.Unhealthy)]
    [InlineData(Ending.Drain, "drain", DestinationHealth.Healthy)]
    public async Task The_socket_outlives_request_and_server_and_is_counted_until_it_ends(Ending ending, string by, DestinationHealth health)
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Upgrade(EchoAsync));
        await using var edge = await StartAsync(upstream);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await using var client = await ConnectAsync(edge, socket);
        await client.SendAsync(Upgrade, Patient);
        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(Patient));
        await AssertEchoAsync(client);

        await _probe.Returned.WaitAsync(Patient);
        await _probe.WaitUntilCollectedAsync(Patient);

        await AssertEchoAsync(client);
        Assert.Equal(new Counts(Connections: 1, Clients: 1, Leases: 1, Sockets: 1, UnderWay: 1), Counts.By(edge));
        Assert.Equal((0, DestinationHealth.Unknown), (Destination(edge).ConcurrentRequestCount, Destination(edge).Health.Passive));
        Assert.Equal(1, (await edge.MetricsAsync()).Sum("imgw_websocket_connections"));
        Assert.Empty(AccessLines(edge));

        var drained = ending is Ending.Drain ? edge.Services.GetRequiredService<GracefulShutdown>().DrainAsync() : Task.CompletedTask;
        await EndAsync(ending, client, socket);
        await drained.WaitAsync(Patient);
        await WaitAsync(() => Counts.By(edge) == Counts.Nothing && AccessLines(edge).Count > 0);

        var metrics = await edge.MetricsAsync();
        Assert.Equal(0, metrics.Sum("imgw_websocket_connections"));
        Assert.Equal(1, metrics.Sum("imgw_websocket_closed_total"));
        Assert.Equal(1, metrics.Sum("imgw_websocket_closed_total", ("by", by)));
        Assert.Equal(1, metrics.Sum("imgw_websocket_duration_seconds_count"));
        Assert.Equal(1, metrics.Sum("imgw_http_requests_total", ("route", "ws"), ("code", "101")));
        Assert.Equal(health, Destination(edge).Health.Passive);
        var line = Assert.Single(AccessLines(edge));
        Assert.Equal(("101", "/ws", "True", by), (line["Status"], line["Path"], line["WebSocket"], line["ClosedBy"]));
        Assert.True(int.Parse(line["BytesIn"]!) >= 2 * Hello.ToBytes().Length, line.Text);
    }

    [Fact]
    public async Task Bytes_that_came_with_the_request_and_with_the_101_are_relayed()
    {
        var greeting = new Frame(Frame.Text, "first words"u8.ToArray()).ToBytes();
        await using var upstream = RecordingUpstream.Start(async (connection, head) =>
        {
            await connection.SendAsync(UpstreamScripts.SwitchingProtocols(head) + Encoding.Latin1.GetString(greeting));
            await EchoAsync(connection);
        });
        await using var edge = await StartAsync(upstream);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await using var client = await ConnectAsync(edge, socket);

        await client.SendAsync(Upgrade + Encoding.Latin1.GetString(Hello.ToBytes()), Patient);

        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(Patient));
        await AssertReadsAsync(client, greeting);
        await AssertReadsAsync(client, Hello.ToBytes());
        await AssertEchoAsync(client);
    }

    [Fact]
    public async Task Over_HTTP2_each_socket_has_a_part_of_its_connections_lease()
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Upgrade(EchoAsync));
        await using var edge = await StartAsync(upstream);
        using (var invoker = new HttpMessageInvoker(edge.Handler()))
        {
            using var first = await edge.ConnectWebSocketAsync(invoker, HttpVersion.Version20);
            using var second = await edge.ConnectWebSocketAsync(invoker, HttpVersion.Version20);
            Assert.Equal(new Counts(Connections: 1, Clients: 1, Leases: 2, Sockets: 2, UnderWay: 2), Counts.By(edge));
            Assert.Equal(0, Destination(edge).ConcurrentRequestCount);

            first.Abort();
            await WaitAsync(() => Counts.By(edge) == new Counts(Connections: 1, Clients: 1, Leases: 1, Sockets: 1, UnderWay: 1));
        }

        await WaitAsync(() => Counts.By(edge) == Counts.Nothing);
        Assert.Equal(2, AccessLines(edge).Count);
    }

    [Fact]
    public async Task A_request_that_becomes_no_socket_keeps_nothing()
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Answer("no", status: "403 Forbidden"));
        await using var edge = await StartAsync(upstream);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await using var client = await ConnectAsync(edge, socket);

        await client.SendAsync(Upgrade, Patient);

        Assert.StartsWith("HTTP/1.1 403 ", await client.ReadHeadAsync(Patient));
        await WaitAsync(() => Counts.By(edge) == new Counts(Connections: 1, Clients: 1, Leases: 0, Sockets: 0, UnderWay: 0));
        Assert.Equal(DestinationHealth.Healthy, Destination(edge).Health.Passive);
    }

    Task<ProxyHost> StartAsync(RecordingUpstream upstream) => ProxyHost.StartAsync(
        ProxyHost.Options(upstream.Address) with { AccessLog = true, Drain = new DrainSection { Delay = TimeSpan.Zero, Spread = TimeSpan.Zero } },
        new Dictionary<string, string?> { ["ReverseProxy:Clusters:gateway:HealthCheck:Passive:Enabled"] = "true" },
        services: services => services
            .AddSingleton<IStartupFilter>(_probe)
            .Configure<TransportFailureRateHealthPolicyOptions>(policy => policy.MinimalTotalCountThreshold = 1));

    async Task<TlsWire> ConnectAsync(ProxyHost edge, Socket socket)
    {
        await socket.ConnectAsync(edge.Tls, Patient);
        return await TlsWire.ConnectAsync(socket, new SslClientAuthenticationOptions
        {
            TargetHost = ProxyHost.Host,
            RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate!.GetCertHashString() == edge.Issued.Leaf.GetCertHashString(),
        }, Patient);
    }

    /// <summary>Sends all back; ends TCP after a Close frame, as a server does (RFC 6455 §7.1.1).</summary>
    static async Task EchoAsync(UpstreamConnection connection)
    {
        while (await connection.ReadAsync() is { Length: > 0 } text && text[0] != CloseFrame)
        {
            if (text == Encoding.Latin1.GetString(Reset.ToBytes()))
            {
                connection.Reset();
                return;
            }

            await connection.SendAsync(text);
        }

        connection.Close();
    }

    async Task EndAsync(Ending ending, TlsWire client, Socket socket)
    {
        switch (ending)
        {
            case Ending.ClientCloses:
                await client.SendAsync(Frame.Close(1000, masked: true).ToBytes(), Patient);
                break;
            case Ending.ClientVanishes:
                socket.LingerState = new LingerOption(enable: true, seconds: 0);
                socket.Close();
                return;
            case Ending.UpstreamBreaks:
                await client.SendAsync(Reset.ToBytes(), Patient);
                break;
            case Ending.Drain:
                await AssertReadsAsync(client, Frame.Close(ServiceRestart).ToBytes());
                await client.SendAsync(Frame.Close(ServiceRestart, masked: true).ToBytes(), Patient);
                Assert.Equal("", await client.ReadToEndAsync(Patient));
                Assert.True(client.EndedInOrder);
                break;
        }
    }

    async Task AssertEchoAsync(TlsWire client)
    {
        await client.SendAsync(Hello.ToBytes(), Patient);
        await AssertReadsAsync(client, Hello.ToBytes());
    }

    async Task AssertReadsAsync(TlsWire client, byte[] expected)
    {
        var read = new byte[expected.Length];
        await client.ReadExactlyAsync(read, Patient);
        Assert.Equal(expected, read);
    }

    async Task WaitAsync(Func<bool> condition)
    {
        for (; !condition(); await Task.Yield()) Patient.ThrowIfCancellationRequested();
    }

    static IReadOnlyList<LogLine> AccessLines(ProxyHost edge) => [.. edge.Log.Lines.Where(line => line["SourceContext"] == AccessLog.Source)];

    static DestinationState Destination(ProxyHost edge) => edge.Services.GetRequiredService<IProxyStateLookup>().GetClusters().Single().DestinationsState.AllDestinations.Single();

    /// <summary>What is counted of connections and sockets.</summary>
    sealed record Counts(int Connections, int Clients, int Leases, int Sockets, int UnderWay)
    {
        public static readonly Counts Nothing = new(Connections: 0, Clients: 0, Leases: 0, Sockets: 0, UnderWay: 0);

        public static Counts By(ProxyHost edge) => new(
            edge.Services.GetRequiredService<ClientConnections>().Count,
            edge.Services.GetRequiredService<ConnectionLimits>().Clients,
            edge.Services.GetRequiredService<WebSocketLeases>().Count,
            edge.WebSockets.Count,
            edge.Services.GetRequiredService<DestinationWebSockets>().ConcurrentRequests(Destination(edge)));
    }

    /// <summary>Before all that the edge does with a request.</summary>
    sealed class Probe : IStartupFilter
    {
        readonly TaskCompletionSource _returned = new(TaskCreationOptions.RunContinuationsAsynchronously);
        WeakReference? _server;

        /// <summary>The delegate of the request has returned.</summary>
        public Task Returned => _returned.Task;

        /// <summary>Until nothing holds Kestrel's HTTP/1.1 connection, which its own code does while it runs.</summary>
        public async Task WaitUntilCollectedAsync(CancellationToken cancellationToken)
        {
            while (_server!.IsAlive)
            {
                cancellationToken.ThrowIfCancellationRequested();
                GC.Collect();
                GC.WaitForPendingFinalizers();
                await Task.Yield();
            }
        }

        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use(ServeAsync);
            next(app);
        };

        async Task ServeAsync(HttpContext context, RequestDelegate next)
        {
            // Kestrel's feature is its connection itself.
            _server = new WeakReference(context.Features.Get<IHttpRequestFeature>());
            await next(context);
            _returned.TrySetResult();
        }
    }
}
