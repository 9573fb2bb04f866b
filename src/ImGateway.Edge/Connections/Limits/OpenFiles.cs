using System.Globalization;
using ImGateway.Edge.Platform;

namespace ImGateway.Edge.Connections.Limits;

/// <summary>Number and limit of the process' file descriptors, from /proc.</summary>
static class OpenFiles
{
    /// <summary>The minimum: with fewer, nothing is left for clients.</summary>
    public const int Minimum = 512;

    const string LimitsFile = "/proc/self/limits", Descriptors = "/proc/self/fd", Row = "Max open files";

    /// <summary>
    /// The limit; null if unknown. The soft limit is in force, and .NET raises it to the hard limit at start
    /// (a test verifies it).
    /// </summary>
    public static int? Limit
    {
        get
        {
            try
            {
                return ParseLimit(File.ReadLines(LimitsFile));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // There is no /proc, or no descriptor is left to read it.
                return null;
            }
        }
    }

    /// <summary>The number in use; null if unknown.</summary>
    public static int? Count()
    {
        // Since Linux 6.2 it is the folder's size. Before, each entry costs .NET two system calls: it wants to know what the link leads to.
        if (Statx.TryRead(Descriptors, Statx.SizeMask, out var status) is true && status.Size > 0) return (int)status.Size;
        try
        {
            return Directory.EnumerateFileSystemEntries(Descriptors).Count();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <param name="lines">The lines of <c>/proc/PID/limits</c>.</param>
    public static int? ParseLimit(IEnumerable<string> lines)
    {
        var soft = lines.FirstOrDefault(line => line.StartsWith(Row, StringComparison.Ordinal))?[Row.Length..]
            .Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        return soft == "unlimited" ? int.MaxValue
            : long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? (int)Math.Min(limit, int.MaxValue)
            : null;
    }

    /// <summary>Why the edge cannot serve with this limit; empty = it can.</summary>
    public static IReadOnlyList<string> Problems(int? limit) => limit is < Minimum
        ? [$"RLIMIT_NOFILE: {limit} file descriptors are too few for an edge, which needs {Minimum} at least and two more for each WebSocket; {HowToRaise}"]
        : [];

    public const string HowToRaise = "raise the hard limit (systemd: LimitNOFILE=, docker: ulimits nofile, a shell: ulimit -Hn)";
}
