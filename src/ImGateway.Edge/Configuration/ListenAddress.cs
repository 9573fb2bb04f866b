using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace ImGateway.Edge.Configuration;

/// <summary>The address of a listener: <c>*:443</c> (all IPv4 and IPv6), <c>192.0.2.1:443</c>, <c>[::1]:9180</c>, <c>localhost:8443</c>.</summary>
/// <param name="Address">The IP address; null for <c>*</c>.</param>
/// <param name="Port">The port; with 0 the system chooses one.</param>
public sealed record ListenAddress(IPAddress? Address, int Port)
{
    public static bool TryParse(string? text, [NotNullWhen(true)] out ListenAddress? address)
    {
        address = null;
        var colon = text?.LastIndexOf(':') ?? -1;
        if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), out var port)) return false;
        var host = text![..colon];
        if (host == "*")
        {
            address = new ListenAddress(null, port);
            return true;
        }

        if (host == "localhost") host = "127.0.0.1";
        var bracketed = host is ['[', .., ']'];
        if (bracketed != host.Contains(':') || !IPAddress.TryParse(bracketed ? host[1..^1] : host, out var ip)) return false;
        // Non-canonical spellings such as "0x7f.0.0.1" and "010.0.0.1" (8.0.0.1) are rejected.
        if (!bracketed && host != ip.ToString()) return false;
        address = new ListenAddress(ip, port);
        return true;
    }

    public static ListenAddress Parse(string text) =>
        TryParse(text, out var address) ? address : throw new FormatException($"'{text}' is not ADDRESS:PORT");

    public override string ToString() => Address is null ? $"*:{Port}" : new IPEndPoint(Address, Port).ToString();
}
