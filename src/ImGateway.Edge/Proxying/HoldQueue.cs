using Yarp.ReverseProxy.Model;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// Where requests wait for a gateway that is down. One probe for all of them tells when it is back. They go on in the order they came, a few
/// at first and at each step twice as many, so that a gateway that has just started is not run over.
/// </summary>
sealed partial class HoldQueue(ProxyMetrics metrics, AddressMemory memory, TimeProvider time, ILogger<HoldQueue> logger) : IAsyncDisposable
{
    /// <summary>Bounds memory: a request that waits keeps some KB beside its connection.</summary>
    public const int MostHeld = 10_000;

    const int FirstStep = 16;

    /// <summary>Between two probes, and two steps: all that may wait have gone on within ten of them.</summary>
    static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    static readonly TimeSpan ProbeLimit = TimeSpan.FromSeconds(1);

    readonly Lock _lock = new();
    readonly LinkedList<HeldRequest> _held = [];
    readonly CancellationTokenSource _stopped = new();
    Task _probing = Task.CompletedTask;
    bool _isProbing;
    string? _probeFailure;
    long _arrivals;

    /// <summary>Ends at the latest at the request's deadline, and at once when <paramref name="clientLeft"/> is cancelled.</summary>
    public async Task<HoldEnd> WaitAsync(HeldRequest request, CancellationToken clientLeft)
    {
        var end = request.Begin();
        lock (_lock)
        {
            if (_held.Count >= MostHeld) return HoldEnd.Full;
            Insert(request);
            if (!_isProbing)
            {
                _isProbing = true;
                // The loop serves all requests, so that it must not log as part of this one.
                using (ExecutionContext.SuppressFlow()) _probing = Task.Run(() => ProbeAsync(_stopped.Token), CancellationToken.None);
            }
        }

        metrics.OnHeld(1);
        await using var leaving = clientLeft.UnsafeRegister(_ => Leave(request), null);
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

    /// <summary>As long as requests wait, and one interval more: what fails again at once joins the round under way and makes none faster.</summary>
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

    /// <summary>Whatever goes wrong with a probe is a gateway that does not take connections: all that wait have their deadline from this loop.</summary>
    async Task<bool> ConnectsAsync(ClusterState cluster, TimeSpan limit, CancellationToken cancellationToken)
    {
        try
        {
            return await GatewayProbe.ConnectsAsync(cluster.DestinationsState.AvailableDestinations, limit, memory, time, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            if (_probeFailure != e.Message) LogProbeFailed(e);
            _probeFailure = e.Message;
            return false;
        }
    }

    /// <summary>False if nobody waits: then no probe is under way any more.</summary>
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
                first.End(HoldEnd.Back);
            }

            return released;
        }
    }

    /// <summary>All wait equally long, so that who came first is who has waited too long.</summary>
    void EndLate()
    {
        lock (_lock)
        {
            while (_held.First is { Value: var first } && first.Deadline <= time.GetTimestamp())
            {
                _held.RemoveFirst();
                first.End(HoldEnd.TimedOut);
            }
        }
    }

    void Leave(HeldRequest request)
    {
        lock (_lock) _held.Remove(request);
        request.End(HoldEnd.Left);
    }

    /// <summary>Who has been here before keeps his place.</summary>
    void Insert(HeldRequest request)
    {
        if (request.Place == 0)
        {
            request.Place = ++_arrivals;
            _held.AddLast(request);
            return;
        }

        var next = _held.First;
        while (next is not null && next.Value.Place < request.Place) next = next.Next;
        if (next is null) _held.AddLast(request);
        else _held.AddBefore(next, request);
    }

    static TimeSpan Shorter(TimeSpan one, TimeSpan other) => other < one ? (other < TimeSpan.Zero ? TimeSpan.Zero : other) : one;

    [LoggerMessage(Level = LogLevel.Error, Message = "The gateway cannot be probed; what waits for it waits until its deadline")]
    partial void LogProbeFailed(Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The gateway is down; safe requests and upgrades wait for it")]
    partial void LogDown();

    [LoggerMessage(Level = LogLevel.Information, Message = "No request waits for the gateway any more, after {Seconds:0.0} s; {Released} went on to it")]
    partial void LogEnd(double seconds, int released);
}
