using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Connections;

enum ProxyHeaderStatus
{
    /// <summary>A valid beginning of a header; more bytes are needed.</summary>
    Incomplete,
    Complete,
    Malformed,
}

/// <summary>A parsed PROXY header. Without addresses: the proxy's own connection (a health check), or one that is not over IP.</summary>
readonly record struct ProxyHeader(IPEndPoint? Source, IPEndPoint? Destination)
{
    /// <summary>The longest header of version 1, including CR LF (PROXY protocol §2.1).</summary>
    const int LongestText = 107;

    /// <summary>The longest addresses and TLVs accepted. Proxies send some hundred bytes; the format allows 64 KiB.</summary>
    const int LongestBinary = 4096;

    const int BinaryPrefix = 16, Ipv4Addresses = 12, Ipv6Addresses = 36;
    const byte Local = 0x20, Proxied = 0x21;
    const byte TcpOverIpv4 = 0x11, TcpOverIpv6 = 0x21;

    static ReadOnlySpan<byte> Text => "PROXY "u8;

    static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <summary>Parses a header of version 1 or 2 at the start of <paramref name="received"/>, which may be incomplete.</summary>
    /// <param name="received">All bytes received so far.</param>
    /// <param name="header">The parsed header, if complete.</param>
    /// <param name="end">The end of the header, if complete.</param>
    public static ProxyHeaderStatus Read(ReadOnlySequence<byte> received, out ProxyHeader header, out SequencePosition end)
    {
        (header, end) = (default, received.Start);
        Span<byte> start = stackalloc byte[LongestText];
        start = start[..(int)Math.Min(received.Length, start.Length)];
        received.Slice(0, start.Length).CopyTo(start);

        ProxyHeaderStatus status;
        int length;
        if (BeginsAs(start, Text)) status = ReadText(start, out header, out length);
        else if (BeginsAs(start, Signature)) status = ReadBinary(start, out header, out length);
        else return ProxyHeaderStatus.Malformed;

        if (status is not ProxyHeaderStatus.Complete) return status;
        if (received.Length < length)
        {
            header = default;
            return ProxyHeaderStatus.Incomplete;
        }

        end = received.GetPosition(length);
        return status;
    }

    static bool BeginsAs(ReadOnlySpan<byte> start, ReadOnlySpan<byte> expected)
    {
        var known = Math.Min(start.Length, expected.Length);
        return start[..known].SequenceEqual(expected[..known]);
    }

    /// <summary>Version 1: <c>PROXY TCP4 source destination port port</c> (§2.1).</summary>
    static ProxyHeaderStatus ReadText(ReadOnlySpan<byte> start, out ProxyHeader header, out int length)
    {
        (header, length) = (default, 0);
        var lineEnd = start.IndexOf((byte)'\n');
        if (lineEnd < 0) return start.Length < LongestText ? ProxyHeaderStatus.Incomplete : ProxyHeaderStatus.Malformed;
        if (start[lineEnd - 1] != '\r') return ProxyHeaderStatus.Malformed;
        length = lineEnd + 1;
        Span<char> line = stackalloc char[lineEnd - 1 - Text.Length];
        Encoding.ASCII.GetChars(start[Text.Length..(lineEnd - 1)], line);
        // Text after UNKNOWN must be ignored.
        if (line is "UNKNOWN" || line.StartsWith("UNKNOWN ")) return ProxyHeaderStatus.Complete;

        Span<Range> parts = stackalloc Range[6];
        if (((ReadOnlySpan<char>)line).Split(parts, ' ') != 5) return ProxyHeaderStatus.Malformed;
        var isIpv4 = line[parts[0]] is "TCP4";
        if (!isIpv4 && line[parts[0]] is not "TCP6") return ProxyHeaderStatus.Malformed;
        if (EndPoint(line[parts[1]], line[parts[3]], isIpv4) is not { } source || EndPoint(line[parts[2]], line[parts[4]], isIpv4) is not { } destination)
            return ProxyHeaderStatus.Malformed;
        header = new ProxyHeader(source, destination);
        return ProxyHeaderStatus.Complete;
    }

    static IPEndPoint? EndPoint(ReadOnlySpan<char> address, ReadOnlySpan<char> port, bool isIpv4)
    {
        // .NET's parser also accepts octal, hexadecimal and short forms, scopes and ports, which the protocol does not allow.
        if (address.ContainsAnyExcept(isIpv4 ? "0123456789." : "0123456789abcdefABCDEF:.")) return null;
        if (!IPAddress.TryParse(address, out var ip)) return null;
        if (isIpv4 ? !address.SequenceEqual(ip.ToString()) : !address.Contains(':')) return null;
        if (port.IsEmpty || port.ContainsAnyExceptInRange('0', '9') || (port[0] == '0' && port.Length > 1)) return null;
        return ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? Normalized(ip, number) : null;
    }

    /// <summary>Version 2: signature, version and command, family, length, addresses, TLVs (§2.2).</summary>
    static ProxyHeaderStatus ReadBinary(ReadOnlySpan<byte> start, out ProxyHeader header, out int length)
    {
        (header, length) = (default, 0);
        if (start.Length > 12 && start[12] is not (Local or Proxied)) return ProxyHeaderStatus.Malformed;
        if (start.Length > 13 && (start[13] >> 4 > 3 || (start[13] & 0xf) > 2)) return ProxyHeaderStatus.Malformed;
        if (start.Length < BinaryPrefix) return ProxyHeaderStatus.Incomplete;

        int rest = BinaryPrimitives.ReadUInt16BigEndian(start[14..]);
        if (rest > LongestBinary) return ProxyHeaderStatus.Malformed;
        length = BinaryPrefix + rest;
        // LOCAL, UDP, Unix sockets and unspecified families carry no usable address.
        var addresses = start[12] == Local ? 0 : start[13] switch { TcpOverIpv4 => Ipv4Addresses, TcpOverIpv6 => Ipv6Addresses, _ => 0 };
        if (addresses == 0) return ProxyHeaderStatus.Complete;
        if (rest < addresses) return ProxyHeaderStatus.Malformed;
        if (start.Length < BinaryPrefix + addresses) return ProxyHeaderStatus.Incomplete;

        var facts = start.Slice(BinaryPrefix, addresses);
        var address = (addresses - 4) / 2;
        header = new ProxyHeader(
            Normalized(new IPAddress(facts[..address]), BinaryPrimitives.ReadUInt16BigEndian(facts[(2 * address)..])),
            Normalized(new IPAddress(facts.Slice(address, address)), BinaryPrimitives.ReadUInt16BigEndian(facts[(2 * address + 2)..])));
        return ProxyHeaderStatus.Complete;
    }

    static IPEndPoint Normalized(IPAddress address, ushort port) => new(address.Unmapped(), port);
}
