using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace ImGateway.Testing;

/// <summary>A raw connection over TLS, which can tell an end with close_notify from a cut (RFC 8446 §6.1). Cheap enough to be had by the thousand.</summary>
public sealed class TlsWire : IAsyncDisposable
{
    readonly SslStream _tls;
    readonly Wire _wire;

    TlsWire(Socket socket)
    {
        _wire = new Wire(socket);
        _tls = new SslStream(_wire);
    }

    /// <summary>After a read of zero bytes: whether the other side said so before it closed.</summary>
    public bool EndedInOrder => !_wire.Ended;

    /// <param name="root">The only one trusted.</param>
    /// <param name="protocols">For ALPN; none = HTTP/1.1.</param>
    public static SslClientAuthenticationOptions Options(string host, X509Certificate2 root, params SslApplicationProtocol[] protocols) => new()
    {
        TargetHost = host,
        ApplicationProtocols = protocols.Length == 0 ? [SslApplicationProtocol.Http11] : [.. protocols],
        CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { root },
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        },
    };

    /// <param name="options">May be shared by many.</param>
    public static async Task<TlsWire> ConnectAsync(IPEndPoint server, SslClientAuthenticationOptions options, CancellationToken cancellationToken)
    {
        var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(server, cancellationToken);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        return await ConnectAsync(socket, options, cancellationToken);
    }

    /// <param name="socket">Connected; it is the wire's from now on.</param>
    public static async Task<TlsWire> ConnectAsync(Socket socket, SslClientAuthenticationOptions options, CancellationToken cancellationToken)
    {
        try
        {
            var wire = new TlsWire(socket);
            await wire._tls.AuthenticateAsClientAsync(options, cancellationToken);
            return wire;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public Task SendAsync(string text, CancellationToken cancellationToken) => SendAsync(Encoding.Latin1.GetBytes(text), cancellationToken);

    public Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => _tls.WriteAsync(bytes, cancellationToken).AsTask();

    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken) => _tls.ReadAsync(buffer, cancellationToken);

    public ValueTask ReadExactlyAsync(Memory<byte> buffer, CancellationToken cancellationToken) => _tls.ReadExactlyAsync(buffer, cancellationToken);

    /// <summary>Up to the empty line.</summary>
    public async Task<string> ReadHeadAsync(CancellationToken cancellationToken)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.EndsWith("\r\n\r\n"))
        {
            await _tls.ReadExactlyAsync(one, cancellationToken);
            head.Append((char)one[0]);
        }

        return head.ToString();
    }

    /// <summary>What comes until the end.</summary>
    public async Task<string> ReadToEndAsync(CancellationToken cancellationToken)
    {
        var all = new StringBuilder();
        var buffer = new byte[4096];
        while (await _tls.ReadAsync(buffer, cancellationToken) is > 0 and var read) all.Append(Encoding.Latin1.GetString(buffer, 0, read));
        return all.ToString();
    }

    public ValueTask DisposeAsync() => _tls.DisposeAsync();

    sealed class Wire(Socket socket) : NetworkStream(socket, ownsSocket: true)
    {
        public bool Ended { get; private set; }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await base.ReadAsync(buffer, cancellationToken);
            if (read == 0 && !buffer.IsEmpty) Ended = true;
            return read;
        }
    }
}

static class StringBuilderEnd
{
    public static bool EndsWith(this StringBuilder text, string end) => text.Length >= end.Length && text.ToString(text.Length - end.Length, end.Length) == end;
}
