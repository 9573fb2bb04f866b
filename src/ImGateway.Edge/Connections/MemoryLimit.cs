using System.Globalization;

namespace ImGateway.Edge.Connections;

/// <summary>What memory the process may have, by the control groups that it is in (a container's, a unit's <c>MemoryMax=</c>).</summary>
static class MemoryLimit
{
    /// <summary>
    /// Bytes that a client may take in a storm, native memory included: 5,000 clients at once over HTTP/1.1 took 560 MB at the peak (docs/performance.md).
    /// An idle WebSocket takes half of it at most.
    /// </summary>
    public const long OfClient = 112 * 1024;

    /// <summary>Bytes; <see langword="null"/> where there is no limit, or none that can be known.</summary>
    public static long? Bytes() => Read("/proc/self/cgroup", "/sys/fs/cgroup");

    /// <summary>How many clients there is room for.</summary>
    /// <param name="limit">As <see cref="Bytes"/> says.</param>
    /// <param name="floor">What the process takes without clients, in bytes.</param>
    public static int Clients(long? limit, long floor) => limit is { } bytes ? (int)Math.Clamp((bytes - floor) / OfClient, 1, int.MaxValue) : int.MaxValue;

    /// <param name="groups">As <c>/proc/self/cgroup</c>: a line for each hierarchy, <c>0::PATH</c> for version 2 and <c>N:memory:PATH</c> for version 1.</param>
    /// <param name="root">Where they are mounted.</param>
    internal static long? Read(string groups, string root)
    {
        try
        {
            return File.ReadLines(groups).Select(line => line.Split(':', 3)).Where(fields => fields.Length == 3).SelectMany(fields => fields switch
            {
                ["0", "", var path] => Lowest(root, path, "memory.max"),
                [_, var controllers, var path] when controllers.Split(',').Contains("memory") => Lowest(Path.Combine(root, "memory"), path, "memory.limit_in_bytes"),
                _ => [],
            }).Cast<long?>().Min();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Of a group and those that it is in: each limits what is in it. In a container the path may be one of the host, of which only the root is there.</summary>
    static IEnumerable<long> Lowest(string root, string path, string file)
    {
        for (var group = path.TrimStart('/'); ; group = Path.GetDirectoryName(group) ?? "")
        {
            var at = Path.Combine(root, group, file);
            // "max", and of version 1 a number near the largest, is no limit.
            if (File.Exists(at) && long.TryParse(File.ReadAllText(at).AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) && bytes < 1L << 60) yield return bytes;
            if (group.Length == 0) yield break;
        }
    }
}
