using System.Net.Sockets;
using ImGateway.DirectTls.Loops;
using ImGateway.DirectTls.Native;
using Microsoft.Extensions.Logging.Abstractions;

namespace ImGateway.DirectTls.Tests.Loops;

public sealed class EventLoopTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_posted_to_a_loop_that_has_ended_is_executed(bool isCostly)
    {
        var loop = Create();
        loop.Start();
        loop.Dispose();
        var work = new Work();

        if (isCostly) loop.PostCostly(work);
        else loop.Post(work);

        await work.Executed.WaitAsync(TransportHost.Patience, TestContext.Current.CancellationToken);
    }

    /// <summary>Threads post while the loop ends: its owner may wait for each piece of work.</summary>
    [Fact]
    public async Task What_is_posted_while_a_loop_ends_is_executed()
    {
        for (var round = 0; round < 100; round++)
        {
            var loop = Create();
            loop.Start();
            Work[] all = [.. Enumerable.Range(0, 20).Select(_ => new Work())];
            var posting = Task.Run(() => Array.ForEach(all, loop.Post), TestContext.Current.CancellationToken);

            loop.Dispose();

            await posting;
            await Task.WhenAll(all.Select(work => work.Executed)).WaitAsync(TransportHost.Patience, TestContext.Current.CancellationToken);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_loop_that_has_ended_watches_nothing(bool wasStarted)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using var descriptor = Descriptor.NotOwned((int)socket.Handle);
        var loop = Create();
        if (wasStarted) loop.Start();
        loop.Dispose();

        // Another loop has the number of the closed epoll descriptor.
        using var other = Create();
        Assert.Throws<IOException>(() => loop.Add(new Handler(), descriptor, Readiness.Readable));
        other.Remove(other.Add(new Handler(), descriptor, Readiness.Readable), descriptor);
    }

    static EventLoop Create() => new(0, TimeProvider.System, NullLogger<EventLoop>.Instance);

    sealed class Work : IThreadPoolWorkItem
    {
        readonly TaskCompletionSource _executed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Executed => _executed.Task;

        public void Execute() => _executed.SetResult();
    }

    sealed class Handler : IReadinessHandler
    {
        public void OnReady(Readiness events)
        {
        }
    }
}
