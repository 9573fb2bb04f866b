using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Connections.Limits;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace ImGateway.Edge.Tests.Connections;

public sealed class DisconnectedClientsTests : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    readonly FakeTimeProvider _time = new();
    readonly SlowCloseMonitor _slowCloses;
    readonly ClientConnections _connections;
    readonly TaskCompletionSource _server = new();
    readonly CancellationTokenSource _closed = new();
    readonly Transport _transport;
    readonly DisconnectedClients _disconnected;
    readonly ClientConnection _connection;
    readonly Task _served;

    public DisconnectedClientsTests()
    {
        _slowCloses = new SlowCloseMonitor(new CurrentOptions(new EdgeOptions()), _time, NullLogger<SlowCloseMonitor>.Instance);
        _connections = new ClientConnections(_slowCloses, new ConnectionBudget());
        _disconnected = new DisconnectedClients(_connections, _time, NullLogger<DisconnectedClients>.Instance);
        _transport = new Transport { ConnectionClosed = _closed.Token };
        _connection = _connections.OnAccepted(_transport);
        _served = _connection.ServeAsync(served =>
        {
            served.Features.Get<ClientConnection>()!.ReleaseAfterDisconnect();
            return _server.Task;
        });
    }

    [Fact]
    public async Task A_connection_that_the_server_never_ends_is_released_a_while_after_its_client_has_left()
    {
        await _disconnected.StartAsync(TestContext.Current.CancellationToken);
        await _closed.CancelAsync();

        // Its clock is simulated, from some moment after the start on.
        using var patience = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        for (; _connections.Count > 0; await timer.WaitForNextTickAsync(patience.Token)) _time.Advance(DisconnectedClients.CheckInterval);

        Assert.True(_transport.IsAborted);
        // What it writes to is its own until it ends.
        Assert.False(_served.IsCompleted);
    }

    [Fact]
    public async Task A_drain_does_not_wait_for_it()
    {
        await _closed.CancelAsync();
        _connections.Close();
        var empty = _connections.WhenEmptyAsync(TestContext.Current.CancellationToken);
        Assert.False(empty.IsCompleted);

        for (var look = 0; look < DisconnectedClients.ChecksBeforeRelease; look++) _connections.ReleaseDisconnected(DisconnectedClients.ChecksBeforeRelease);

        await empty.WaitAsync(Patience, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task One_whose_client_is_there_is_never_released()
    {
        Assert.Equal(0, Enumerable.Range(0, 100).Sum(_ => _connections.ReleaseDisconnected(DisconnectedClients.ChecksBeforeRelease)));

        Assert.Equal(1, _connections.Count);
        _server.SetResult();
        await _served.WaitAsync(Patience, TestContext.Current.CancellationToken);
        await _connection.DisposeAsync();
        Assert.Equal(0, _connections.Count);
    }

    [Fact]
    public async Task One_that_is_released_and_ends_later_is_counted_out_once()
    {
        await using var other = _connections.OnAccepted(new Transport());
        await _closed.CancelAsync();

        Assert.Equal(1, Enumerable.Range(0, 100).Sum(_ => _connections.ReleaseDisconnected(DisconnectedClients.ChecksBeforeRelease)));
        await _connection.DisposeAsync();

        Assert.Equal(1, _connections.Count);
    }

    [Fact]
    public async Task What_it_was_admitted_by_counts_until_it_is_released_even_if_that_comes_first()
    {
        var limits = new ConnectionLimits(new CurrentOptions(new EdgeOptions()));
        var client = new ClientNetwork(1, IsIpv6: false);
        Assert.Equal(ConnectionRefusal.None, limits.Enter(client));
        await _closed.CancelAsync();
        for (var look = 0; look < DisconnectedClients.ChecksBeforeRelease; look++) _connections.ReleaseDisconnected(DisconnectedClients.ChecksBeforeRelease);
        Assert.Equal(1, limits.Clients);

        _connection.Lease.Hold(new Admission(limits, client, ConnectionRefusal.None));

        Assert.Equal(0, limits.Clients);
    }

    public async ValueTask DisposeAsync()
    {
        _server.TrySetResult();
        await _served.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _disconnected.StopAsync(CancellationToken.None);
        _disconnected.Dispose();
        _slowCloses.Dispose();
        _closed.Dispose();
    }

    sealed class Transport : DefaultConnectionContext
    {
        public bool IsAborted { get; private set; }

        public override void Abort(ConnectionAbortedException abortReason) => IsAborted = true;
    }
}
