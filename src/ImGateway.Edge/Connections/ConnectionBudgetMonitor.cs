using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections.Limits;
using ImGateway.Edge.Scheduling;

namespace ImGateway.Edge.Connections;

/// <summary>
/// Counts at intervals the descriptors in use beside connections, and closes silent connections earlier while the budget is nearly exhausted: with
/// <c>Edge:Tls:HandshakeTimeout</c> alone, silent connections could keep out all other clients for that time.
/// </summary>
sealed partial class ConnectionBudgetMonitor(
    ConnectionBudget budget, ConnectionGate gate, CurrentOptions current, TimeProvider time, ILogger<ConnectionBudgetMonitor> logger) : BackgroundService
{
    /// <summary>The used share of the budget from which on silent connections are closed earlier; 1 = exhausted.</summary>
    public const double NearlyExhaustedFrom = LimitStatus.NearlyExhaustedFrom;

    static readonly TimeSpan CheckEvery = TimeSpan.FromMilliseconds(250), CountEvery = TimeSpan.FromSeconds(5), Shortest = TimeSpan.FromSeconds(1);

    /// <summary>Bytes that a warm edge uses without clients; the lower bound of the estimate.</summary>
    const long LeastFloor = 120 << 20;

    /// <summary>The divisor: counting descriptors takes at most 1/200 of one processor's time, however many are open.</summary>
    const int CountingShare = 200;

    readonly LogThrottle _failures = new(time, TimeSpan.FromMinutes(1));

    TimeSpan _untilCount;
    long _counted = time.GetTimestamp();

    /// <summary>How long a connection may be silent: falls from <paramref name="longest"/> to one second as the budget is exhausted.</summary>
    public static TimeSpan SilenceLimit(double usedShare, TimeSpan longest)
    {
        if (usedShare < NearlyExhaustedFrom || longest <= Shortest) return longest;
        return longest - (longest - Shortest) * ((usedShare - NearlyExhaustedFrom) / (1 - NearlyExhaustedFrom));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // No client has connected yet, so this is the memory of the process itself.
        budget.SetMemoryLimit(MemoryLimit.MaxClients(MemoryLimit.Bytes(), Math.Max(Environment.WorkingSet, LeastFloor)));
        PeriodicTask.RunOnce(Check, OnCheckFailed);
        await PeriodicTask.RunAsync(CheckEvery, time, Check, OnCheckFailed, stoppingToken);
    }

    void Check()
    {
        if (time.GetElapsedTime(_counted) >= _untilCount) (_untilCount, _counted) = (CountDescriptors(), time.GetTimestamp());
        if (budget.UsedShare is >= NearlyExhaustedFrom and var usedShare) gate.CloseSilent(SilenceLimit(usedShare, current.Value.Tls.HandshakeTimeout));
    }

    void OnCheckFailed(Exception exception)
    {
        if (_failures.IsDue(out var before)) CheckFailed(before, exception);
    }

    /// <summary>Returns the delay until the next round.</summary>
    TimeSpan CountDescriptors()
    {
        if (OpenFiles.Limit is not { } limit) return CountEvery;
        var began = time.GetTimestamp();
        budget.UpdateOpenFiles(limit, OpenFiles.Count);
        var took = time.GetElapsedTime(began) * CountingShare;
        return took > CountEvery ? took : CountEvery;
    }

    [LoggerMessage(1, LogLevel.Error, "A check of the connection budget failed; the checks go on; {Before} more since the last such line")]
    partial void CheckFailed(int before, Exception exception);
}
