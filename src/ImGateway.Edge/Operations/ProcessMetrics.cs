using System.Diagnostics;
using ImGateway.Edge.Connections.Limits;
using Prometheus;

namespace ImGateway.Edge.Operations;

/// <summary>
/// Process metrics under the standard names of Prometheus client libraries, for common dashboards, and some of the .NET runtime.
/// Updated at each scrape.
/// </summary>
sealed class ProcessMetrics(IMetricFactory metrics)
{
    const string Threads = "/proc/self/task";

    static readonly double Started = StartTime();

    readonly Gauge _residentMemory = metrics.CreateGauge("process_resident_memory_bytes", "Memory of the process that is in RAM.");
    readonly Counter _cpu = metrics.CreateCounter("process_cpu_seconds_total", "CPU time of the process, user and system.");
    readonly Gauge _openFds = metrics.CreateGauge("process_open_fds", "Open file descriptors: about two for each open WebSocket.");
    readonly Gauge _startTime = metrics.CreateGauge("process_start_time_seconds", "When the process started, as Unix time.");
    readonly Gauge _threads = metrics.CreateGauge("process_threads", "Threads of the process.");
    readonly Counter _collections = metrics.CreateCounter("dotnet_gc_collections_total", "Garbage collections by generation; those of an older one count in the younger ones too.", ["generation"]);
    readonly Counter _pause = metrics.CreateCounter("dotnet_gc_pause_seconds_total", "Time for which the garbage collector stopped all threads.");
    readonly Gauge _heap = metrics.CreateGauge("dotnet_gc_heap_bytes", "Managed memory in use, with garbage that is not collected yet.");
    readonly Counter _allocated = metrics.CreateCounter("dotnet_gc_allocated_bytes_total", "Managed memory allocated since the start.");
    readonly Gauge _poolThreads = metrics.CreateGauge("dotnet_thread_pool_threads", "Threads of the thread pool.");
    readonly Gauge _poolQueue = metrics.CreateGauge("dotnet_thread_pool_queue_length", "Work that waits for a thread of the pool. Above 0 for long: too little CPU.");
    readonly Gauge _timers = metrics.CreateGauge("dotnet_timers", "Timers of the runtime that are active.");

    public void Update()
    {
        // Not from Process, which reads a file for each thread.
        _residentMemory.Set(Environment.WorkingSet);
        _cpu.IncTo(Environment.CpuUsage.TotalTime.TotalSeconds);
        _startTime.Set(Started);
        if (Directory.Exists(Threads)) _threads.Set(Directory.EnumerateFileSystemEntries(Threads).Count());
        if (OpenFiles.Count() is { } open) _openFds.Set(open);
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

    static double StartTime()
    {
        using var process = Process.GetCurrentProcess();
        return new DateTimeOffset(process.StartTime.ToUniversalTime()).ToUnixTimeMilliseconds() / 1000d;
    }
}
