using System.Net;
using System.Net.Sockets;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>Checks whether the configured ports are free or in use by the running edge. Binds each for a moment, without listening.</summary>
static class ListenPortCheck
{
    const string Check = "listen";

    /// <param name="ours">Whether an edge is running with this DataDirectory.</param>
    public static IEnumerable<Finding> Run(ListenSection listen, bool ours) =>
        from section in ((string Name, IReadOnlyList<ListenAddress> Addresses)[])
            [("Https", listen.Https), ("Http", listen.Http), ("Management", listen.Management)]
        from address in section.Addresses
        select Run($"Edge:Listen:{section.Name} {address}", address, ListenSection.IsDefault(section.Addresses), ours);

    static Finding Run(string what, ListenAddress address, bool isDefault, bool ours)
    {
        if (address.Port == 0) return new(Check, FindingStatus.Ok, $"{what}: a port of the system's choice");
        return Bind(address) switch
        {
            null when ours => new(Check, FindingStatus.Warn, $"{what}: free, though an edge runs with this DataDirectory", "restart it, so that it runs with this configuration"),
            null => new(Check, FindingStatus.Ok, $"{what}: free"),
            SocketError.AddressAlreadyInUse when ours => new(Check, FindingStatus.Ok, $"{what}: taken, and an edge runs with this DataDirectory"),
            SocketError.AddressAlreadyInUse => new(Check, FindingStatus.Fail, $"{what}: taken by another program", "stop it (ss -ltnp names it), or choose another port"),
            SocketError.AccessDenied => new(Check, FindingStatus.Fail, $"{what}: not allowed to {Environment.UserName}", "run as root, give CAP_NET_BIND_SERVICE, or open low ports to all users with: sysctl net.ipv4.ip_unprivileged_port_start=0"),
            { } missing when LocalAddresses.IsMissing(missing) && isDefault => new(Check, FindingStatus.Ok, $"{what}: no address of this machine; as a default it is skipped"),
            { } missing when LocalAddresses.IsMissing(missing) => new(Check, FindingStatus.Fail, $"{what}: no address of this machine", "use one of its own (ip address lists them), or *"),
            var error => new(Check, FindingStatus.Fail, $"{what}: cannot be bound ({error})", "use an address of this machine"),
        };
    }

    static SocketError? Bind(ListenAddress address)
    {
        var any = Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any;
        var bound = address.Address ?? any;
        try
        {
            using var socket = new Socket(bound.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            if (bound.Equals(IPAddress.IPv6Any)) socket.DualMode = true;
            socket.Bind(new IPEndPoint(bound, address.Port));
            return null;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode;
        }
    }
}
