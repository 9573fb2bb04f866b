using ImGateway.DirectTls.OpenSsl;

namespace ImGateway.DirectTls.Transport;

/// <summary>The output of a connection, encrypted by OpenSSL.</summary>
sealed class EncryptingWriter(DirectConnection connection, TlsSession session) : ReadinessWriter(connection)
{
    protected override void Send(ref ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            var status = session.Write(data, out var count);
            NeedsInput = status is TlsStatus.WantsRead;
            switch (status)
            {
                case TlsStatus.Done:
                    data = data[count..];
                    break;
                case TlsStatus.WantsWrite or TlsStatus.WantsRead:
                    return;
                default:
                    OnEnd();
                    Connection.OnOutputFailed();
                    return;
            }
        }
    }
}
