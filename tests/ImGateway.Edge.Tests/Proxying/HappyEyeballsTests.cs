using System.Net;
using ImGateway.Edge.Proxying.Upstream;

namespace ImGateway.Edge.Tests.Proxying;

public sealed class HappyEyeballsTests
{
    const int Rounds = 20_000;

    static readonly IPAddress[] Addresses = [IPAddress.Parse("192.0.2.1"), IPAddress.Parse("192.0.2.2")];
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>An attempt may connect at any moment of the wait for it.</summary>
    [Fact]
    public async Task A_connection_is_used_whenever_it_is_established()
    {
        var time = new ImmediateTime();
        var failed = new FailedAddresses(time);
        var random = new Random(1);
        for (var round = 0; round < Rounds; round++)
        {
            var spins = random.Next(200);
            await using var connection = await HappyEyeballs.AnyAsync(Addresses, ConnectAsync, failed, time, Cancelled).WaitAsync(Patience, Cancelled);

            Assert.Equal(Addresses[1], connection.Address);

            Task<Connection> ConnectAsync(IPAddress address, CancellationToken cancellationToken) =>
                address.Equals(Addresses[0]) ? SilentAsync(cancellationToken) : Task.Run(() => EstablishAsync(address, spins), cancellationToken);
        }
    }

    /// <summary>The HTTP client takes an exception with another token for a failure: 502 instead of 504.</summary>
    [Fact]
    public async Task Cancellation_is_that_of_the_caller()
    {
        using var timeout = new CancellationTokenSource();
        var connecting = HappyEyeballs.AnyAsync(Addresses, (_, cancellationToken) => SilentAsync(cancellationToken), new FailedAddresses(TimeProvider.System), new ImmediateTime(), timeout.Token);

        await timeout.CancelAsync();

        var cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.WaitAsync(Patience, Cancelled));
        Assert.Equal(timeout.Token, cancelled.CancellationToken);
    }

    static Task<Connection> EstablishAsync(IPAddress address, int spins)
    {
        Thread.SpinWait(spins);
        return Task.FromResult(new Connection(address));
    }

    static async Task<Connection> SilentAsync(CancellationToken cancellationToken)
    {
        var never = new TaskCompletionSource<Connection>(TaskCreationOptions.RunContinuationsAsynchronously);
        return await never.Task.WaitAsync(cancellationToken);
    }

    sealed record Connection(IPAddress Address) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    /// <summary>Every delay has elapsed already.</summary>
    sealed class ImmediateTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime == Timeout.InfiniteTimeSpan ? dueTime : TimeSpan.Zero, period);
    }
}
