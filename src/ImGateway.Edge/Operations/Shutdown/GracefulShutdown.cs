using System.Collections.Concurrent;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Proxying.Upstream;
using ImGateway.Edge.WebSockets;

namespace ImGateway.Edge.Operations.Shutdown;

/// <summary>The result of a drain.</summary>
/// <param name="Closed">WebSockets closed by the drain.</param>
/// <param name="Aborted">WebSockets aborted at the time-out.</param>
public sealed record DrainResult(long Closed, int Aborted, TimeSpan Took);

/// <summary>The graceful shutdown, as numbered steps. Afterwards only the management port and the control socket are left for Kestrel to stop.</summary>
sealed partial class GracefulShutdown(
    CurrentOptions options, StopRequest request, ClientConnections connections, WebSocketDrain webSockets, EventStreamDrain eventStreams, DrainMetrics metrics, DrainProgress status, TimeProvider time, ILogger<GracefulShutdown> logger)
{
    static readonly TimeSpan BetweenReports = TimeSpan.FromSeconds(5);

    /// <summary>The time for a client that has just connected to send a request.</summary>
    static readonly TimeSpan FirstRequest = TimeSpan.FromSeconds(2);

    /// <summary>The time for aborted connections to end and be counted.</summary>
    static readonly TimeSpan AbortTimeout = TimeSpan.FromSeconds(1);

    readonly ConcurrentDictionary<IProgress<string>, byte> _followers = new(ReferenceEqualityComparer.Instance);
    readonly TaskCompletionSource<DrainResult> _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Drains, once a stop has been requested.</summary>
    public async Task DrainAsync()
    {
        var began = time.GetTimestamp();
        var drain = options.Value.Drain;
        using var timeout = new CancellationTokenSource(drain.Timeout, time);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, request.Immediate);
        var aborted = 0;
        try
        {
            // 1. Not ready (EdgeHealth); everything is still served until load balancers have noticed.
            metrics.OnBegun();
            status.Begun(drain);
            OnBegun(drain);
            await Task.Delay(drain.Delay, time, over.Token);

            // 2. Stop accepting before anything is closed: in an upgrade the other process gets all new connections.
            await connections.StopAcceptingAsync();
            status.StoppedAccepting();
            OnStoppedAccepting();

            // 3. Close idle connections; responses in progress are completed.
            connections.Close();

            // 4. Close WebSockets and event streams one after the other, until no connection is left.
            await CloseAsync(drain.Spread, over.Token);
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // 5. Time-out or second signal: abort the rest.
            aborted = await AbortAsync();
        }

        var drained = new DrainResult(Math.Max(0, webSockets.ClosedByDrain - aborted), aborted, time.GetElapsedTime(began));
        LogDrained(drained.Took.TotalSeconds, drained.Closed, drained.Aborted);
        _drained.TrySetResult(drained);
    }

    /// <summary>Requests a graceful stop, or joins one in progress, and reports its progress.</summary>
    public Task<DrainResult> FollowAsync(IProgress<string> progress)
    {
        _followers.TryAdd(progress, 0);
        request.RequestGracefulStop();
        return _drained.Task;
    }

    async Task CloseAsync(TimeSpan spread, CancellationToken over)
    {
        using var emptied = CancellationTokenSource.CreateLinkedTokenSource(over);
        using var reports = time.CreateTimer(_ => OnProgress(), null, BetweenReports, BetweenReports);
        using var unused = time.CreateTimer(_ => connections.CloseUnused(), null, spread > FirstRequest ? spread : FirstRequest, Timeout.InfiniteTimeSpan);
        var closing = Task.WhenAll(webSockets.CloseAsync(spread, emptied.Token), eventStreams.CloseAsync(spread, emptied.Token));
        try
        {
            await connections.WhenEmptyAsync(over);
        }
        finally
        {
            await emptied.CancelAsync();
            await closing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    async Task<int> AbortAsync()
    {
        await connections.StopAcceptingAsync();
        connections.Close();
        using var limit = new CancellationTokenSource(AbortTimeout, time);
        var left = webSockets.AbortAll();
        await webSockets.WhenEmptyAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        connections.Abort();
        await connections.WhenEmptyAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return left;
    }

    void OnBegun(DrainSection drain)
    {
        LogBegun(webSockets.Remaining, drain.Delay, drain.Spread, drain.Timeout);
        Report($"draining: not ready from now on, {webSockets.Remaining} WebSockets open; no more connections in {drain.Delay.TotalSeconds:0.#} s");
    }

    void OnStoppedAccepting()
    {
        LogStoppedAccepting(webSockets.Remaining, connections.Count);
        Report($"no more connections; closing {webSockets.Remaining} WebSockets");
    }

    void OnProgress()
    {
        LogProgress(webSockets.Remaining, connections.Count);
        Report($"{webSockets.Remaining} WebSockets and {connections.Count} connections left");
    }

    void Report(string line)
    {
        foreach (var (follower, _) in _followers) follower.Report(line);
    }

    [LoggerMessage(1, LogLevel.Information, "Draining: not ready from now on, {WebSockets} WebSockets open; delay {Delay}, spread {Spread}, at the latest {Timeout} from now. A second signal stops at once")]
    partial void LogBegun(int webSockets, TimeSpan delay, TimeSpan spread, TimeSpan timeout);

    [LoggerMessage(2, LogLevel.Information, "Draining: no more connections; closing {WebSockets} WebSockets, {Connections} connections open")]
    partial void LogStoppedAccepting(int webSockets, int connections);

    [LoggerMessage(3, LogLevel.Information, "Draining: {WebSockets} WebSockets and {Connections} connections left")]
    partial void LogProgress(int webSockets, int connections);

    [LoggerMessage(4, LogLevel.Information, "Drained in {Seconds:0.0} s: {Closed} WebSockets closed, {Cut} cut")]
    partial void LogDrained(double seconds, long closed, int cut);
}
