using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Load;

/// <summary>What a process holds at one moment.</summary>
sealed record SoakSample(TimeSpan At, double OpenFiles, double ResidentMegabytes, double HeapMegabytes, double Threads, double Timers, double Sockets)
{
    const double Megabyte = 1024 * 1024;

    public static SoakSample Of(Scrape metrics, TimeSpan at) => new(
        at,
        metrics.Sum("process_open_fds"),
        metrics.Sum("process_resident_memory_bytes") / Megabyte,
        metrics.Sum("dotnet_gc_heap_bytes") / Megabyte,
        metrics.Sum("process_threads"),
        metrics.Sum("dotnet_timers"),
        metrics.Sum("imgw_websocket_connections"));

    public override string ToString() =>
        $"{At.TotalSeconds,6:0} s {OpenFiles,6:0} fds {ResidentMegabytes,6:0} MB resident {HeapMegabytes,6:0.0} MB heap {Threads,4:0} threads {Timers,5:0} timers {Sockets,5:0} sockets";
}
