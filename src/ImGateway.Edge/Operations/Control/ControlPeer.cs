using System.Net.Sockets;
using System.Runtime.InteropServices;
using ImGateway.Edge.Platform;

namespace ImGateway.Edge.Operations.Control;

/// <summary>The user at the other end of the control socket, as the kernel reports (SO_PEERCRED, unix(7)).</summary>
readonly record struct ControlPeer(uint UserId)
{
    const int SocketLevel = 1, PeerCredentials = 17;

    /// <summary>Null if the system does not report the user.</summary>
    public static ControlPeer? Of(Socket socket)
    {
        if (!OperatingSystem.IsLinux()) return null;
        // struct ucred: pid, uid, gid.
        Span<byte> credentials = stackalloc byte[12];
        socket.GetRawSocketOption(SocketLevel, PeerCredentials, credentials);
        return new ControlPeer(MemoryMarshal.Read<uint>(credentials[4..]));
    }

    /// <summary>Whether the user is the edge's own user or root.</summary>
    public bool MayAct => UserId == 0 || UserId == ProcessUser.Id;

    public override string ToString() => $"uid {UserId}";
}
