using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace ImGateway.Edge.Connections.Listening;

/// <summary>A listening socket that another process opened and may share.</summary>
sealed class InheritedSocket
{
    const int SetDescriptorFlags = 2, CloseOnExec = 1;

    InheritedSocket(int descriptor, string? name, Socket? socket)
    {
        (Descriptor, Name, Socket) = (descriptor, name, socket);
        Address = socket?.LocalEndPoint as IPEndPoint;
    }

    public int Descriptor { get; }

    /// <summary>The name in LISTEN_FDNAMES.</summary>
    public string? Name { get; }

    /// <summary>Null if the descriptor is not a listening TCP socket.</summary>
    public IPEndPoint? Address { get; }

    public Socket? Socket { get; }

    public static InheritedSocket Take(int descriptor, string? name)
    {
        // Close-on-exec, so that programs started by the edge do not keep its ports open.
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
