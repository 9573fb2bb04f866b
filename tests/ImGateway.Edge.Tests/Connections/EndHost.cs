using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Tests.Proxying;
using ImGateway.Edge.Tls;
using ImGateway.Edge.Tls.SslStream;
using ImGateway.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Prometheus;

namespace ImGateway.Edge.Tests.Connections;

/// <summary>The listeners of an edge on Kestrel, as far as they are about connections, with one's own protocol in place of HTTP and a clock turned by hand.</summary>
sealed class EndHost : IAsyncDisposable
{
    public const string Tls = "TLS", Plain = "plain", Management = "management";

    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    readonly TestCa _ca = TestCa.Create("Connection ends");
    readonly IssuedCertificate _issued;
    readonly WebApplication _app;
    readonly Dictionary<string, int> _ports = new() { [Tls] = FreePort.Next(), [Plain] = FreePort.Next(), [Management] = FreePort.Next() };

    EndHost(ConnectionDelegate serve)
    {
        _issued = _ca.Issue([ProxyHost.Host]);
        var credential = _issued.ToCredential([ProxyHost.Host]);
        var options = ProxyHost.Options();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services
            .AddSingleton<IMetricFactory>(Prometheus.Metrics.WithCustomRegistry(new CollectorRegistry()))
            .AddSingleton<TimeProvider>(Time)
            .AddClientConnections()
            .AddTls(options, new SslStreamEngine());
        builder.WebHost.UseKestrelCore().UseBlockPools().UsePublicTransport(ListenPlan.For(new ListenSection(), InheritedSockets.None))
            .ConfigureKestrel(kestrel =>
            {
                kestrel.Listen(new PublicEndPoint(new IPEndPoint(IPAddress.Loopback, _ports[Tls])), listener =>
                {
                    listener.UseClientConnections();
                    listener.UseTlsEngine();
                    listener.Use(_ => serve);
                });
                kestrel.Listen(new PublicEndPoint(new IPEndPoint(IPAddress.Loopback, _ports[Plain])), listener =>
                {
                    listener.UseClientConnections();
                    listener.UseConnectionGate();
                    listener.Use(_ => serve);
                });
                kestrel.Listen(new ManagementEndPoint(new IPEndPoint(IPAddress.Loopback, _ports[Management])), listener => listener.Use(_ => serve));
            });
        _app = builder.Build();
        _app.Services.GetRequiredService<ServerCertificateSelector>().Publish(
            options.Hosts.Where(credential.Covers).ToDictionary(host => host, _ => credential));
    }

    public FakeTimeProvider Time { get; } = new();

    public IServiceProvider Services => _app.Services;

    public ClientConnections Connections => Services.GetRequiredService<ClientConnections>();

    public static async Task<EndHost> StartAsync(ConnectionDelegate serve)
    {
        var host = new EndHost(serve);
        await host._app.StartAsync();
        return host;
    }

    /// <summary>A client with a small window.</summary>
    public async Task<Stream> ConnectAsync(string listener, bool http2 = false)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(IPAddress.Loopback, _ports[listener], TestContext.Current.CancellationToken);
        var stream = new NetworkStream(socket, ownsSocket: true);
        // A client of HTTP speaks first.
        if (listener is Plain) await stream.WriteAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        if (listener is not Tls) return stream;
        var tls = new SslStream(stream, leaveInnerStreamOpen: false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = ProxyHost.Host, ApplicationProtocols = http2 ? [SslApplicationProtocol.Http2] : null },
            TestContext.Current.CancellationToken);
        return tls;
    }

    public async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!condition()) await timer.WaitForNextTickAsync(limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
        _issued.Dispose();
        _ca.Dispose();
    }
}
