using System.Net.Security;
using System.Runtime.InteropServices;

namespace ImGateway.DirectTls.OpenSsl;

/// <summary>A list of ALPN protocols in native memory: its length as an int, then the list as it is on the wire (RFC 7301 §3.1).</summary>
static unsafe class ProtocolList
{
    public static byte[] Encode(IReadOnlyList<SslApplicationProtocol> protocols)
    {
        var encoded = new byte[sizeof(int) + protocols.Sum(protocol => 1 + protocol.Protocol.Length)];
        var rest = encoded.AsSpan();
        MemoryMarshal.Write(rest, encoded.Length - sizeof(int));
        rest = rest[sizeof(int)..];
        foreach (var protocol in protocols)
        {
            rest[0] = (byte)protocol.Protocol.Length;
            protocol.Protocol.Span.CopyTo(rest[1..]);
            rest = rest[(1 + protocol.Protocol.Length)..];
        }

        return encoded;
    }

    public static (nint Start, int Length) Read(nint list) => (list + sizeof(int), *(int*)list);
}
