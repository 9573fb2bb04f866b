using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using ImGateway.Edge.Tests.Proxying;

namespace ImGateway.Edge.Tests.Connections;

/// <summary>A TLS connection from an address of one's choice, with bytes of one's choice before it.</summary>
sealed class RawTls : IAsyncDisposable
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    readonly SslStream _stream;

    RawTls(SslStream stream) => _stream = stream;

    /// <exception cref="IOException">It was closed during the handshake.</exception>
    public static async Task<RawTls> ConnectAsync(ProxyHost edge, string from = "127.0.0.1", params byte[][] before)
    {
        using var limit = new CancellationTokenSource(Limit);
        var tls = new RawTls(new SslStream(
            await OpenAsync(edge.Tls, from, limit.Token, before), leaveInnerStreamOpen: false,
            (_, certificate, _, _) => certificate!.GetCertHashString() == edge.Issued.Leaf.GetCertHashString()));
        try
        {
            await tls._stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = ProxyHost.Host }, limit.Token);
            return tls;
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    /// <summary>A plain connection to <paramref name="server"/> on which <paramref name="writes"/> are sent, each as a segment of its own.</summary>
    public static async Task<NetworkStream> OpenAsync(IPEndPoint server, string from, CancellationToken cancellationToken, params byte[][] writes)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Bind(new IPEndPoint(IPAddress.Parse(from).MapToIPv6(), 0));
        await socket.ConnectAsync(server, cancellationToken);
        var stream = new NetworkStream(socket, ownsSocket: true);
        foreach (var write in writes) await stream.WriteAsync(write, cancellationToken);
        return stream;
    }

    /// <summary>The first line of the answer to a GET.</summary>
    public async Task<string> GetAsync(string path)
    {
        using var limit = new CancellationTokenSource(Limit);
        await _stream.WriteAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {ProxyHost.Host}\r\n\r\n"), limit.Token);
        var buffer = new byte[4096];
        var length = await _stream.ReadAtLeastAsync(buffer, 12, throwOnEndOfStream: false, limit.Token);
        return Encoding.ASCII.GetString(buffer, 0, length).Split("\r\n")[0];
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();
}
