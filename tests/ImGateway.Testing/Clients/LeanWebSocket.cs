using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Text;

namespace ImGateway.Testing;

/// <summary>How a WebSocket ended for its client.</summary>
/// <param name="Code">Of the Close frame; null if none came.</param>
/// <param name="At">When it came, by <see cref="TimeProvider.GetTimestamp"/>.</param>
/// <param name="InOrder">The connection ended with close_notify, not by a cut.</param>
/// <param name="Fault">What was against the protocol, or broke.</param>
public sealed record SocketEnd(int? Code, long At, bool InOrder, string? Fault);

/// <summary>A WebSocket client over TLS and HTTP/1.1 that sees every frame, cheap enough to be had by the thousand.</summary>
public sealed class LeanWebSocket : IAsyncDisposable
{
    const byte Text = 1, Close = 8;

    readonly TlsWire _wire;
    readonly byte[] _header = new byte[4];
    readonly byte[] _payload = new byte[125];
    int _length;

    LeanWebSocket(TlsWire wire) => _wire = wire;

    public static async Task<LeanWebSocket> OpenAsync(IPEndPoint server, SslClientAuthenticationOptions options, CancellationToken cancellationToken)
    {
        var wire = await TlsWire.ConnectAsync(server, options, cancellationToken);
        try
        {
            return await OpenAsync(wire, options.TargetHost!, cancellationToken);
        }
        catch
        {
            await wire.DisposeAsync();
            throw;
        }
    }

    /// <summary>On a connection that is there already.</summary>
    public static async Task<LeanWebSocket> OpenAsync(TlsWire wire, string host, CancellationToken cancellationToken)
    {
        await wire.SendAsync(
            $"GET /ws HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            cancellationToken);
        var head = await wire.ReadHeadAsync(cancellationToken);
        return head.StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal) ? new LeanWebSocket(wire) : throw new IOException($"no upgrade: {head}");
    }

    /// <summary>Waits for the Close, answers it, and reads to the end.</summary>
    public Task<SocketEnd> UntilEndAsync(CancellationToken cancellationToken) => UntilEndAsync(speak: null, cancellationToken);

    /// <summary>As the other, and meanwhile sends a message each <paramref name="pace"/> and waits for its echo.</summary>
    public Task<SocketEnd> SpeakUntilEndAsync(TimeSpan pace, CancellationToken cancellationToken) => UntilEndAsync(pace, cancellationToken);

    /// <summary>Reads one frame and answers nothing.</summary>
    /// <returns>The code if it is a Close, else null.</returns>
    public async Task<int?> ReadFrameAsync(CancellationToken cancellationToken) => await ReadAsync(cancellationToken) == Close ? CloseCode() : null;

    /// <summary>As RFC 6455 §5.5.1 asks of who gets one.</summary>
    public Task AnswerCloseAsync(CancellationToken cancellationToken) => SendAsync(Close, _payload.AsMemory(0, _length), cancellationToken);

    public Task SendAsync(string text, CancellationToken cancellationToken) => SendAsync(Text, Encoding.UTF8.GetBytes(text), cancellationToken);

    /// <returns>Whether it ended in order.</returns>
    public async Task<bool> ReadEndAsync(CancellationToken cancellationToken) =>
        await _wire.ReadAsync(_payload, cancellationToken) == 0 ? _wire.EndedInOrder : throw new IOException("bytes after the Close");

    public ValueTask DisposeAsync() => _wire.DisposeAsync();

    async Task<SocketEnd> UntilEndAsync(TimeSpan? speak, CancellationToken cancellationToken)
    {
        int? code = null;
        long at = 0;
        try
        {
            for (var count = 0; code is null; count++)
            {
                var sent = $"echo {count}";
                if (speak is not null) await SendAsync(sent, cancellationToken);
                if (await ReadFrameAsync(cancellationToken) is { } came) code = came;
                else if (Encoding.UTF8.GetString(_payload, 0, _length) is var echo && echo != sent) return new SocketEnd(null, 0, false, $"'{echo}' instead of '{sent}'");
                else if (speak is { } pace) await Task.Delay(pace, TimeProvider.System, cancellationToken);
            }

            at = TimeProvider.System.GetTimestamp();
            await AnswerCloseAsync(cancellationToken);
            return new SocketEnd(code, at, await ReadEndAsync(cancellationToken), null);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            return new SocketEnd(code, at, false, e.GetBaseException().Message);
        }
    }

    /// <returns>The opcode; the payload, which is short here, stands in the buffer.</returns>
    async Task<byte> ReadAsync(CancellationToken cancellationToken)
    {
        await _wire.ReadExactlyAsync(_header.AsMemory(0, 2), cancellationToken);
        _length = _header[1];
        if (_length > _payload.Length || (_header[0] & 0xf0) != 0x80) throw new IOException($"no short, whole and unmasked frame: {_header[0]:x2} {_header[1]:x2}");
        await _wire.ReadExactlyAsync(_payload.AsMemory(0, _length), cancellationToken);
        return (byte)(_header[0] & 0xf);
    }

    int CloseCode() => _length >= 2 ? BinaryPrimitives.ReadUInt16BigEndian(_payload) : 1005;

    /// <summary>Masked with zeros, which leaves the payload readable (RFC 6455 §5.3 asks for a mask, which protects proxies that are not there in a test).</summary>
    Task SendAsync(byte opcode, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        var frame = new byte[6 + payload.Length];
        frame[0] = (byte)(0x80 | opcode);
        frame[1] = (byte)(0x80 | payload.Length);
        payload.CopyTo(frame.AsMemory(6));
        return _wire.SendAsync(frame, cancellationToken);
    }
}
