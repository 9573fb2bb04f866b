namespace ImGateway.DirectTls.Transport;

/// <summary>The output before TLS: alerts, and the response to a client that does not speak TLS.</summary>
sealed class PlainWriter(DirectConnection connection) : ReadinessWriter(connection)
{
    protected override void Send(ref ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            switch (Connection.Socket.Send(data, out _))
            {
                case < 0:
                    return;
                case 0:
                    OnEnd();
                    return;
                case var count:
                    data = data[count..];
                    break;
            }
        }
    }
}
