using System.Globalization;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// How many connections the kernel can make to one address and port: each needs a source port of its own (net.ipv4.ip_local_port_range, which
/// counts for IPv6 too). Nothing here binds before it connects, so that the same port serves once for each address and port of a gateway.
/// </summary>
static class SourcePorts
{
    const string Range = "/proc/sys/net/ipv4/ip_local_port_range", Reserved = "/proc/sys/net/ipv4/ip_local_reserved_ports";

    /// <summary>Of this process' network namespace; null where the system does not say. Read each time, because it can be changed at any time.</summary>
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

    /// <param name="range">As <c>32768 60999</c>.</param>
    /// <param name="reserved">As <c>8080,9100-9199</c>: ports that no connection is given.</param>
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
