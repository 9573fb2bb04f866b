using System.Collections.Concurrent;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.WebSockets;

/// <summary>
/// The WebSockets that are open: the one list that changes while serving. Ends those that are silent for too long, and those of which one
/// side has not taken anything for as long.
/// </summary>
sealed partial class WebSocketRegistry : IDisposable
{
    static readonly TimeSpan ShortestSweep = TimeSpan.FromMilliseconds(50);
    static readonly TimeSpan LongestSweep = TimeSpan.FromSeconds(10);

    readonly ConcurrentDictionary<OpenWebSocket, byte> _open = new(ReferenceEqualityComparer.Instance);
    readonly CurrentOptions _options;
    readonly ILogger _logger;
    readonly ITimer _sweep;
    TaskCompletionSource _emptied = new(TaskCreationOptions.RunContinuationsAsynchronously);
    int _count;

    public WebSocketRegistry(WebSocketMetrics metrics, CurrentOptions options, TimeProvider time, ILogger<WebSocketRegistry> logger)
    {
        (Metrics, _options, Time, _logger) = (metrics, options, time, logger);
        // One timer for all of them: what a socket costs while it is silent is what most of them cost.
        _sweep = time.CreateTimer(static registry => ((WebSocketRegistry)registry!).EndIdle(), this, SweepInterval, Timeout.InfiniteTimeSpan);
    }

    public int Count => Volatile.Read(ref _count);

    public IReadOnlyCollection<OpenWebSocket> Open => [.. _open.Keys];

    public TimeProvider Time { get; }

    public WebSocketMetrics Metrics { get; }

    TimeSpan IdleTimeout => _options.Value.WebSockets.IdleTimeout;

    TimeSpan SweepInterval => TimeSpan.FromTicks(Math.Clamp(IdleTimeout.Ticks / 10, ShortestSweep.Ticks, LongestSweep.Ticks));

    /// <summary>Until no socket is open.</summary>
    public async Task WhenEmptyAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            // Taken before the count is looked at: whoever removes the last one completes what is there after it has counted down.
            var emptied = Volatile.Read(ref _emptied).Task;
            if (Count == 0) return;
            await emptied.WaitAsync(cancellationToken);
        }
    }

    public void Dispose() => _sweep.Dispose();

    public void Add(OpenWebSocket socket)
    {
        if (!_open.TryAdd(socket, 0)) return;
        Interlocked.Increment(ref _count);
        Metrics.OnOpened();
    }

    public void Remove(OpenWebSocket socket, ClosedBy by)
    {
        if (!_open.TryRemove(socket, out _)) return;
        Metrics.OnClosed(by, socket.Age);
        if (Interlocked.Decrement(ref _count) > 0) return;
        Interlocked.Exchange(ref _emptied, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    /// <summary>The time-out is read anew each time, so that a reload counts for sockets that are open.</summary>
    void EndIdle()
    {
        var timeout = IdleTimeout;
        foreach (var (socket, _) in _open)
        {
            if (socket.IdleFor < timeout && socket.BlockedFor < timeout) continue;
            try
            {
                socket.Abort(ClosedBy.Idle);
            }
            catch (Exception e)
            {
                // What a timer throws ends the process, and with it every other socket.
                LogNotEnded(socket.Route, e);
            }
        }

        try
        {
            _sweep.Change(SweepInterval, Timeout.InfiniteTimeSpan);
        }
        catch (ObjectDisposedException)
        {
            // The edge has stopped meanwhile.
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A silent WebSocket on route {Route} could not be ended; it is tried again")]
    partial void LogNotEnded(string route, Exception exception);
}
