using System.Net;
using System.Net.Sockets;
using ImGateway.Edge.Connections.Limits;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace ImGateway.Edge.Connections.Listening;

/// <summary>
/// Accepts on a socket that is bound here or inherited. Kestrel's own listener would
/// <list type="bullet">
/// <item>try again at once, and for ever, where the process has no descriptor left;</item>
/// <item>disconnect the socket to wake itself up at the end, as .NET does where a socket is disposed of while it accepts, and with that for every process that
/// shares it: so the accept under way is cancelled and awaited before the descriptor is closed, which takes nothing from the others.</item>
/// </list>
/// </summary>
/// <param name="socket">Listens already.</param>
/// <param name="endPoint">What Kestrel is to know it by.</param>
/// <param name="admissions">Who is served. What it refuses is closed at once, before anything is made for it.</param>
sealed partial class PublicListener(
    Socket socket, EndPoint endPoint, SocketConnectionContextFactory connections, Admissions admissions, TimeProvider time, ILogger<PublicListener> logger) : IConnectionListener
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
                    // One that has been accepted is served, even if the stop came at the same moment: no other process can have it any more.
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
                    // The machine is short of descriptors or memory, which may last. An error would end Kestrel's loop for good.
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
        if (admissions.TryEnter() is not ConnectionRefusal.None and var refusal)
        {
            admissions.OnRefused(refusal, accepted.RemoteEndPoint);
            accepted.Dispose();
            return null;
        }

        try
        {
            accepted.NoDelay = true;
            return admissions.Follow(connections.Create(accepted));
        }
        catch (Exception e)
        {
            accepted.Dispose();
            admissions.Leave();
            // A matter of this one connection.
            if (e is SocketException) return null;
            throw;
        }
    }

    [LoggerMessage(1, LogLevel.Error, "{EndPoint} cannot accept connections: {Why}. They wait in the queue of the socket; attempts go on. See the limits of the process and of the machine (imgw doctor)")]
    partial void AcceptFails(EndPoint endPoint, string why);
}
