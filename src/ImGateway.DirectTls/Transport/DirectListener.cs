using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using ImGateway.DirectTls.Loops;
using ImGateway.DirectTls.Native;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace ImGateway.DirectTls.Transport;

/// <summary>
/// Accepts on a listening socket, which other processes may share. All loops watch it, and the kernel wakes one of them (EPOLLEXCLUSIVE), which accepts a batch; each connection
/// goes to the loop with the fewest. Kestrel gets a connection at accept.
/// </summary>
sealed partial class DirectListener : IConnectionListener
{
    readonly Socket _socket;
    readonly EventLoops _loops;
    readonly AcceptPolicy _policy;
    readonly MemoryPool<byte> _memoryPool;
    readonly TimeProvider _time;
    readonly ILogger<DirectListener> _logger;
    readonly Acceptor[] _acceptors;
    readonly Channel<ConnectionContext> _accepted = Channel.CreateUnbounded<ConnectionContext>(new() { SingleReader = true, AllowSynchronousContinuations = true });
    long _lastFailure;
    int _isUnbound;

    /// <exception cref="IOException">The system refuses to watch the socket.</exception>
    public DirectListener(
        Socket socket, EndPoint endPoint, EventLoops loops, AcceptPolicy policy, MemoryPool<byte> memoryPool, TimeProvider time, ILogger<DirectListener> logger)
    {
        (_socket, EndPoint, _loops, _policy, _memoryPool, _time, _logger) = (socket, endPoint, loops, policy, memoryPool, time, logger);
        // Accepted sockets inherit both.
        (_socket.Blocking, _socket.NoDelay) = (false, true);
        var listening = Descriptor.NotOwned((int)socket.Handle);
        _acceptors = [.. loops.All.Select(loop => new Acceptor(this, loop, listening, time))];
    }

    public EndPoint EndPoint { get; }

    /// <summary>Null when the listener is unbound and every accepted connection has been returned: no other process can accept them any more.</summary>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
        await _accepted.Reader.WaitToReadAsync(cancellationToken) && _accepted.Reader.TryRead(out var connection) ? connection : null;

    /// <summary>Stops accepting. The socket is closed and not shut down, so that other processes go on accepting.</summary>
    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref _isUnbound, 1) != 0) return;
        try
        {
            foreach (var acceptor in _acceptors) await acceptor.StopAsync();
        }
        finally
        {
            _socket.Dispose();
            _accepted.Writer.Complete();
        }
    }

    public ValueTask DisposeAsync() => UnbindAsync(CancellationToken.None);

    public void OnAccepted(Descriptor descriptor, IPEndPoint? client)
    {
        if (!_policy.TryAdmit(client))
        {
            descriptor.Dispose();
            return;
        }

        try
        {
            _accepted.Writer.TryWrite(_policy.Wrap(new DirectConnection(descriptor, _loops.LeastLoaded(), client, _memoryPool)));
        }
        catch
        {
            descriptor.Dispose();
            _policy.Undo();
            throw;
        }
    }

    /// <summary>Descriptors or memory are exhausted, possibly for long.</summary>
    public void OnFailed(string why)
    {
        var (now, last) = (_time.GetTimestamp(), Volatile.Read(ref _lastFailure));
        if (last != 0 && _time.GetElapsedTime(last, now) < TimeSpan.FromMinutes(1)) return;
        if (Interlocked.CompareExchange(ref _lastFailure, now, last) == last) AcceptFails(EndPoint, why);
    }

    [LoggerMessage(1, LogLevel.Error, "{EndPoint} cannot accept connections: {Why}. They wait in the queue of the socket; attempts go on. See the limits of the process and of the machine (imgw doctor)")]
    partial void AcceptFails(EndPoint endPoint, string why);
}
