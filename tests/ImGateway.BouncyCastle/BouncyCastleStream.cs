using System.IO.Pipelines;
using ImGateway.Edge.Tls;
using Microsoft.AspNetCore.Connections;
using Org.BouncyCastle.Tls;

namespace ImGateway.BouncyCastle;

/// <summary>The decrypted side of a connection: BouncyCastle's server without a stream of its own, fed from the transport's pipes.</summary>
sealed class BouncyCastleStream(TlsServerProtocol protocol, IDuplexPipe transport) : DuplexPipeStream(transport)
{
    // The protocol is not thread-safe; reads and writes are concurrent.
    readonly Lock _lock = new();
    readonly SemaphoreSlim _sending = new(1);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            lock (_lock)
            {
                if (protocol.GetAvailableInputBytes() is > 0 and var available)
                {
                    var bytes = new byte[Math.Min(available, buffer.Length)];
                    if (bytes.Length > 0) protocol.ReadInput(bytes, 0, bytes.Length);
                    bytes.CopyTo(buffer);
                    return bytes.Length;
                }

                if (protocol.IsClosed) return 0;
            }

            try
            {
                if (!await ReceiveAsync(onWait: null, cancellationToken)) return 0;
            }
            catch (Exception e) when (e is TlsException or ConnectionResetException)
            {
                return 0;
            }
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            // The client has sent close_notify: what it does not read any more is dropped.
            if (protocol.IsClosed) return;
            protocol.WriteApplicationData(buffer.Span);
        }

        await SendAsync(cancellationToken);
    }

    /// <summary>Feeds what the client has sent to the protocol, and sends what that answers; false if there is nothing more to come.</summary>
    public async ValueTask<bool> ReceiveAsync(Action? onWait, CancellationToken cancellationToken)
    {
        var reading = Input.ReadAsync(cancellationToken);
        if (!reading.IsCompleted) onWait?.Invoke();
        var result = await reading;
        try
        {
            lock (_lock)
            {
                foreach (var segment in result.Buffer) protocol.OfferInput(segment.ToArray());
            }
        }
        finally
        {
            Input.AdvanceTo(result.Buffer.End);
            // After a failure this is the alert.
            await SendAsync(cancellationToken);
        }

        return !result.IsCompleted;
    }

    public async Task CloseAsync()
    {
        lock (_lock)
        {
            if (!protocol.IsClosed) protocol.Close();
        }

        await SendAsync(CancellationToken.None);
    }

    async Task SendAsync(CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken);
        try
        {
            byte[] records;
            lock (_lock)
            {
                records = new byte[protocol.GetAvailableOutputBytes()];
                if (records.Length > 0) protocol.ReadOutput(records, 0, records.Length);
            }

            if (records.Length > 0) await Output.WriteAsync(records, cancellationToken);
        }
        finally
        {
            _sending.Release();
        }
    }
}
