using System.Net;
using ImGateway.Edge.Configuration;
using Microsoft.AspNetCore.Connections;

namespace ImGateway.Edge.Connections;

/// <summary>Consumes the required PROXY header of a connection and sets the client's address.</summary>
sealed class ProxyProtocol(CurrentOptions current)
{
    /// <summary>Null on success; otherwise the reason to close the connection, empty if it need not be logged.</summary>
    public async ValueTask<string?> ConsumeHeaderAsync(ConnectionContext connection, CancellationToken cancellationToken)
    {
        // 1. Check the peer before reading a byte: only trusted proxies may send a header.
        if (!IsTrusted(connection.RemoteEndPoint)) return "is not one of Edge:TrustedProxies, and Edge:Listen:ProxyProtocol accepts connections only from these";

        // 2. Bytes after the header remain for the next protocol.
        var input = connection.Transport.Input;
        while (true)
        {
            var read = await input.ReadAsync(cancellationToken);
            var status = ProxyHeader.Read(read.Buffer, out var header, out var end);
            var isEmpty = read.Buffer.IsEmpty;
            input.AdvanceTo(end, status is ProxyHeaderStatus.Incomplete ? read.Buffer.End : end);
            switch (status)
            {
                case ProxyHeaderStatus.Complete:
                    // 3. Without addresses, the proxy itself is the client.
                    if (header.Source is not null) (connection.RemoteEndPoint, connection.LocalEndPoint) = (header.Source, header.Destination);
                    return null;
                case ProxyHeaderStatus.Malformed:
                    return "sent no PROXY header, or a wrong one; switch it on there, or Edge:Listen:ProxyProtocol off";
                // Load balancers check the port by connecting and closing.
                case ProxyHeaderStatus.Incomplete when read.IsCompleted:
                    return isEmpty ? "" : "closed in the middle of the PROXY header";
            }
        }
    }

    public bool IsTrusted(EndPoint? peer) => peer is IPEndPoint { Address: var address } && current.Value.TrustedProxies.AnyContains(address);
}
