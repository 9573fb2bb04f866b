using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Connections.Listening;
using ImGateway.Edge.Tests.Proxying;
using ImGateway.Edge.Tls;
using ImGateway.Testing;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace ImGateway.Edge.Tests.Connections;

/// <summary>An edge with three more listeners, with a protocol of the test in place of HTTP, and a simulated clock.</summary>
sealed class BoundedCloseHost : IAsyncDisposable
{
    public const string Tls = "TLS", Plain = "plain", Management = "management";

    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    static readonly string[] Listeners = [Tls, Plain, Management];
    static readonly IPEndPoint AnyPort = new(IPAddress.Loopback, 0);

    ProxyHost _edge = null!;

    BoundedCloseHost()
    {
    }

    public FakeTimeProvider Time { get; } = new(TimeProvider.System.GetUtcNow());

    public IServiceProvider Services => _edge.Services;

    public ClientConnections Connections => Services.GetRequiredService<ClientConnections>();

    public static async Task<BoundedCloseHost> StartAsync(ConnectionDelegate serve, TestedEngine? engine = null)
    {
        var host = new BoundedCloseHost();
        host._edge = await ProxyHost.StartAsync(ProxyHost.Options(), time: host.Time, kestrel: kestrel => Listen(kestrel, serve), engine: engine);
        return host;
    }

    /// <summary>A client with a small window.</summary>
    public async Task<Stream> ConnectAsync(string listener, bool http2 = false)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(_edge.Added(Array.IndexOf(Listeners, listener)), TestContext.Current.CancellationToken);
        var stream = new NetworkStream(socket, ownsSocket: true);
        // A client of HTTP speaks first.
        if (listener is Plain) await stream.WriteAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        if (listener is not Tls) return stream;
        var tls = new SslStream(stream, leaveInnerStreamOpen: false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = ProxyHost.Host, ApplicationProtocols = http2 ? [SslApplicationProtocol.Http2] : null },
            TestContext.Current.CancellationToken).WaitAsync(Patience, TestContext.Current.CancellationToken);
        return tls;
    }

    public async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!condition()) await timer.WaitForNextTickAsync(limit.Token);
    }

    public ValueTask DisposeAsync() => _edge.DisposeAsync();

    static void Listen(KestrelServerOptions kestrel, ConnectionDelegate serve)
    {
        kestrel.Listen(new PublicEndPoint(AnyPort, Tls), listener =>
        {
            listener.UseClientConnections();
            listener.UseTlsEngine();
            listener.Use(_ => serve);
        });
        kestrel.Listen(new PublicEndPoint(AnyPort, Plain), listener =>
        {
            listener.UseClientConnections();
            listener.UseConnectionGate();
            listener.Use(_ => serve);
        });
        kestrel.Listen(new ManagementEndPoint(AnyPort, Management), listener => listener.Use(_ => serve));
    }
}
