using System.Buffers;
using System.Net;
using System.Net.Sockets;
using ImGateway.DirectTls.Loops;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace ImGateway.DirectTls.Transport;

/// <summary>Kestrel's transport on event loops of its own: epoll, non-blocking sockets, and TLS by OpenSSL on their descriptors. Linux only.</summary>
public sealed class DirectTransport : IDisposable
{
    readonly EventLoops _loops;
    readonly MemoryPool<byte> _memoryPool;
    readonly TimeProvider _time;
    readonly ILogger<DirectListener> _logger;

    /// <param name="loops">The number of loops, each a thread; 0 = one for each processor of the process.</param>
    /// <param name="memoryPools">For the pool that Kestrel uses for requests.</param>
    /// <param name="time">For pauses and the lag.</param>
    /// <param name="loggers">For failures that concern no single connection.</param>
    /// <exception cref="IOException">The system refuses epoll.</exception>
    public DirectTransport(int loops, IMemoryPoolFactory<byte> memoryPools, TimeProvider time, ILoggerFactory loggers)
    {
        (_time, _logger, _memoryPool) = (time, loggers.CreateLogger<DirectListener>(), memoryPools.Create(null));
        _loops = new EventLoops(loops, time, loggers);
    }

    /// <summary>The longest time for which a loop was busy without a break in the last minute: so long may a message have waited. Long if a handler blocks.</summary>
    public TimeSpan Lag => _loops.Lag;

    /// <param name="socket">A listening TCP socket, owned by the listener from here on.</param>
    /// <param name="endPoint">The endpoint by which Kestrel identifies the listener.</param>
    /// <param name="policy">Decides which connections are served.</param>
    /// <exception cref="IOException">The system refuses to watch the socket.</exception>
    public IConnectionListener Listen(Socket socket, EndPoint endPoint, AcceptPolicy policy) =>
        new DirectListener(socket, endPoint, _loops, policy, _memoryPool, _time, _logger);

    /// <summary>Opens a plain connection to an upstream: on the loop that runs the caller, if there is one. Exceptions of the stream are those of NetworkStream.</summary>
    /// <exception cref="SocketException">The upstream refuses, cannot be reached or does not answer, or the process has no descriptor left.</exception>
    public Task<Stream> ConnectAsync(IPEndPoint endPoint, CancellationToken cancellationToken) =>
        LoopStream.ConnectAsync(EventLoop.Current is { } current && _loops.All.Contains(current) ? current : _loops.LeastLoaded(), endPoint, cancellationToken);

    /// <summary>To be called when no connection is left.</summary>
    public void Dispose()
    {
        _loops.Dispose();
        _memoryPool.Dispose();
    }
}
