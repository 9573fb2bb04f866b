using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace ImGateway.Edge.Connections;

/// <summary>
/// Accepts on a socket that others accept on too. Kestrel's own listener, and .NET where a socket is disposed of while it accepts, would
/// disconnect it to wake themselves up, and with that for everybody: so the accept under way is cancelled and awaited before the
/// descriptor is closed, which takes nothing from the others.
/// </summary>
sealed class InheritedListener(InheritedEndPoint endPoint, SocketConnectionContextFactory connections, MemoryPool<byte> pool, TimeProvider time)
    : IConnectionListener, IMemoryPoolFeature
{
    static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(50);

    readonly Socket _socket = endPoint.Socket.Socket!;
    readonly CancellationTokenSource _stop = new();
    readonly SemaphoreSlim _accepting = new(1);

    public EndPoint EndPoint => endPoint;

    /// <summary>For what is above the transport; the factory of connections has one of its own that cannot be chosen.</summary>
    public MemoryPool<byte> MemoryPool => pool;

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        await _accepting.WaitAsync(CancellationToken.None);
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                try
                {
                    // One that has been accepted is served, even if the stop came at the same moment: no other process can have it any more.
                    var accepted = await _socket.AcceptAsync(_stop.Token);
                    accepted.NoDelay = true;
                    var connection = connections.Create(accepted);
                    connection.Features.Set<IMemoryPoolFeature>(this);
                    return connection;
                }
                catch (OperationCanceledException)
                {
                    break;
                }
                catch (SocketException)
                {
                    // Gone before it was accepted; or this process is short of descriptors, and an error would end the listener for good.
                    await Task.Delay(LookAgain, time, CancellationToken.None);
                }
            }

            return null;
        }
        finally
        {
            _accepting.Release();
        }
    }

    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        if (_stop.IsCancellationRequested) return;
        await _stop.CancelAsync();
        await _accepting.WaitAsync(CancellationToken.None);
        _socket.Dispose();
        _accepting.Release();
    }

    public async ValueTask DisposeAsync()
    {
        await UnbindAsync(CancellationToken.None);
        pool.Dispose();
        _stop.Dispose();
        _accepting.Dispose();
    }
}
