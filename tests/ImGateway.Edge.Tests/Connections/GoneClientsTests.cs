using ImGateway.Edge.Connections;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace ImGateway.Edge.Tests.Connections;

public sealed class GoneClientsTests : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    readonly FakeTimeProvider _time = new();
    readonly ClientConnections _connections = new();
    readonly TaskCompletionSource _server = new();
    readonly CancellationTokenSource _closed = new();
    readonly GoneClients _looks;
    readonly Task _served;

    public GoneClientsTests()
    {
        _looks = new GoneClients(_connections, _time, NullLogger<GoneClients>.Instance);
        var connection = new DefaultConnectionContext { ConnectionClosed = _closed.Token };
        _connections.OnAccepted();
        _served = _connections.ServeAsync(connection, served => served.Features.Get<ClientConnection>()!.WaitAsync(_server.Task));
    }

    [Fact]
    public async Task A_connection_that_the_server_never_ends_is_let_go_when_its_client_has_been_gone_for_a_while()
    {
        await _looks.StartAsync(TestContext.Current.CancellationToken);
        await _closed.CancelAsync();

        // Its clock is wound by hand, from some moment after the start on.
        using var patience = new CancellationTokenSource(Patience);
        for (; !_served.IsCompleted; await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, patience.Token)) _time.Advance(GoneClients.LookEvery);

        Assert.Equal(0, _connections.Count);
    }

    [Fact]
    public async Task A_drain_does_not_wait_for_it()
    {
        await _closed.CancelAsync();
        _connections.Close();
        var empty = _connections.WhenEmptyAsync(TestContext.Current.CancellationToken);
        Assert.False(empty.IsCompleted);

        for (var look = 0; look < GoneClients.Looks; look++) _connections.LetGoOfGone(GoneClients.Looks);

        await empty.WaitAsync(Patience, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task One_whose_client_is_there_is_never_let_go()
    {
        Assert.Equal(0, Enumerable.Range(0, 100).Sum(_ => _connections.LetGoOfGone(GoneClients.Looks)));

        Assert.False(_served.IsCompleted);
        _server.SetResult();
        await _served.WaitAsync(Patience, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task What_the_server_fails_by_is_passed_on()
    {
        _server.SetException(new IOException("gone"));

        await Assert.ThrowsAsync<IOException>(() => _served);
    }

    [Fact]
    public async Task Each_is_told_once()
    {
        await _closed.CancelAsync();

        Assert.Equal(1, Enumerable.Range(0, 100).Sum(_ => _connections.LetGoOfGone(GoneClients.Looks)));
    }

    public async ValueTask DisposeAsync()
    {
        _server.TrySetResult();
        await _served.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _looks.StopAsync(CancellationToken.None);
        _looks.Dispose();
        _closed.Dispose();
    }
}
