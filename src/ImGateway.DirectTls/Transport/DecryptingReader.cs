using ImGateway.DirectTls.Native;
using ImGateway.DirectTls.OpenSsl;

namespace ImGateway.DirectTls.Transport;

/// <summary>The decrypted input of a connection.</summary>
sealed class DecryptingReader(DirectConnection connection, TlsSession session) : ReadinessReader(connection)
{
    protected override bool TryFill()
    {
        if (!Connection.IsReadable) return false;
        var isNew = false;
        while (true)
        {
            var free = Free();
            var status = session.Read(free, out var count);
            switch (status)
            {
                case TlsStatus.Done:
                    OnReceived(count);
                    isNew = true;
                    if (count == free.Length && session.HasPending && MayGrow) continue;
                    Connection.IsReadable = session.MayHoldInput;
                    return true;
                case TlsStatus.WantsRead:
                    // The rest is read in another iteration of the loop: a flood of messages without data must not keep it.
                    Connection.IsReadable = session.MayHoldInput;
                    break;
                case TlsStatus.WantsWrite:
                    // The response to a KeyUpdate (RFC 8446 §4.6.3) does not fit into the socket's buffer.
                    Connection.ReadWhenWritable();
                    break;
                default:
                    OnEnd();
                    Connection.OnInputEnded(status);
                    isNew = true;
                    break;
            }

            ReleaseIfEmpty();
            return isNew;
        }
    }

    protected override void WaitForInput()
    {
        // OpenSSL has read it already, so epoll will not report it.
        if (Connection.IsReadable && session.MayHoldInput) Connection.ReadSoon();
        Connection.Watch(Readiness.Readable);
    }
}
