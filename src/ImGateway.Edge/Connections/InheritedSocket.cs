using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace ImGateway.Edge.Connections;

/// <summary>A listening socket that somebody else opened, and may share with other processes.</summary>
sealed class InheritedSocket
{
    const int SetDescriptorFlags = 2, CloseOnExec = 1;

    InheritedSocket(int descriptor, string? name, Socket? socket)
    {
        (Descriptor, Name, Socket) = (descriptor, name, socket);
        Address = socket?.LocalEndPoint as IPEndPoint;
    }

    public int Descriptor { get; }

    /// <summary>What LISTEN_FDNAMES calls it.</summary>
    public string? Name { get; }

    /// <summary>Null if it is no TCP socket that listens.</summary>
    public IPEndPoint? Address { get; }

    public Socket? Socket { get; }

    public static InheritedSocket Take(int descriptor, string? name)
    {
        // Programs that the edge starts are not to hold its ports open.
        var failed = SetFlags(descriptor, SetDescriptorFlags, CloseOnExec) != 0;
        return new InheritedSocket(descriptor, name, failed ? null : Open(descriptor));
    }

    public override string ToString() =>
        $"descriptor {Descriptor}{(Name is null ? "" : $" '{Name}'")}, {(Address is null ? "no TCP socket that listens" : Address.ToString())}";

    static Socket? Open(int descriptor)
    {
        try
        {
            var socket = new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
            var listens = socket is { SocketType: SocketType.Stream, AddressFamily: AddressFamily.InterNetwork or AddressFamily.InterNetworkV6 }
                && socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.AcceptConnection) is not 0;
            return listens ? socket : null;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    [DllImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int SetFlags(int descriptor, int command, int flags);
}
