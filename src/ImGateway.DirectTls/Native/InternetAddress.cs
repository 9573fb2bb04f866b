using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace ImGateway.DirectTls.Native;

/// <summary><c>struct sockaddr_in</c> and <c>struct sockaddr_in6</c> (netinet/in.h).</summary>
static class InternetAddress
{
    public const int MaxLength = 28;
    const ushort InterNetwork = 2, InterNetworkV6 = 10;

    public static int FamilyOf(IPAddress address) => address.AddressFamily is AddressFamily.InterNetworkV6 ? InterNetworkV6 : InterNetwork;

    /// <returns>The length of the address.</returns>
    public static int Write(IPEndPoint endPoint, Span<byte> address)
    {
        address[..MaxLength].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(address[2..], (ushort)endPoint.Port);
        MemoryMarshal.Write(address, (ushort)FamilyOf(endPoint.Address));
        if (endPoint.AddressFamily is AddressFamily.InterNetwork)
        {
            endPoint.Address.TryWriteBytes(address[4..], out _);
            return 16;
        }

        endPoint.Address.TryWriteBytes(address[8..], out _);
        MemoryMarshal.Write(address[24..], (uint)endPoint.Address.ScopeId);
        return MaxLength;
    }

    /// <summary>Null if the address is neither IPv4 nor IPv6.</summary>
    public static IPEndPoint? Read(ReadOnlySpan<byte> address)
    {
        if (address.Length < 16) return null;
        var port = BinaryPrimitives.ReadUInt16BigEndian(address[2..]);
        return MemoryMarshal.Read<ushort>(address) switch
        {
            InterNetwork => new IPEndPoint(new IPAddress(address.Slice(4, 4)), port),
            InterNetworkV6 when address.Length >= MaxLength => new IPEndPoint(new IPAddress(address.Slice(8, 16), MemoryMarshal.Read<uint>(address[24..])), port),
            _ => null,
        };
    }
}
