using System.Net;
using ImGateway.Edge.Configuration;
using Microsoft.AspNetCore.Connections;

namespace ImGateway.Edge.Connections;

/// <summary>Takes the required PROXY header off a connection, which from then on is its client's.</summary>
sealed class ProxyProtocol(CurrentOptions current)
{
    /// <summary>Null if the header was there and taken; else why the connection ends, empty where that is nobody's concern.</summary>
    public async ValueTask<string?> TakeAsync(ConnectionContext connection, CancellationToken cancellationToken)
    {
        // 1. Before a byte is read: what others claim to be is worth nothing.
        if (!IsTrusted(connection.RemoteEndPoint)) return "is not one of Edge:TrustedProxies, from which alone Edge:Listen:ProxyProtocol lets connections come";

        // 2. What follows the header stays for who speaks next.
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
                    // 3. Without addresses it is the proxy itself that connects.
                    if (header.Source is not null) (connection.RemoteEndPoint, connection.LocalEndPoint) = (header.Source, header.Destination);
                    return null;
                case ProxyHeaderStatus.Malformed:
                    return "sent no PROXY header, or a wrong one; switch it on there, or Edge:Listen:ProxyProtocol off";
                // Balancers look whether the port is open by opening it.
                case ProxyHeaderStatus.Incomplete when read.IsCompleted:
                    return isEmpty ? "" : "closed in the middle of the PROXY header";
            }
        }
    }

    public bool IsTrusted(EndPoint? peer) => peer is IPEndPoint { Address: var address } && current.Value.TrustedProxies.AnyContains(address);
}
