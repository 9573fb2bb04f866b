using System.Globalization;

namespace ImGateway.Edge.Connections.Limits;

/// <summary>The memory limit of the process from its control groups (of a container, or a unit's <c>MemoryMax=</c>).</summary>
static class MemoryLimit
{
    /// <summary>
    /// Bytes per client in a reconnect storm, including native memory: 5,000 clients at once over HTTP/1.1 used 560 MB at the peak (docs/performance.md).
    /// An idle WebSocket uses at most half of it.
    /// </summary>
    public const long BytesPerClient = 112 * 1024;

    /// <summary>The limit in bytes; <see langword="null"/> if there is none, or it is unknown.</summary>
    public static long? Bytes() => Read("/proc/self/cgroup", "/sys/fs/cgroup");

    /// <summary>The number of clients that the limit allows.</summary>
    /// <param name="limit">The limit, as in <see cref="Bytes"/>.</param>
    /// <param name="floor">Memory of the process without clients, in bytes.</param>
    public static int MaxClients(long? limit, long floor) => limit is { } bytes ? (int)Math.Clamp((bytes - floor) / BytesPerClient, 1, int.MaxValue) : int.MaxValue;

    /// <param name="groups">The content of <c>/proc/self/cgroup</c>: a line for each hierarchy, <c>0::PATH</c> for version 2 and <c>N:memory:PATH</c> for version 1.</param>
    /// <param name="root">The mount point of the control groups.</param>
    internal static long? Read(string groups, string root)
    {
        try
        {
            return File.ReadLines(groups).Select(line => line.Split(':', 3)).Where(fields => fields.Length == 3).SelectMany(fields => fields switch
            {
                ["0", "", var path] => LimitsOf(root, path, "memory.max"),
                [_, var controllers, var path] when controllers.Split(',').Contains("memory") => LimitsOf(Path.Combine(root, "memory"), path, "memory.limit_in_bytes"),
                _ => [],
            }).Cast<long?>().Min();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The limits of a group and of its ancestors, each of which limits its members. In a container the path may be the host's, of which only the root exists.</summary>
    static IEnumerable<long> LimitsOf(string root, string path, string file)
    {
        for (var group = path.TrimStart('/'); ; group = Path.GetDirectoryName(group) ?? "")
        {
            var at = Path.Combine(root, group, file);
            // "max" in version 2, and a number near the largest in version 1, mean no limit.
            if (File.Exists(at) && long.TryParse(File.ReadAllText(at).AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) && bytes < 1L << 60) yield return bytes;
            if (group.Length == 0) yield break;
        }
    }
}
