using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Connections.Limits;
using ImGateway.Testing;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Time.Testing;

namespace ImGateway.Edge.Tests.Connections;

public sealed class ConnectionBudgetMonitorTests
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    readonly FakeTimeProvider _time = new();
    readonly ConnectionBudget _budget = new();
    readonly ConnectionGate _gate;

    public ConnectionBudgetMonitorTests() => _gate = ConnectionGate.ForSelfTests(_time);

    /// <summary>An exception that left it would stop the edge.</summary>
    [Fact]
    public async Task A_check_that_fails_is_logged_and_the_next_one_closes_silent_connections_again()
    {
        var log = new LogCollector<ConnectionBudgetMonitor>();
        using var monitor = new ConnectionBudgetMonitor(_budget, _gate, new CurrentOptions(new EdgeOptions()), _time, log);
        using CancellationTokenSource failing = new(), silent = new();
        await using var failure = failing.Token.Register(static () => throw new InvalidOperationException("it cannot be closed"));
        _budget.TryAccept();
        await monitor.StartAsync(TestContext.Current.CancellationToken);

        await UntilClosedAsync(failing);
        await UntilClosedAsync(silent);

        Assert.Contains("it cannot be closed", await log.ContainingAsync("A check of the connection budget failed", TestContext.Current.CancellationToken));
        Assert.Single(log.Lines);
        await monitor.StopAsync(TestContext.Current.CancellationToken);
    }

    async Task UntilClosedAsync(CancellationTokenSource wait)
    {
        await _gate.AdmitAsync(new DefaultConnectionContext(), wait);
        using var patience = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        for (; !wait.IsCancellationRequested; await timer.WaitForNextTickAsync(patience.Token))
        {
            // Exhausted by one connection, until the monitor counts the descriptors of this process.
            _budget.UpdateOpenFiles(ConnectionBudget.Reserve + 200 + 2, static () => 200);
            _time.Advance(TimeSpan.FromMilliseconds(250));
        }
    }
}
