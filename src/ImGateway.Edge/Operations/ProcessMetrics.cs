using System.Diagnostics;
using Prometheus;

namespace ImGateway.Edge.Operations;

/// <summary>
/// The process under the names that every Prometheus client library uses, so that common dashboards fit, and a handful of the runtime's.
/// Read when scraped.
/// </summary>
sealed class ProcessMetrics(IMetricFactory metrics)
{
    readonly Gauge _residentMemory = metrics.CreateGauge("process_resident_memory_bytes", "Resident memory.");
    readonly Counter _cpu = metrics.CreateCounter("process_cpu_seconds_total", "User and system CPU time spent.");
    readonly Gauge _openFds = metrics.CreateGauge("process_open_fds", "Open file descriptors.");
    readonly Gauge _startTime = metrics.CreateGauge("process_start_time_seconds", "Start of the process, Unix time.");
    readonly Gauge _threads = metrics.CreateGauge("process_threads", "Threads of the process.");
    readonly Counter _collections = metrics.CreateCounter("dotnet_gc_collections_total", "Garbage collections, older generations' included in younger.", ["generation"]);
    readonly Counter _pause = metrics.CreateCounter("dotnet_gc_pause_seconds_total", "Time the collector stopped all threads.");
    readonly Gauge _heap = metrics.CreateGauge("dotnet_gc_heap_bytes", "Managed memory in use, garbage not yet collected included.");
    readonly Counter _allocated = metrics.CreateCounter("dotnet_gc_allocated_bytes_total", "Managed memory allocated.");
    readonly Gauge _poolThreads = metrics.CreateGauge("dotnet_thread_pool_threads", "Threads of the pool.");
    readonly Gauge _poolQueue = metrics.CreateGauge("dotnet_thread_pool_queue_length", "Work items waiting for a thread of the pool.");
    readonly Gauge _timers = metrics.CreateGauge("dotnet_timers", "Timers of the runtime that are running.");

    public void Update()
    {
        using var process = Process.GetCurrentProcess();
        _residentMemory.Set(process.WorkingSet64);
        _cpu.IncTo(process.TotalProcessorTime.TotalSeconds);
        _startTime.Set(new DateTimeOffset(process.StartTime.ToUniversalTime()).ToUnixTimeMilliseconds() / 1000d);
        _threads.Set(process.Threads.Count);
        if (Directory.Exists("/proc/self/fd")) _openFds.Set(Directory.EnumerateFileSystemEntries("/proc/self/fd").Count());
        for (var generation = 0; generation <= GC.MaxGeneration; generation++)
        {
            _collections.WithLabels(generation.ToString()).IncTo(GC.CollectionCount(generation));
        }

        _pause.IncTo(GC.GetTotalPauseDuration().TotalSeconds);
        _heap.Set(GC.GetTotalMemory(forceFullCollection: false));
        _allocated.IncTo(GC.GetTotalAllocatedBytes());
        _poolThreads.Set(ThreadPool.ThreadCount);
        _poolQueue.Set(ThreadPool.PendingWorkItemCount);
        _timers.Set(Timer.ActiveCount);
    }
}
