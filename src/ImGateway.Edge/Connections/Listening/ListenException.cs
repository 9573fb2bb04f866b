using System.Net.Sockets;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Connections.Listening;

/// <summary>Listening on an address failed. The message is one line for the operator.</summary>
sealed class ListenException(string setting, SocketException reason) : Exception(Line(setting, reason), reason)
{
    static string Line(string setting, SocketException reason) => reason.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => $"{setting} is taken: address already in use; stop the program that has it (ss -ltnp names it), or choose another port",
        SocketError.AccessDenied =>
            $"{setting} is not allowed to {Environment.UserName}; ports below 1024 need root, CAP_NET_BIND_SERVICE, or to be opened to all users with: sysctl net.ipv4.ip_unprivileged_port_start=0",
        var error when LocalAddresses.IsMissing(error) => $"{setting} is no address of this machine; use one of its own (ip address lists them), or *",
        _ => $"{setting} cannot be listened on ({reason.Message}); use an address of this machine",
    };
}
