using System.Net;
using System.Net.Sockets;

namespace ImGateway.Edge.Configuration;

/// <summary>Whether an address is one of this machine's, which may have no IPv6, or know IPv6 and yet have no <c>::1</c>, as many containers.</summary>
static class MachineAddress
{
    public static bool Has(IPAddress address)
    {
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(address, 0));
            return true;
        }
        catch (SocketException e)
        {
            // Anything else, such as a shortage, has nothing to do with the address.
            return !IsMissing(e.SocketErrorCode);
        }
    }

    /// <summary>Whether an attempt to bind failed because the machine has no such address.</summary>
    public static bool IsMissing(SocketError error) =>
        error is SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported or SocketError.ProtocolFamilyNotSupported;
}
