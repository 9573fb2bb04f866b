using ImGateway.DirectTls.Loops;
using ImGateway.DirectTls.Transport;
using Microsoft.Extensions.Time.Testing;

namespace ImGateway.DirectTls.Tests.Transport;

/// <summary>Code of others that takes long.</summary>
public sealed class BlockedLoopTests
{
    [Fact]
    public async Task A_callback_of_ConnectionClosed_that_blocks_delays_no_other_connection()
    {
        await using var host = new TransportHost();
        var (client, first) = await host.ConnectTlsAsync();
        await using var closing = first;
        var (other, second) = await host.ConnectTlsAsync();
        await using var speaking = other;
        await using var server = second;
        using var release = new ManualResetEventSlim();
        var isCalled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = first.ConnectionClosed.Register(() =>
        {
            isCalled.SetResult();
            release.Wait(TransportHost.Patience, Cancellation);
        });
        var read = first.Input.ReadAsync(Cancellation);

        await client.DisposeAsync();
        await isCalled.Task.WaitAsync(TransportHost.Patience, Cancellation);
        await other.WriteAsync("x"u8.ToArray(), Cancellation);

        Assert.Equal(1, (await second.Input.ReadAsync(Cancellation).AsTask().WaitAsync(TransportHost.Patience, Cancellation)).Buffer.Length);
        Assert.True((await read).IsCompleted);
        release.Set();
    }

    [Fact]
    public async Task A_consumer_that_blocks_the_loop_is_visible_before_it_returns()
    {
        await using var host = new TransportHost();
        using var release = new ManualResetEventSlim();
        var isRunning = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var blocked = host.RunOnLoopAsync(() =>
        {
            isRunning.SetResult();
            release.Wait(TransportHost.Patience, Cancellation);
        });
        await isRunning.Task;

        // Time passes while it blocks: the lag grows with it.
        var first = host.Lag;
        Assert.True(SpinWait.SpinUntil(() => host.Lag > first + TimeSpan.FromMilliseconds(20), TransportHost.Patience));
        release.Set();
        await blocked;
    }

    [Fact]
    public async Task What_is_ready_when_the_time_of_an_iteration_is_over_continues_on_the_thread_pool()
    {
        var time = new FakeTimeProvider();
        await using var host = new TransportHost(loopTime: time);
        var (client, first) = await host.ConnectTlsAsync();
        await using var one = client;
        await using var firstServer = first;
        var (other, second) = await host.ConnectTlsAsync();
        await using var two = other;
        await using var secondServer = second;
        using var bothSent = new ManualResetEventSlim();
        int onLoop = 0, onPool = 0;

        async Task ReadAsync(DirectConnection connection)
        {
            await connection.Input.ReadAsync(Cancellation).ConfigureAwait(false);
            if (EventLoop.Current is null)
            {
                Interlocked.Increment(ref onPool);
                return;
            }

            Interlocked.Increment(ref onLoop);
            // Longer than the budget of an iteration.
            time.Advance(TimeSpan.FromMilliseconds(2));
        }

        var reads = Task.WhenAll(ReadAsync(first), ReadAsync(second));
        var blocked = host.RunOnLoopAsync(() => bothSent.Wait(TransportHost.Patience, Cancellation));
        await client.WriteAsync("x"u8.ToArray(), Cancellation);
        await other.WriteAsync("x"u8.ToArray(), Cancellation);
        bothSent.Set();
        await blocked;

        await reads.WaitAsync(TransportHost.Patience, Cancellation);
        Assert.Equal((1, 1), (onLoop, onPool));
    }

    [Fact]
    public async Task A_handler_that_throws_is_logged_and_the_loop_goes_on()
    {
        await using var host = new TransportHost();
        host.Loop.Post(new Throwing());

        await host.LoopLog.ContainingAsync("its own fault", Cancellation);
        await host.RunOnLoopAsync(() => { });
    }

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    sealed class Throwing : IThreadPoolWorkItem
    {
        public void Execute() => throw new InvalidOperationException("its own fault");
    }
}
