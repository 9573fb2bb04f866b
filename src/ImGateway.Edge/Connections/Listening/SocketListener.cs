using System.Net;
using System.Net.Sockets;
using ImGateway.Edge.Connections.Limits;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace ImGateway.Edge.Connections.Listening;

/// <summary>
/// Accepts on a socket that is bound here or inherited. Kestrel's own listener would
/// <list type="bullet">
/// <item>retry at once, endlessly, if the process has no descriptor left;</item>
/// <item>shut the socket down at the end, as .NET does if a socket is disposed during an accept, which affects every process that shares the socket. Here
/// the pending accept is cancelled and awaited before the descriptor is closed, so that other processes can go on accepting.</item>
/// </list>
/// </summary>
/// <param name="socket">The listening socket.</param>
/// <param name="endPoint">The endpoint by which Kestrel identifies the listener.</param>
/// <param name="admission">Decides which connections are served. A refused connection is closed before anything is allocated for it.</param>
sealed partial class SocketListener(
    Socket socket, EndPoint endPoint, SocketConnectionContextFactory connections, ListenerAdmission admission, TimeProvider time, ILogger<SocketListener> logger) : IConnectionListener
{
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    readonly CancellationTokenSource _stop = new();
    readonly SemaphoreSlim _accepting = new(1);
    readonly LogThrottle _failures = new(time, TimeSpan.FromMinutes(1));

    public EndPoint EndPoint => endPoint;

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        await _accepting.WaitAsync(CancellationToken.None);
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                try
                {
                    // An accepted connection is served even if the stop came at the same moment, because no other process can accept it any more.
                    if (Admit(await socket.AcceptAsync(_stop.Token)) is { } connection) return connection;
                }
                catch (OperationCanceledException)
                {
                    break;
                }
                catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionAborted or SocketError.ConnectionReset)
                {
                    // Closed by the client before it was accepted.
                }
                catch (Exception e)
                {
                    // Descriptors or memory are exhausted, possibly for long. An exception would end Kestrel's accept loop for good.
                    if (_failures.IsDue(out _)) AcceptFails(endPoint, e.Message);
                    await Task.Delay(Pause, time, CancellationToken.None);
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
        socket.Dispose();
        _accepting.Release();
    }

    public async ValueTask DisposeAsync()
    {
        await UnbindAsync(CancellationToken.None);
        _stop.Dispose();
        _accepting.Dispose();
    }

    ConnectionContext? Admit(Socket accepted)
    {
        if (admission.TryEnter() is not ConnectionRefusal.None and var refusal)
        {
            admission.OnRefused(refusal, accepted.RemoteEndPoint);
            accepted.Dispose();
            return null;
        }

        try
        {
            accepted.NoDelay = true;
            return admission.Wrap(connections.Create(accepted));
        }
        catch (Exception e)
        {
            accepted.Dispose();
            admission.Undo();
            // The error concerns only this connection.
            if (e is SocketException) return null;
            throw;
        }
    }

    [LoggerMessage(1, LogLevel.Error, "{EndPoint} cannot accept connections: {Why}. They wait in the queue of the socket; attempts go on. See the limits of the process and of the machine (imgw doctor)")]
    partial void AcceptFails(EndPoint endPoint, string why);
}
