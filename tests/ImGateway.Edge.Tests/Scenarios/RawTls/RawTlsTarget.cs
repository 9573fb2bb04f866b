using System.Net.Sockets;
using System.Text;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.RawTls;

/// <summary>Connections of <see cref="RawTls13Client"/> to an edge of the fixture, each with its limit.</summary>
sealed class RawTlsTarget(EdgeProcess edge) : IDisposable
{
    public const string Request = "GET /api HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\n\r\n";

    public const byte UnexpectedMessage = 10, BadRecordMac = 20, RecordOverflow = 22, IllegalParameter = 47, DecodeError = 50, NoRenegotiation = 100;

    readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(30));
    readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    public CancellationToken Limit => _limit.Token;

    public async Task<Stream> ConnectAsync()
    {
        await _socket.ConnectAsync(edge.Https, Limit);
        return new NetworkStream(_socket);
    }

    /// <summary>Completes the handshake, by default of an ordinary hello.</summary>
    public async Task<RawTls13Client> HandshakeAsync(RawHello? hello = null, Func<Stream, RawTls13Client>? create = null)
    {
        var client = (create ?? (stream => new RawTls13Client(stream)))(await ConnectAsync());
        Assert.True(await client.HandshakeAsync(hello ?? RawTls13Client.HelloFor(TlsFixture.Gateway), Limit), $"handshake ended with alert {client.Alert}");
        return client;
    }

    public void FinishSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>A request over the connection is answered.</summary>
    public async Task AssertServesAsync(RawTls13Client client)
    {
        await client.SendAsync(RawTls13Client.ApplicationDataType, Encoding.ASCII.GetBytes(Request), Limit);
        var response = await client.ReadUntilAsync("\r\n\r\n", Limit);
        Assert.True(response.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal), $"'{response}', alert {client.Alert}, standard error '{edge.Errors}'");
    }

    /// <summary>The connection has ended: by one of <paramref name="alerts"/>, or without an alert, as a reset may overtake it.</summary>
    public async Task AssertEndedAsync(RawTls13Client client, params byte[] alerts)
    {
        Assert.Empty(await client.ReadUntilAsync("\r\n", Limit));
        Assert.True(client.Alert is not { } alert || alerts.Contains(alert), $"alert {client.Alert}");
    }

    public void Dispose()
    {
        _socket.Dispose();
        _limit.Dispose();
    }
}
