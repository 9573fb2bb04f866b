using System.Net;
using System.Net.Sockets;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Storage;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace ImGateway.Edge.Operations.Control;

/// <summary>
/// The listener of the control socket. The socket belongs to the process that holds <c>control.lock</c> beside it; the system releases the lock with the
/// process. A socket file of a dead process is replaced. While another edge holds the lock (two overlap during an upgrade), this one serves without a socket,
/// and takes it over once the other has stopped. Without the lock, two edges that start at the same moment would each find the name free, and the
/// first one to stop would remove the other's socket.
/// </summary>
sealed partial class ControlListener : IConnectionListener
{
    static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

    readonly string _path;
    readonly TimeProvider _time;
    readonly ILogger<ControlListener> _logger;
    readonly SocketConnectionContextFactory _connections;
    readonly SlowCloseMonitor _slowCloses;
    readonly CancellationTokenSource _stop = new();
    readonly Lock _opening = new();
    FileStream? _lock;
    Socket? _socket;

    public ControlListener(ControlEndPoint endPoint, SlowCloseMonitor slowCloses, TimeProvider time, ILoggerFactory loggers)
    {
        (EndPoint, _path, _slowCloses, _time) = (endPoint, endPoint.Path, slowCloses, time);
        _logger = loggers.CreateLogger<ControlListener>();
        _connections = new SocketConnectionContextFactory(new SocketConnectionFactoryOptions(), loggers.CreateLogger<SocketConnectionContextFactory>());
    }

    public EndPoint EndPoint { get; }

    /// <summary>Binds at once if possible, so that verbs reach an edge as soon as clients do.</summary>
    public void Open()
    {
        try
        {
            if (!TryOpen()) HeldByAnother(_path);
        }
        catch (Exception e) when (IsDiskError(e))
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
                return new BoundedCloseConnection(_connections.Create(await _socket!.AcceptAsync(_stop.Token)), _slowCloses);
            }
            catch (Exception e) when (_stop.IsCancellationRequested && e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return null;
            }
            catch (SocketException)
            {
                // For example, no descriptors: an exception would end this loop, and the socket, permanently.
                await Task.Delay(RetryInterval, _time, CancellationToken.None);
            }
        }
    }

    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        if (_stop.IsCancellationRequested) return;
        await _stop.CancelAsync();
        lock (_opening)
        {
            // Release the lock last: until then no other process binds the socket.
            if (_socket is not null) Remove();
            _socket?.Dispose();
            _lock?.Dispose();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await UnbindAsync(CancellationToken.None);
        _connections.Dispose();
        _stop.Dispose();
    }

    async Task TakeOverAsync()
    {
        using var timer = new PeriodicTimer(RetryInterval, _time);
        string? reported = null;
        while (true)
        {
            await timer.WaitForNextTickAsync(_stop.Token);
            try
            {
                if (!TryOpen()) continue;
                TakenOver(_path);
                return;
            }
            catch (Exception e) when (IsDiskError(e))
            {
                if (e.Message != reported) CannotOpen(_path, reported = e.Message);
            }
        }
    }

    bool TryOpen()
    {
        lock (_opening)
        {
            _stop.Token.ThrowIfCancellationRequested();
            // 1. Find the owner. An edge of a version without the lock is found by connecting.
            DurableFile.CreatePrivateFolder(Path.GetDirectoryName(_path)!);
            _lock ??= TryLock(Path.ChangeExtension(_path, ".lock"));
            if (_lock is null || IsOwnerAlive()) return false;
            Bind();
            return true;
        }
    }

    void Bind()
    {
        // 2. Bind under a temporary name, so that no verb finds an unfinished socket. A leftover of a crash is removed.
        var own = Path.Combine(Path.GetDirectoryName(_path)!, ".ctl");
        File.Delete(own);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint(own));

            // 3. Restrict the mode before listening: until here the umask decided it.
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(own, DurableFile.OwnerOnly);
            socket.Listen(backlog: 16);

            // 4. Rename it over a socket that a dead process may have left.
            File.Move(own, _path, overwrite: true);
            _socket = socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Null if another process holds the lock.</summary>
    static FileStream? TryLock(string path)
    {
        const int WouldBlock = 11, WouldBlockOnMac = 35, SharingViolation = unchecked((int)0x80070020);
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = DurableFile.OwnerOnly;
        try
        {
            return new FileStream(path, options);
        }
        catch (IOException e) when (e.HResult is WouldBlock or WouldBlockOnMac or SharingViolation)
        {
            return null;
        }
    }

    void Remove()
    {
        try
        {
            File.Delete(_path);
        }
        catch (Exception e) when (IsDiskError(e))
        {
            // The next owner replaces the file.
        }
    }

    /// <summary>For example a file system without sockets, or a full one. The edge serves without a control socket and retries.</summary>
    static bool IsDiskError(Exception e) => e is IOException or SocketException or UnauthorizedAccessException;

    /// <summary>Connects, because a socket file does not show whether its process is alive.</summary>
    bool IsOwnerAlive()
    {
        using var asking = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            asking.Connect(new UnixDomainSocketEndPoint(_path));
            return true;
        }
        catch (SocketException e)
        {
            // A full backlog (EAGAIN) also means a live process.
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
