using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Connections.Limits;

/// <summary>Who counts as one client: an IPv4 address, or the /64 that one customer gets of IPv6 (RFC 6177).</summary>
readonly record struct ClientNetwork(ulong Bits, bool IsIpv6)
{
    public static ClientNetwork? Of(EndPoint? peer) => peer is IPEndPoint { Address: var address } ? Of(address) : null;

    public static ClientNetwork Of(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        return address.AddressFamily is AddressFamily.InterNetwork ? new(BinaryPrimitives.ReadUInt32BigEndian(bytes), false)
            : address.IsIPv4MappedToIPv6 ? new(BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]), false)
            : new(BinaryPrimitives.ReadUInt64BigEndian(bytes), true);
    }
}

/// <summary>Counts the connections of the public listeners, in total and per client network. Counts also without a limit, because a reload may set one.</summary>
sealed class ConnectionLimits(CurrentOptions current)
{
    readonly Lock _lock = new();
    readonly Dictionary<ClientNetwork, int> _perClient = [];
    int _connections;

    /// <summary>The number of client networks with at least one connection.</summary>
    public int Clients
    {
        get
        {
            lock (_lock) return _perClient.Count;
        }
    }

    /// <summary>Counts a connection, or returns the limit that refuses it.</summary>
    /// <param name="client">The client's network; null counts only towards the total.</param>
    public ConnectionRefusal Enter(ClientNetwork? client)
    {
        var limits = current.Value.Limits;
        lock (_lock)
        {
            if (limits.Connections > 0 && _connections >= limits.Connections) return ConnectionRefusal.Connections;
            if (client is { } key)
            {
                if (limits.ConnectionsPerAddress > 0 && _perClient.GetValueOrDefault(key) >= limits.ConnectionsPerAddress) return ConnectionRefusal.ConnectionsPerAddress;
                CollectionsMarshal.GetValueRefOrAddDefault(_perClient, key, out _)++;
            }

            _connections++;
            return ConnectionRefusal.None;
        }
    }

    /// <summary>Ends a connection that <see cref="Enter"/> has counted.</summary>
    public void Leave(ClientNetwork? client)
    {
        lock (_lock)
        {
            _connections--;
            if (client is not { } key) return;
            ref var count = ref CollectionsMarshal.GetValueRefOrNullRef(_perClient, key);
            // Entries without connections are removed, so that a scan from many addresses leaves nothing behind.
            if (--count == 0) _perClient.Remove(key);
        }
    }
}
