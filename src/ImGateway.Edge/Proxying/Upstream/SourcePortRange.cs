using System.Globalization;

namespace ImGateway.Edge.Proxying.Upstream;

/// <summary>
/// The number of connections that the kernel can open to one address and port: each needs its own source port (net.ipv4.ip_local_port_range, which
/// applies to IPv6 too). Sockets are not bound before connecting, so that the same source port can be used for several destinations.
/// </summary>
static class SourcePortRange
{
    const string Range = "/proc/sys/net/ipv4/ip_local_port_range", Reserved = "/proc/sys/net/ipv4/ip_local_reserved_ports";

    /// <summary>The number for this process' network namespace; null if unknown. Read each time, because it can change at any time.</summary>
    public static int? Count()
    {
        try
        {
            return Count(File.ReadAllText(Range), File.Exists(Reserved) ? File.ReadAllText(Reserved) : "");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <param name="range">For example <c>32768 60999</c>.</param>
    /// <param name="reserved">For example <c>8080,9100-9199</c>: ports that the kernel does not assign.</param>
    public static int? Count(string range, string reserved)
    {
        if (range.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) is not [var low, var high]) return null;
        if (!TryParse(low, out var first) || !TryParse(high, out var last) || last < first) return null;
        var taken = 0;
        foreach (var part in reserved.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var ends = part.Split('-');
            if (!TryParse(ends[0], out var from) || !TryParse(ends[^1], out var to)) return null;
            taken += Math.Max(0, Math.Min(to, last) - Math.Max(from, first) + 1);
        }

        return Math.Max(0, last - first + 1 - taken);
    }

    static bool TryParse(string text, out int port) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port);
}
