using System.Globalization;
using System.IO.Enumeration;

namespace ImGateway.Edge.Connections;

/// <summary>The file descriptors of this process, as Linux reports them.</summary>
static class OpenFiles
{
    /// <summary>With fewer there is no room for clients beside what the process itself needs.</summary>
    public const int Fewest = 512;

    const string LimitsFile = "/proc/self/limits", Descriptors = "/proc/self/fd", Row = "Max open files";

    /// <summary>
    /// How many there may be; null where that cannot be known. The soft limit is the one in force, and .NET raises it to the hard one when it starts
    /// (a test keeps that).
    /// </summary>
    public static int? Limit => File.Exists(LimitsFile) ? LimitIn(File.ReadLines(LimitsFile)) : null;

    /// <summary>How many there are now; null where that cannot be known. Takes a third of a microsecond for each.</summary>
    public static int? Count()
    {
        try
        {
            // No name is made of any of them.
            return new FileSystemEnumerable<byte>(Descriptors, static (ref FileSystemEntry _) => 0).Count();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <param name="lines">Of <c>/proc/PID/limits</c>.</param>
    public static int? LimitIn(IEnumerable<string> lines)
    {
        var soft = lines.FirstOrDefault(line => line.StartsWith(Row, StringComparison.Ordinal))?[Row.Length..]
            .Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        return soft == "unlimited" ? int.MaxValue
            : long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? (int)Math.Min(limit, int.MaxValue)
            : null;
    }

    /// <summary>Why the edge cannot serve with so many; empty = it can.</summary>
    public static IReadOnlyList<string> Problems(int? limit) => limit is < Fewest
        ? [$"RLIMIT_NOFILE: {limit} file descriptors are too few for an edge, which needs {Fewest} at least and two more for each WebSocket; {HowToRaise}"]
        : [];

    public const string HowToRaise = "raise the hard limit (systemd: LimitNOFILE=, docker: ulimits nofile, a shell: ulimit -Hn)";
}
