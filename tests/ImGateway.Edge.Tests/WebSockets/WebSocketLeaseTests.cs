using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Connections.Limits;
using ImGateway.Edge.WebSockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;

namespace ImGateway.Edge.Tests.WebSockets;

/// <summary>What a WebSocket holds is released once, whichever side ends it, and at the latest with its connection.</summary>
public sealed class WebSocketLeaseTests : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    readonly SlowCloseMonitor _slowCloses;
    readonly ClientConnections _connections;
    readonly ClientConnection _connection;
    readonly WebSocketRegistry _registry;
    readonly WebSocketLeases _leases;
    readonly MemoryDuplex _client, _clientsEdge, _upstream, _upstreamsEdge;
    readonly Observer _observer = new();

    public WebSocketLeaseTests()
    {
        var current = new CurrentOptions(new EdgeOptions { Limits = new LimitsSection { WebSockets = 1 } });
        _slowCloses = new SlowCloseMonitor(current, TimeProvider.System, NullLogger<SlowCloseMonitor>.Instance);
        _connections = new ClientConnections(_slowCloses, new ConnectionBudget());
        _connection = _connections.OnAccepted(new DefaultConnectionContext());
        _registry = new WebSocketRegistry(new WebSocketMetrics(Metrics.WithCustomRegistry(new CollectorRegistry())), current, TimeProvider.System, NullLogger<WebSocketRegistry>.Instance);
        _leases = new WebSocketLeases(_registry, current);
        (_client, _clientsEdge) = MemoryDuplex.Pair();
        (_upstream, _upstreamsEdge) = MemoryDuplex.Pair();
    }

    [Fact]
    public async Task It_is_released_when_the_socket_has_ended_and_not_again_with_its_connection()
    {
        var lease = Open();
        Assert.Null(_leases.TryTake(connection: null, "ws"));
        var relaying = lease.RelayAsync(CancellationToken.None);

        await _upstream.DisposeAsync();
        await _client.DisposeAsync();

        Assert.True(await relaying.WaitAsync(Patience));
        AssertReleased(lease);
        await _connection.DisposeAsync();
        lease.Dispose();
        AssertReleased(lease);
    }

    [Fact]
    public async Task It_is_released_with_its_connection_while_it_relays()
    {
        var lease = Open();
        var relaying = lease.RelayAsync(CancellationToken.None);

        await _connection.DisposeAsync();

        AssertReleased(lease);
        await relaying.WaitAsync(Patience);
        Assert.Empty(await RelayInMemory.ReadToEndAsync(_upstream));
        AssertReleased(lease);
    }

    [Fact]
    public async Task It_is_released_with_its_connection_though_no_relay_has_begun()
    {
        var lease = Open();

        await _connection.DisposeAsync();

        AssertReleased(lease);
        Assert.Empty(await RelayInMemory.ReadToEndAsync(_upstream));
    }

    [Fact]
    public async Task What_a_closed_connection_is_to_hold_is_released_at_once()
    {
        await _connection.DisposeAsync();

        using var lease = _leases.TryTake(_connection.Lease, "ws");

        Assert.NotNull(lease);
        Assert.Equal(0, _leases.Count);
    }

    [Fact]
    public async Task A_socket_whose_connection_is_closed_before_its_upgrade_does_not_open()
    {
        var lease = Take();
        await _connection.DisposeAsync();

        lease.Grant(_upstreamsEdge, new Observer());
        Assert.Throws<InvalidOperationException>(() => lease.Open(_clientsEdge));

        Assert.False(await lease.RelayAsync(CancellationToken.None));
        Assert.Empty(await RelayInMemory.ReadToEndAsync(_upstream));
        Assert.Equal((0, 0), (_leases.Count, _registry.Count));
    }

    [Fact]
    public void A_socket_that_was_not_upgraded_after_all_leaves_its_slot_and_its_observers()
    {
        var lease = Take();
        lease.Observe(_observer);

        lease.Dispose();
        lease.Dispose();

        Assert.Equal((0, 0, 1), (_leases.Count, _registry.Count, _observer.Ended));
        Assert.Null(_observer.End);
    }

    /// <summary>Of two destinations that have granted the upgrade of one request, one attempt after the other, the latter alone has the socket.</summary>
    [Fact]
    public async Task A_second_grant_ends_the_first()
    {
        var (first, second) = (new Observer(), new Observer());
        var (destination, destinationsEdge) = MemoryDuplex.Pair();
        var lease = Take();
        lease.Grant(destinationsEdge, first);

        lease.Grant(_upstreamsEdge, second);

        Assert.Equal((1, 0), (first.Ended, second.Ended));
        Assert.Empty(await RelayInMemory.ReadToEndAsync(destination));
        lease.Dispose();
        Assert.Equal((1, 1), (first.Ended, second.Ended));
        Assert.Empty(await RelayInMemory.ReadToEndAsync(_upstream));
        await destination.DisposeAsync();
    }

    [Fact]
    public async Task Grants_after_the_end_are_ended_at_once()
    {
        Observer[] destinations = [new(), new(), new()];
        var (first, firstsEdge) = MemoryDuplex.Pair();
        var (last, lastsEdge) = MemoryDuplex.Pair();
        var lease = Take();
        lease.Grant(firstsEdge, destinations[0]);
        await _connection.DisposeAsync();

        lease.Grant(_upstreamsEdge, destinations[1]);
        lease.Grant(lastsEdge, destinations[2]);

        Assert.All(destinations, destination => Assert.Equal(1, destination.Ended));
        foreach (var upstream in (MemoryDuplex[])[first, _upstream, last]) Assert.Empty(await RelayInMemory.ReadToEndAsync(upstream));
        await first.DisposeAsync();
        await last.DisposeAsync();
    }

    [Fact]
    public void Who_observes_it_after_its_end_is_notified_at_once()
    {
        var lease = Take();
        lease.Dispose();

        lease.Observe(_observer);

        Assert.Equal(1, _observer.Ended);
    }

    public async ValueTask DisposeAsync()
    {
        _registry.Dispose();
        _slowCloses.Dispose();
        await _connection.DisposeAsync();
        foreach (var side in (MemoryDuplex[])[_client, _clientsEdge, _upstream, _upstreamsEdge]) await side.DisposeAsync();
    }

    WebSocketLease Take() => _leases.TryTake(_connection.Lease, "ws")!;

    WebSocketLease Open()
    {
        var lease = Take();
        lease.Grant(_upstreamsEdge, _observer);
        lease.Open(_clientsEdge);
        Assert.Equal((1, 1), (_leases.Count, _registry.Count));
        return lease;
    }

    void AssertReleased(WebSocketLease lease)
    {
        Assert.Equal((0, 0, 1), (_leases.Count, _registry.Count, _observer.Ended));
        Assert.Equal(lease.End, _observer.End);
        Assert.NotNull(lease.End);
    }

    sealed class Observer : IWebSocketObserver
    {
        public int Ended { get; private set; }

        public RelayOutcome? End { get; private set; }

        public void OnEnded(OpenWebSocket? socket, RelayOutcome? end) => (Ended, End) = (Ended + 1, end);
    }
}
