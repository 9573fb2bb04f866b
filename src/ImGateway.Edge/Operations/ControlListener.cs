using System.Net;
using System.Net.Sockets;
using ImGateway.Edge.Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace ImGateway.Edge.Operations;

/// <summary>
/// The control socket, which belongs to one process at a time. A file that nobody listens on any more is replaced; while another edge
/// listens (two overlap during an upgrade) this one serves without, and takes the socket over once the other is gone.
/// </summary>
sealed partial class ControlListener : IConnectionListener
{
    static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    readonly string _path;
    readonly TimeProvider _time;
    readonly ILogger<ControlListener> _logger;
    readonly SocketConnectionContextFactory _connections;
    readonly CancellationTokenSource _stop = new();
    Socket? _socket;

    public ControlListener(ControlEndPoint endPoint, TimeProvider time, ILoggerFactory loggers)
    {
        (EndPoint, _path, _time) = (endPoint, endPoint.Path, time);
        _logger = loggers.CreateLogger<ControlListener>();
        _connections = new SocketConnectionContextFactory(new SocketConnectionFactoryOptions(), loggers.CreateLogger<SocketConnectionContextFactory>());
    }

    public EndPoint EndPoint { get; }

    /// <summary>At once where nothing stands against it, so that verbs reach an edge as soon as clients do.</summary>
    public void Open()
    {
        try
        {
            if (!TryOpen()) HeldByAnother(_path);
        }
        catch (Exception e) when (IsOfTheDisk(e))
        {
            CannotOpen(_path, e.Message);
        }
    }

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            try
            {
                if (_socket is null) await TakeOverAsync();
                return _connections.Create(await _socket!.AcceptAsync(_stop.Token));
            }
            catch (Exception e) when (_stop.IsCancellationRequested && e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return null;
            }
            catch (SocketException)
            {
                // Short of descriptors, say: an error that ended this loop would end the socket for good.
                await Task.Delay(LookAgain, _time, CancellationToken.None);
            }
        }
    }

    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        if (_stop.IsCancellationRequested) return;
        // In this order: as long as it answers it is ours, so the file removed is not that of the one who comes after.
        if (_socket is not null) Remove();
        await _stop.CancelAsync();
        _socket?.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await UnbindAsync(CancellationToken.None);
        _connections.Dispose();
        _stop.Dispose();
    }

    async Task TakeOverAsync()
    {
        using var timer = new PeriodicTimer(LookAgain, _time);
        string? told = null;
        while (true)
        {
            await timer.WaitForNextTickAsync(_stop.Token);
            try
            {
                if (!TryOpen()) continue;
                TakenOver(_path);
                return;
            }
            catch (Exception e) when (IsOfTheDisk(e))
            {
                if (e.Message != told) CannotOpen(_path, told = e.Message);
            }
        }
    }

    bool TryOpen()
    {
        if (IsAnswered()) return false;

        // 1. Bound under a name of this process's own, so that nobody meets it half made.
        DurableFile.CreatePrivateFolder(Path.GetDirectoryName(_path)!);
        var own = Path.Combine(Path.GetDirectoryName(_path)!, $".ctl{Environment.ProcessId}");
        File.Delete(own);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint(own));

            // 2. Private before it answers: the umask decided its mode until here.
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(own, DurableFile.OwnerOnly);
            socket.Listen(backlog: 16);

            // 3. In place of what a dead process may have left.
            File.Move(own, _path, overwrite: true);
            _socket = socket;
            return true;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    void Remove()
    {
        try
        {
            File.Delete(_path);
        }
        catch (Exception e) when (IsOfTheDisk(e))
        {
            // Whoever comes next replaces it.
        }
    }

    /// <summary>File systems without sockets, and full ones: no reason not to serve, and it may pass.</summary>
    static bool IsOfTheDisk(Exception e) => e is IOException or SocketException or UnauthorizedAccessException;

    /// <summary>A socket file says nothing about its process: only asking does.</summary>
    bool IsAnswered()
    {
        using var asking = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            asking.Connect(new UnixDomainSocketEndPoint(_path));
            return true;
        }
        catch (SocketException e)
        {
            // A full backlog (EAGAIN) is somebody too.
            return e.SocketErrorCode is SocketError.WouldBlock;
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Another imgw runs with this DataDirectory: no control socket here, verbs reach the other one, until it stops and {Path} is free")]
    partial void HeldByAnother(string path);

    [LoggerMessage(2, LogLevel.Information, "Verbs reach this imgw by {Path} from now on")]
    partial void TakenOver(string path);

    [LoggerMessage(3, LogLevel.Error, "{Path} cannot be opened: {Why}. Verbs and health checks do not reach this imgw; attempts go on")]
    partial void CannotOpen(string path, string why);
}
