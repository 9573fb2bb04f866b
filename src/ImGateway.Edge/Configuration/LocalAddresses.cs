using System.Net;
using System.Net.Sockets;

namespace ImGateway.Edge.Configuration;

/// <summary>Whether the machine has an address. It may lack IPv6, or have IPv6 without <c>::1</c>, as in many containers.</summary>
static class LocalAddresses
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
            // Other errors, such as a shortage of descriptors, say nothing about the address.
            return !IsMissing(e.SocketErrorCode);
        }
    }

    /// <summary>Whether an attempt to bind failed because the machine has no such address.</summary>
    public static bool IsMissing(SocketError error) =>
        error is SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported or SocketError.ProtocolFamilyNotSupported;
}
