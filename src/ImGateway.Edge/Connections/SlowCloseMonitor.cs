using System.Collections.Concurrent;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;
using Microsoft.AspNetCore.Connections;

namespace ImGateway.Edge.Connections;

/// <summary>
/// Connections that are closing, of all listeners. If the client reads the rest of the response more slowly than
/// <c>Limits:MinBytesPerSecond</c>, the connection is aborted: with a zero window it would otherwise stay open as long as the client's TCP stack answers.
/// </summary>
sealed partial class SlowCloseMonitor(CurrentOptions current, TimeProvider time, ILogger<SlowCloseMonitor> logger) : BackgroundService
{
    public static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(5);

    /// <summary>The grace period: a phone between two cells is silent for some seconds.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(15);

    readonly ConcurrentDictionary<BoundedCloseConnection, byte> _closing = new(ReferenceEqualityComparer.Instance);

    public long Now => time.GetTimestamp();

    /// <summary>The number of closing connections with data still on its way to the client.</summary>
    public int Count => _closing.Count;

    public TimeSpan ElapsedSince(long timestamp) => time.GetElapsedTime(timestamp);

    public void Add(BoundedCloseConnection connection) => _closing.TryAdd(connection, 0);

    public void Remove(BoundedCloseConnection connection) => _closing.TryRemove(connection, out _);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => PeriodicTask.RunAsync(CheckEvery, time, Check, CheckFailed, stoppingToken);

    void Check()
    {
        var aborted = 0;
        foreach (var (connection, _) in _closing)
        {
            if (!connection.IsTooSlow(current.Value.Limits.MinBytesPerSecond, Grace)) continue;
            connection.Abort(new ConnectionAbortedException("The client reads the rest of the response too slowly."));
            aborted++;
        }

        if (aborted > 0) Aborted(aborted);
    }

    [LoggerMessage(1, LogLevel.Information, "Aborted {Connections} connections whose clients did not read the rest of what was sent to them")]
    partial void Aborted(int connections);

    [LoggerMessage(2, LogLevel.Error, "A check of closing connections failed; the next is in some seconds")]
    partial void CheckFailed(Exception exception);
}
