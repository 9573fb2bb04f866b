using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Challenges;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Connections.Listening;
using ImGateway.Edge.Proxying;
using ImGateway.Edge.Proxying.Checks;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Edge.Tls;
using ImGateway.Edge.WebSockets;
using ImGateway.Testing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ImGateway.Edge.Tests.Proxying;

/// <summary>
/// An <see cref="InProcessEdge"/> for tests of requests: a certificate for gateway.test, localhost and *.wild.test, and beside the listeners of an
/// edge one without TLS (<see cref="Bare"/>), on which a test writes and reads exact bytes.
/// </summary>
sealed class ProxyHost : IAsyncDisposable
{
    public const string Host = "gateway.test";

    static readonly string[] Covered = [Host, "localhost", "*.wild.test"];

    readonly TestCa _ca = TestCa.Create("Proxy tests");
    readonly TemporaryDirectory _directory = TemporaryDirectory.InMemory();
    InProcessEdge _edge = null!;
    int _linesOfStart;

    ProxyHost() => Issued = _ca.Issue(Covered);

    public IssuedCertificate Issued { get; }

    /// <summary>Warnings and errors since it listens.</summary>
    public IEnumerable<LogLine> Warnings => _edge.Log.Lines.Skip(_linesOfStart).Where(line => line.Level is not "Information");

    public LogBook Log => _edge.Log;

    public IPEndPoint Tls => _edge.Https;

    /// <summary>After the three listeners and the control socket.</summary>
    public IPEndPoint Bare => _edge.Listener(4);

    public IPEndPoint Plain => _edge.Http;

    /// <summary>Listeners that the test has added.</summary>
    public IPEndPoint Added(int place) => _edge.Listener(5 + place);

    public IServiceProvider Services => _edge.Services;

    public IReadOnlyList<IChallengeResponder> Challenges => Services.GetRequiredService<ChallengeResponders>().Of(Services.GetRequiredService<CurrentOptions>().Value);

    public WebSocketRegistry WebSockets => Services.GetRequiredService<WebSocketRegistry>();

    public RequestConfiguration Pipeline => Services.GetRequiredService<CurrentRequestConfiguration>().Current;

    public static EdgeOptions Options(params Uri[] upstreams) => new()
    {
        Hosts = [HostName.Parse(Host), HostName.Parse("localhost"), HostName.Parse("*.wild.test"), HostName.Parse("uncovered.test"), HostName.Parse("::1")],
        Upstreams = upstreams,
    };

    public static async Task<ProxyHost> StartAsync(
        EdgeOptions options, IReadOnlyDictionary<string, string?>? yarp = null, TimeProvider? time = null, Action<KestrelServerOptions>? kestrel = null,
        Action<IServiceCollection>? services = null, TestedEngine? engine = null)
    {
        var host = new ProxyHost();
        try
        {
            await host.BeginAsync(options, yarp, time, kestrel, services, engine);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    public static Task<ProxyHost> StartAsync(RecordingUpstream upstream) => StartAsync(Options(upstream.Address));

    /// <summary>Requests from now on are served by these.</summary>
    public Task ReloadAsync(EdgeOptions options, IReadOnlyDictionary<string, string?>? yarp = null) => Services.GetRequiredService<CurrentRequestConfiguration>().ReplaceAsync(
        options, ProxyConfiguration.Read(options, Configuration(yarp)));

    /// <summary>A GET over HTTP/1.1 with these further header lines.</summary>
    public Task<RawResponse> GetAsync(string target, params string[] headers) =>
        RawClient.ExchangeAsync(Bare, $"GET {target} HTTP/1.1\r\nHost: {Host}\r\n{string.Concat(headers.Select(header => header + "\r\n"))}\r\n");

    public Task<Scrape> MetricsAsync() => _edge.GetMetricsAsync();

    /// <summary>Trusts the test's CA and goes to the edge whatever the name.</summary>
    public SocketsHttpHandler Handler() => new()
    {
        UseProxy = false,
        ConnectCallback = async (_, cancellation) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(Tls, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
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
        if (_edge is not null) await _edge.DisposeAsync();
        Issued.Dispose();
        _ca.Dispose();
        _directory.Dispose();
    }

    async Task BeginAsync(
        EdgeOptions options, IReadOnlyDictionary<string, string?>? yarp, TimeProvider? time, Action<KestrelServerOptions>? kestrel, Action<IServiceCollection>? more,
        TestedEngine? engine)
    {
        options = options with
        {
            DataDirectory = _directory["data"],
            Listen = InProcessEdge.OnAnyPorts(options.Listen),
            Certificates = new CertificatesSection { Source = CertificateSource.Files, Files = [Issued.WriteTo(_directory.Path)] },
        };
        _edge = await InProcessEdge.StartAsync(options, Configuration(yarp), services =>
        {
            if (time is not null) services.AddSingleton(time);
            if (engine is TestedEngine.BouncyCastle) services.AddSingleton(Engines.Create(TestedEngine.BouncyCastle));
            // These tests are not about the certificate, and its test handshakes would take most of their time.
            services.AddSingleton<HandshakeTest>((_, _, _) => Task.FromResult<string?>(null));
            services.Configure<KestrelServerOptions>(it => it.Listen(new PublicEndPoint(new IPEndPoint(IPAddress.Loopback, 0), "Bare"), ListenWithoutTls));
            if (kestrel is not null) services.Configure(kestrel);
            more?.Invoke(services);
        }, engine is TestedEngine.BouncyCastle ? null : engine?.OfProduct());
        _linesOfStart = _edge.Log.Lines.Count;
    }

    void ListenWithoutTls(ListenOptions listener)
    {
        var credential = Issued.ToCredential(Covered);
        listener.Protocols = HttpProtocols.Http1;
        listener.UseClientConnections();
        listener.Use(next => connection =>
        {
            connection.Features.Set(new TlsConnectionInfo { Host = HostName.Parse(Host), Credential = credential });
            return next(connection);
        });
        listener.UseListenerKind(ListenerKind.Https);
    }

    static IConfiguration Configuration(IReadOnlyDictionary<string, string?>? yarp) =>
        new ConfigurationBuilder().AddInMemoryCollection(yarp ?? new Dictionary<string, string?>()).Build();
}
