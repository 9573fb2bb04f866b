using System.Collections.Concurrent;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.WebSockets;

/// <summary>
/// The open WebSockets. Ends sockets that are idle longer than the idle time-out, and sockets with a
/// write that is blocked as long.
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
        // One timer for all sockets, because the cost of an idle socket dominates.
        _sweep = time.CreateTimer(static registry => ((WebSocketRegistry)registry!).EndIdle(), this, SweepInterval, Timeout.InfiniteTimeSpan);
    }

    public int Count => Volatile.Read(ref _count);

    public IReadOnlyCollection<OpenWebSocket> Open => [.. _open.Keys];

    public TimeProvider Time { get; }

    public WebSocketMetrics Metrics { get; }

    TimeSpan IdleTimeout => _options.Value.WebSockets.IdleTimeout;

    TimeSpan SweepInterval => TimeSpan.FromTicks(Math.Clamp(IdleTimeout.Ticks / 10, ShortestSweep.Ticks, LongestSweep.Ticks));

    /// <summary>Completes when no socket is open.</summary>
    public async Task WhenEmptyAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            // Read before the count: the removal of the last socket decrements the count first and then completes this source.
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

    /// <summary>Aborts a socket. An exception is logged: it would keep other sockets open, and from a timer callback it would end the process.</summary>
    public void TryAbort(OpenWebSocket socket, ClosedBy by)
    {
        try
        {
            socket.Abort(by);
        }
        catch (Exception e)
        {
            LogNotAborted(socket.Route, e);
        }
    }

    /// <summary>Reads the time-out each time, so that a reload applies to open sockets.</summary>
    void EndIdle()
    {
        var timeout = IdleTimeout;
        foreach (var (socket, _) in _open)
        {
            if (socket.IdleFor >= timeout || socket.BlockedFor >= timeout) TryAbort(socket, ClosedBy.Idle);
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

    [LoggerMessage(Level = LogLevel.Error, Message = "A WebSocket on route {Route} could not be aborted")]
    partial void LogNotAborted(string route, Exception exception);
}
