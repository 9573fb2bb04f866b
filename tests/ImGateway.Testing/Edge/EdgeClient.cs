using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace ImGateway.Testing;

/// <summary>A .NET client of one listener: names go into SNI and Host, nothing is looked up in DNS, only <paramref name="root"/> is trusted.</summary>
public sealed class EdgeClient(IPEndPoint server, X509Certificate2 root)
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Of a connection of its own.</summary>
    public async Task<HttpResponseMessage> GetAsync(string host, string path, Version? version = null)
    {
        using var client = new HttpClient(Handler()) { Timeout = Limit };
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"https://{host}:{server.Port}{path}"))
        {
            Version = version ?? HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        return await client.SendAsync(request);
    }

    /// <summary>An open socket on <c>/ws</c>. It owns its connection, unless it goes <paramref name="through"/> another's.</summary>
    public async Task<ClientWebSocket> OpenWebSocketAsync(string host, Version? version = null, HttpMessageInvoker? through = null)
    {
        using var limit = new CancellationTokenSource(Limit);
        var socket = new ClientWebSocket();
        socket.Options.HttpVersion = version ?? HttpVersion.Version11;
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        // Disposed with the connection that the socket holds: an invoker has no finalizer to lose.
        await socket.ConnectAsync(new Uri($"wss://{host}:{server.Port}/ws"), through ?? Invoker(), limit.Token);
        return socket;
    }

    /// <summary>Connections that several sockets or requests of HTTP/2 can share.</summary>
    public HttpMessageInvoker Invoker() => new(Handler());

    /// <summary>The serial number of the certificate in a new handshake.</summary>
    public async Task<string> ServedSerialAsync(string host)
    {
        using var limit = new CancellationTokenSource(Limit);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server, limit.Token);
        await using var tls = new SslStream(new NetworkStream(socket));
        await tls.AuthenticateAsClientAsync(Options(host), limit.Token);
        return ((X509Certificate2)tls.RemoteCertificate!).SerialNumber;
    }

    /// <summary>For clients that keep their connections.</summary>
    public SocketsHttpHandler Handler() => new()
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        EnableMultipleHttp2Connections = true,
        // For invokers that are not disposed of: an HTTP/2 connection outlives its last socket by this.
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(2),
        SslOptions = Options(targetHost: null),
        ConnectCallback = async (_, cancellationToken) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(server, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
    };

    SslClientAuthenticationOptions Options(string? targetHost) => new()
    {
        TargetHost = targetHost,
        EnabledSslProtocols = SslProtocols.None,
        CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { root },
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        },
    };
}
