using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Connections;

/// <summary>
/// Counts at intervals what the process has open beside connections, and ends silent connections earlier while places are short: with
/// <c>Edge:Tls:HandshakeTimeout</c> alone as many as there are places would keep everybody else out for as long.
/// </summary>
sealed class BudgetWatch(ConnectionBudget budget, ConnectionGate gate, CurrentOptions current, TimeProvider time) : BackgroundService
{
    /// <summary>Places are short from here on; nothing is left at 1.</summary>
    public const double ShortFrom = LimitStatus.ShortFrom;

    static readonly TimeSpan CheckEvery = TimeSpan.FromMilliseconds(250), CountEvery = TimeSpan.FromSeconds(5), Shortest = TimeSpan.FromSeconds(1);

    /// <summary>Bytes: what a warm edge takes without clients, where it is not warm yet.</summary>
    const long LeastFloor = 120 << 20;

    /// <summary>Of the time of one processor at most, however many are open.</summary>
    const int CountingShare = 200;

    /// <summary>How long a connection may be silent: from <paramref name="longest"/> where places begin to be short to a second where none is left.</summary>
    public static TimeSpan Patience(double fullness, TimeSpan longest)
    {
        if (fullness < ShortFrom || longest <= Shortest) return longest;
        return longest - (longest - Shortest) * ((fullness - ShortFrom) / (1 - ShortFrom));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Nobody has connected yet: this is the process itself.
        budget.AllowFor(MemoryLimit.Clients(MemoryLimit.Bytes(), Math.Max(Environment.WorkingSet, LeastFloor)));
        using var timer = new PeriodicTimer(CheckEvery, time);
        var next = TimeSpan.Zero;
        var counted = time.GetTimestamp();
        do
        {
            if (time.GetElapsedTime(counted) >= next) (next, counted) = (Count(), time.GetTimestamp());
            if (budget.Fullness is >= ShortFrom and var fullness) gate.EndSilent(Patience(fullness, current.Value.Tls.HandshakeTimeout));
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <summary>Returns how long it is to be before the next.</summary>
    TimeSpan Count()
    {
        if (OpenFiles.Limit is not { } limit) return Timeout.InfiniteTimeSpan;
        var began = time.GetTimestamp();
        budget.Adjust(limit, OpenFiles.Count);
        var took = time.GetElapsedTime(began) * CountingShare;
        return took > CountEvery ? took : CountEvery;
    }
}
