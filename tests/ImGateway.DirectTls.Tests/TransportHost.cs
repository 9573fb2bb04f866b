using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using ImGateway.DirectTls.Loops;
using ImGateway.DirectTls.OpenSsl;
using ImGateway.DirectTls.Transport;
using ImGateway.Testing;
using Microsoft.Extensions.Logging;

namespace ImGateway.DirectTls.Tests;

/// <summary>A listener of the transport on one loop, without Kestrel: a test is the server of each connection.</summary>
sealed class TransportHost : IAsyncDisposable
{
    readonly TestCa _ca = TestCa.Create("root");
    readonly IssuedCertificate _certificate;
    // One at a time, so that both ends are of the same connection.
    readonly SemaphoreSlim _connecting = new(1);
    readonly EventLoops _loops;
    readonly DirectListener _listener;
    readonly Socket _listening = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    /// <param name="time">For pauses after a failure to accept.</param>
    /// <param name="loopTime">For the time that iterations of the loop take.</param>
    public TransportHost(TimeProvider? time = null, TimeProvider? loopTime = null)
    {
        _certificate = _ca.Issue("edge.test");
        Credential = new(new(_certificate.Leaf, [], [SslApplicationProtocol.Http11], "edge.test"u8.ToArray()));
        _loops = new EventLoops(1, loopTime ?? TimeProvider.System, new Loggers(LoopLog));
        _listening.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listening.Listen(512);
        EndPoint = (IPEndPoint)_listening.LocalEndPoint!;
        var policy = new AcceptPolicy(_ => true, () => { }, connection => connection);
        _listener = new DirectListener(_listening, EndPoint, _loops, policy, MemoryPool<byte>.Shared, time ?? TimeProvider.System, Log);
    }

    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(30);

    public EventLoop Loop => _loops.All[0];

    public TimeSpan Lag => _loops.Lag;

    public IPEndPoint EndPoint { get; }

    public TlsServer Server { get; } = new();

    public ServerCredential Credential { get; }

    public LogCollector<DirectListener> Log { get; } = new();

    public LogCollector<EventLoop> LoopLog { get; } = new();

    /// <summary>A TCP connection: the client's end and the server's.</summary>
    public async Task<(Socket Client, DirectConnection Server)> ConnectAsync()
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await _connecting.WaitAsync(Cancellation);
        try
        {
            await client.ConnectAsync(EndPoint, Cancellation);
            return (client, await AcceptAsync());
        }
        finally
        {
            _connecting.Release();
        }
    }

    public async Task<DirectConnection> AcceptAsync() => (DirectConnection)(await _listener.AcceptAsync(Cancellation))!;

    /// <summary>A TLS connection.</summary>
    public async Task<(SslStream Client, DirectConnection Server)> ConnectTlsAsync()
    {
        var (socket, server) = await ConnectAsync();
        var client = new SslStream(new NetworkStream(socket, ownsSocket: true), leaveInnerStreamOpen: false, (_, _, _, _) => true);
        await Task.WhenAll(client.AuthenticateAsClientAsync(new() { TargetHost = "edge.test" }, Cancellation), HandshakeAsync(server)).WaitAsync(Patience, Cancellation);
        return (client, server);
    }

    /// <summary>A TLS 1.3 connection of a client that sends any record.</summary>
    public async Task<(RawTls13Client Client, Socket Socket, DirectConnection Server)> ConnectRawAsync()
    {
        var (socket, server) = await ConnectAsync();
        var client = new RawTls13Client(new NetworkStream(socket, ownsSocket: true));
        var handshake = client.HandshakeAsync(RawTls13Client.HelloFor("edge.test"), Cancellation);
        await Task.WhenAll(handshake, HandshakeAsync(server)).WaitAsync(Patience, Cancellation);
        Assert.True(await handshake);
        return (client, socket, server);
    }

    public async Task HandshakeAsync(DirectConnection server)
    {
        await server.BeginTlsAsync(Server, Credential, Cancellation);
        await server.FinishTlsAsync(Cancellation);
    }

    /// <summary>How many events the loop passes to handlers while it executes <paramref name="iterations"/> pieces of other work: each is an iteration of its own.</summary>
    public async Task<long> EventsDuringAsync(int iterations)
    {
        var before = Loop.Events;
        for (var i = 0; i < iterations; i++) await RunOnLoopAsync(() => { });
        return Loop.Events - before;
    }

    /// <summary>Waits until a handler has handled an event after the first <paramref name="count"/> ones.</summary>
    public async Task UntilEventAfterAsync(long count)
    {
        for (var i = 0; i < 100_000; i++)
        {
            await RunOnLoopAsync(() => { });
            if (Loop.Events > count) return;
        }

        Assert.Fail("The loop has handled no event.");
    }

    public Task RunOnLoopAsync(Action action)
    {
        var work = new Work(action);
        Loop.Post(work);
        return work.Done.WaitAsync(Patience, Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _listener.DisposeAsync();
        _loops.Dispose();
        _listening.Dispose();
        _certificate.Dispose();
        _ca.Dispose();
        _connecting.Dispose();
    }

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    sealed class Work(Action action) : IThreadPoolWorkItem
    {
        readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Done => _done.Task;

        public void Execute()
        {
            action();
            _done.SetResult();
        }
    }

    sealed class Loggers(ILogger logger) : ILoggerFactory
    {
        public ILogger CreateLogger(string categoryName) => logger;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
