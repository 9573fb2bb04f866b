using System.Net;
using System.Net.WebSockets;
using ImGateway.Edge.Challenges;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Proxying;
using ImGateway.Edge.Tls;
using ImGateway.Edge.WebSockets;
using ImGateway.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Prometheus;

namespace ImGateway.Edge.Tests.Proxying;

/// <summary>
/// The request flow on Kestrel: what port 443 does, both behind TLS and, for exact bytes, without it (<see cref="Bare"/>), and port 80.
/// Its certificate covers gateway.test, localhost and *.wild.test.
/// </summary>
sealed class ProxyHost : IAsyncDisposable
{
    public const string Host = "gateway.test";

    static readonly string[] Covered = [Host, "localhost", "*.wild.test"];

    readonly TestCa _ca = TestCa.Create("Proxy tests");
    readonly WebApplication _app;
    readonly CollectorRegistry _registry = new();

    ProxyHost(EdgeOptions options, IReadOnlyDictionary<string, string?> yarp, TimeProvider? time, Action<KestrelServerLimits>? limits)
    {
        Issued = _ca.Issue(Covered);
        var credential = Issued.ToCredential(Covered);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Configuration.AddInMemoryCollection(yarp);
        builder.Logging.AddProvider(Logs).AddFilter("Yarp", LogLevel.Error);
        builder.Services.AddSingleton<IMetricFactory>(Prometheus.Metrics.WithCustomRegistry(_registry));
        builder.Services.AddSingleton(time ?? TimeProvider.System);
        builder.Services.AddTls(options).AddChallenges().AddProxying(options, builder.Configuration);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            ProxyingRegistration.ConfigureKestrelLimits(kestrel, options);
            limits?.Invoke(kestrel.Limits);
            kestrel.Listen(IPAddress.Loopback, 0, listener =>
            {
                listener.UseTlsEngine();
                listener.UseListenerKind(ListenerKind.Https);
            });
            kestrel.Listen(IPAddress.Loopback, 0, listener =>
            {
                listener.Protocols = HttpProtocols.Http1;
                listener.Use(next => connection =>
                {
                    connection.Features.Set(new TlsConnectionInfo { Host = HostName.Parse(Host), Credential = credential });
                    return next(connection);
                });
                listener.UseListenerKind(ListenerKind.Https);
            });
            kestrel.Listen(IPAddress.Loopback, 0, listener =>
            {
                listener.Protocols = HttpProtocols.Http1;
                listener.UseConnectionGate();
                listener.UseListenerKind(ListenerKind.Http);
            });
        });
        _app = builder.Build();
        _app.UseProxying();
        _app.Services.GetRequiredService<ServerCertificateSelector>().Publish(
            options.Hosts.Where(credential.Covers).ToDictionary(host => host, _ => credential));
    }

    public IssuedCertificate Issued { get; }

    public RecordingLogs Logs { get; } = new();

    public IPEndPoint Tls => Endpoint(0);

    public IPEndPoint Bare => Endpoint(1);

    public IPEndPoint Plain => Endpoint(2);

    public IReadOnlyList<IChallengeResponder> Challenges => _app.Services.GetRequiredService<ChallengeResponders>().Of(_app.Services.GetRequiredService<CurrentOptions>().Value);

    public IServiceProvider Services => _app.Services;

    public WebSocketRegistry WebSockets => _app.Services.GetRequiredService<WebSocketRegistry>();

    public static EdgeOptions Options(params Uri[] upstreams) => new()
    {
        Hosts = [HostName.Parse(Host), HostName.Parse("localhost"), HostName.Parse("*.wild.test"), HostName.Parse("uncovered.test"), HostName.Parse("::1")],
        Upstreams = upstreams,
    };

    public static async Task<ProxyHost> StartAsync(
        EdgeOptions options, IReadOnlyDictionary<string, string?>? yarp = null, TimeProvider? time = null, Action<KestrelServerLimits>? limits = null)
    {
        var host = new ProxyHost(options, yarp ?? new Dictionary<string, string?>(), time, limits);
        await host._app.StartAsync();
        return host;
    }

    public static Task<ProxyHost> StartAsync(RecordingUpstream upstream) => StartAsync(Options(upstream.Address));

    public RequestPath Path => _app.Services.GetRequiredService<RequestPaths>().Current;

    /// <summary>Requests from now on are served by these.</summary>
    public Task ReloadAsync(EdgeOptions options, IReadOnlyDictionary<string, string?>? yarp = null) => _app.Services.GetRequiredService<RequestPaths>().ReplaceAsync(
        options, ProxyConfiguration.Read(options, new ConfigurationBuilder().AddInMemoryCollection(yarp ?? new Dictionary<string, string?>()).Build()));

    /// <summary>A GET over HTTP/1.1 with these further header lines.</summary>
    public Task<RawResponse> GetAsync(string target, params string[] headers) =>
        RawClient.ExchangeAsync(Bare, $"GET {target} HTTP/1.1\r\nHost: {Host}\r\n{string.Concat(headers.Select(header => header + "\r\n"))}\r\n");

    public async Task<Scrape> MetricsAsync()
    {
        using var text = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(text);
        return new Scrape(System.Text.Encoding.UTF8.GetString(text.ToArray()));
    }

    /// <summary>Trusts the test's CA and goes to the edge whatever the name.</summary>
    public SocketsHttpHandler Handler() => new()
    {
        UseProxy = false,
        ConnectCallback = async (_, cancellation) =>
        {
            var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(Tls, cancellation);
            return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
        },
        SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate!.GetCertHashString() == Issued.Leaf.GetCertHashString() },
    };

    public async Task<ClientWebSocket> ConnectWebSocketAsync(HttpMessageInvoker invoker, Version version, string path = "/ws", Action<ClientWebSocketOptions>? configure = null)
    {
        var socket = new ClientWebSocket { Options = { HttpVersion = version, HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact } };
        configure?.Invoke(socket.Options);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await socket.ConnectAsync(new Uri($"wss://{Host}{path}"), invoker, patience.Token);
        return socket;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
        Logs.Dispose();
        Issued.Dispose();
        _ca.Dispose();
    }

    IPEndPoint Endpoint(int index)
    {
        var address = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.ElementAt(index));
        return new IPEndPoint(IPAddress.Parse(address.Host), address.Port);
    }
}
