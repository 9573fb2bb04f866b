using NetSslStream = System.Net.Security.SslStream;

namespace ImGateway.Edge.Tls.SslStream;

/// <summary>
/// An SslStream that discards what it can no longer encrypt. After a record that OpenSSL refuses, reading fails, and so does every write; Kestrel would log an
/// error for the GOAWAY that it writes then, so that each hostile client could write lines into the log.
/// </summary>
sealed class ServerSslStream(Stream transport) : NetSslStream(transport, leaveInnerStreamOpen: true)
{
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var write = base.WriteAsync(buffer, cancellationToken);
        return write.IsFaulted ? DiscardAsync(write) : write;
    }

    static async ValueTask DiscardAsync(ValueTask failed)
    {
        try
        {
            await failed;
        }
        catch (IOException)
        {
            // Encryption has failed: writing to the transport itself reports no error.
        }
    }
}
