using Yarp.ReverseProxy.Model;

namespace ImGateway.Edge.Proxying.Upstream;

/// <summary>
/// Holds requests while a gateway is down. One probe for all of them detects when it is back. They continue in order of arrival, a few
/// at first and twice as many at each step, so that a gateway that has just started is not overloaded.
/// </summary>
sealed partial class HoldQueue(ProxyMetrics metrics, FailedAddresses failed, TimeProvider time, ILogger<HoldQueue> logger) : IAsyncDisposable
{
    /// <summary>The largest number of waiting requests; each keeps some KB of memory beside its connection.</summary>
    public const int MaxHeld = 10_000;

    const int FirstStep = 16;

    /// <summary>The interval between probes, and between steps of the release; a full queue is released within ten steps.</summary>
    static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    static readonly TimeSpan ProbeLimit = TimeSpan.FromSeconds(1);

    readonly Lock _lock = new();
    readonly LinkedList<HeldRequest> _held = [];
    readonly CancellationTokenSource _stopped = new();
    Task _probing = Task.CompletedTask;
    bool _isProbing;
    string? _probeFailure;
    long _arrivals;

    /// <summary>Waits until the gateway is back, at most until the request's deadline, and returns at once when <paramref name="clientDisconnected"/> is cancelled.</summary>
    public async Task<HoldResult> WaitAsync(HeldRequest request, CancellationToken clientDisconnected)
    {
        var end = request.Begin();
        lock (_lock)
        {
            if (_held.Count >= MaxHeld) return HoldResult.Full;
            Insert(request);
            if (!_isProbing)
            {
                _isProbing = true;
                // The loop serves all requests, so it must not inherit this request's execution context.
                using (ExecutionContext.SuppressFlow()) _probing = Task.Run(() => ProbeAsync(_stopped.Token), CancellationToken.None);
            }
        }

        metrics.OnHeld(1);
        await using var leaving = clientDisconnected.UnsafeRegister(_ => Leave(request), null);
        var how = await end;
        metrics.OnHeld(-1);
        return how;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopped.CancelAsync();
        await _probing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopped.Dispose();
    }

    /// <summary>Runs while requests wait and one interval longer, so that a request that fails again joins the running round.</summary>
    async Task ProbeAsync(CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var (step, released, isDown) = (FirstStep, 0, false);
        while (TryPeek(out var cluster, out var patience))
        {
            if (await ConnectsAsync(cluster, Shorter(ProbeLimit, patience), cancellationToken))
            {
                released += Release(step);
                step *= 2;
            }
            else
            {
                if (!isDown) LogDown();
                (isDown, step) = (true, FirstStep);
            }

            EndLate();
            await Task.Delay(Shorter(Interval, patience), time, cancellationToken);
            EndLate();
        }

        if (isDown) LogEnd(time.GetElapsedTime(began).TotalSeconds, released);
    }

    /// <summary>Treats any exception of a probe as a gateway that is down: the loop must go on, because it enforces the deadlines.</summary>
    async Task<bool> ConnectsAsync(ClusterState cluster, TimeSpan limit, CancellationToken cancellationToken)
    {
        try
        {
            return await UpstreamConnectProbe.ConnectsAsync(cluster.DestinationsState.AvailableDestinations, limit, failed, time, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            if (_probeFailure != e.Message) LogProbeFailed(e);
            _probeFailure = e.Message;
            return false;
        }
    }

    /// <summary>False if no request waits: then no probe runs any more.</summary>
    bool TryPeek(out ClusterState cluster, out TimeSpan patience)
    {
        lock (_lock)
        {
            if (_held.First is not { Value: var first })
            {
                _isProbing = false;
                (cluster, patience) = (null!, default);
                return false;
            }

            (cluster, patience) = (first.Cluster, time.GetElapsedTime(time.GetTimestamp(), first.Deadline));
            return true;
        }
    }

    int Release(int most)
    {
        lock (_lock)
        {
            var released = 0;
            for (; released < most && _held.First is { Value: var first }; released++)
            {
                _held.RemoveFirst();
                first.End(HoldResult.Available);
            }

            return released;
        }
    }

    /// <summary>Removes expired requests from the front: all have the same time-out, so the first to arrive is the first to expire.</summary>
    void EndLate()
    {
        lock (_lock)
        {
            while (_held.First is { Value: var first } && first.Deadline <= time.GetTimestamp())
            {
                _held.RemoveFirst();
                first.End(HoldResult.TimedOut);
            }
        }
    }

    void Leave(HeldRequest request)
    {
        lock (_lock)
        {
            if (request.Node is { List: not null } node) _held.Remove(node);
        }

        request.End(HoldResult.ClientDisconnected);
    }

    /// <summary>Inserts a request; one that has waited before keeps its position.</summary>
    void Insert(HeldRequest request)
    {
        if (request.Order == 0)
        {
            request.Order = ++_arrivals;
            request.Node = _held.AddLast(request);
            return;
        }

        var next = _held.First;
        while (next is not null && next.Value.Order < request.Order) next = next.Next;
        request.Node = next is null ? _held.AddLast(request) : _held.AddBefore(next, request);
    }

    static TimeSpan Shorter(TimeSpan one, TimeSpan other) => other < one ? (other < TimeSpan.Zero ? TimeSpan.Zero : other) : one;

    [LoggerMessage(Level = LogLevel.Error, Message = "The gateway cannot be probed; what waits for it waits until its deadline")]
    partial void LogProbeFailed(Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The gateway is down; safe requests and upgrades wait for it")]
    partial void LogDown();

    [LoggerMessage(Level = LogLevel.Information, Message = "No request waits for the gateway any more, after {Seconds:0.0} s; {Released} went on to it")]
    partial void LogEnd(double seconds, int released);
}
