using System.Diagnostics;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.RawTls;

/// <summary>What an edge holds. Two of them are compared after work that must leave nothing behind.</summary>
/// <param name="Connections">Sockets of its HTTPS port that a process has open.</param>
/// <param name="Handshakes">Handshakes in progress.</param>
/// <param name="Files">
/// Open descriptors, except for pooled connections to the upstream, which are kept for later requests, and for files, such as assemblies that are loaded when they
/// are first used.
/// </param>
/// <param name="OpenSslBytes">Allocated by OpenSSL and not freed.</param>
/// <param name="ResidentBytes">Depends on when .NET's heap was collected.</param>
sealed record HeldResources(int Connections, int Handshakes, int Files, long OpenSslBytes, double ResidentBytes)
{
    /// <summary>What is left when all connections are closed and <paramref name="isRest"/> holds, or after <paramref name="patience"/>.</summary>
    /// <param name="upstream">The port of the gateway.</param>
    /// <param name="isRest">Default: always.</param>
    public static async Task<HeldResources> AtRestAsync(
        EdgeProcess edge, int upstream, OpenSslMemory memory, TimeSpan patience, Func<HeldResources, bool>? isRest = null)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        for (var started = Stopwatch.GetTimestamp(); ; await timer.WaitForNextTickAsync())
        {
            var metrics = await edge.GetMetricsAsync();
            var held = new HeldResources(
                Sockets(edge.HttpsPort, remote: false).Count,
                (int)metrics.Sum("imgw_tls_handshakes_in_progress"),
                Descriptors(edge, Sockets(upstream, remote: true)),
                memory.LiveBytes,
                metrics.Sum("process_resident_memory_bytes"));
            if (held is { Connections: 0, Handshakes: 0 } && isRest?.Invoke(held) is not false || Stopwatch.GetElapsedTime(started) > patience) return held;
        }
    }

    static int Descriptors(EdgeProcess edge, IReadOnlySet<string> pooled) =>
        Directory.GetFiles($"/proc/{edge.Id}/fd").Count(file => new FileInfo(file).LinkTarget is { } target && !target.StartsWith('/') && !pooled.Contains(target));

    /// <summary>The sockets on this port that a process has open, apart from listeners.</summary>
    static HashSet<string> Sockets(int port, bool remote)
    {
        const int localAddress = 1, remoteAddress = 2, state = 3, inode = 9;
        var suffix = $":{port:X4}";
        return File.ReadLines("/proc/net/tcp").Skip(1)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields[remote ? remoteAddress : localAddress].EndsWith(suffix, StringComparison.Ordinal) && fields[state] != "0A" && fields[inode] != "0")
            .Select(fields => $"socket:[{fields[inode]}]")
            .ToHashSet(StringComparer.Ordinal);
    }
}
