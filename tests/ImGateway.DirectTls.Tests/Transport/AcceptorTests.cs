using System.Buffers;
using System.Net;
using System.Net.Sockets;
using ImGateway.DirectTls.Loops;
using ImGateway.DirectTls.Native;
using ImGateway.DirectTls.Transport;
using ImGateway.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace ImGateway.DirectTls.Tests.Transport;

public sealed class AcceptorTests : IAsyncDisposable
{
    const int TooManyFiles = 24;

    readonly FakeTimeProvider _time = new();
    readonly Socket _listening = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    readonly EventLoops _loops = new(1, TimeProvider.System, NullLoggerFactory.Instance);
    readonly LogCollector<DirectListener> _log = new();
    readonly DirectListener _listener;

    public AcceptorTests()
    {
        _listening.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listening.Listen();
        _listener = new DirectListener(
            _listening, _listening.LocalEndPoint!, _loops, new AcceptPolicy(_ => true, () => { }, connection => connection), MemoryPool<byte>.Shared, _time, _log);
    }

    public async ValueTask DisposeAsync()
    {
        await _listener.DisposeAsync();
        _loops.Dispose();
        _listening.Dispose();
    }

    [Fact]
    public async Task A_listener_whose_loops_have_ended_can_be_unbound()
    {
        _loops.Dispose();

        await _listener.UnbindAsync(Cancellation).AsTask().WaitAsync(TransportHost.Patience, Cancellation);

        Assert.Null(await _listener.AcceptAsync(Cancellation).AsTask().WaitAsync(TransportHost.Patience, Cancellation));
    }

    /// <summary>Registered already stands for any reason why epoll_ctl refuses: what exhausted the descriptors may have exhausted memory too.</summary>
    [Fact]
    public async Task An_acceptor_that_cannot_be_registered_after_a_pause_tries_again()
    {
        using var loops = new EventLoops(1, TimeProvider.System, NullLoggerFactory.Instance);
        var loop = loops.All[0];
        using var descriptor = Descriptor.NotOwned((int)_listening.Handle);
        var acceptor = new Acceptor(_listener, loop, descriptor, _time);
        acceptor.PauseAfter(TooManyFiles);
        var obstacle = loop.Add(acceptor, descriptor, Readiness.None);

        await PauseEndsAsync(loop);
        loop.Remove(obstacle, descriptor);
        await PauseEndsAsync(loop);

        Assert.Throws<IOException>(() => loop.Add(acceptor, descriptor, Readiness.None));
        await acceptor.StopAsync().WaitAsync(TransportHost.Patience, Cancellation);
    }

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>The timer posts to the loop, before what is posted here.</summary>
    async Task PauseEndsAsync(EventLoop loop)
    {
        _time.Advance(TimeSpan.FromMilliseconds(100));
        var executed = new Marker();
        loop.Post(executed);
        await executed.Reached.WaitAsync(TransportHost.Patience, Cancellation);
    }

    sealed class Marker : IThreadPoolWorkItem
    {
        readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Reached => _reached.Task;

        public void Execute() => _reached.SetResult();
    }
}
