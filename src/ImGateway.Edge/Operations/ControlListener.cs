using System.Net;
using System.Net.Sockets;
using ImGateway.Edge.Certificates;
using ImGateway.Edge.Connections;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace ImGateway.Edge.Operations;

/// <summary>
/// The control socket, which belongs to one process at a time: the one that holds <c>control.lock</c> beside it, which the system releases with its
/// process. A file that a dead process left is replaced; while another edge holds the lock (two overlap during an upgrade) this one serves without,
/// and takes the socket over once the other has ended. By the files alone two that start at the same moment would each find the name free, and the
/// first to stop would remove the socket of the other.
/// </summary>
sealed partial class ControlListener : IConnectionListener
{
    static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    readonly string _path;
    readonly TimeProvider _time;
    readonly ILogger<ControlListener> _logger;
    readonly SocketConnectionContextFactory _connections;
    readonly ConnectionEnds _ends;
    readonly CancellationTokenSource _stop = new();
    readonly Lock _opening = new();
    FileStream? _lock;
    Socket? _socket;

    public ControlListener(ControlEndPoint endPoint, ConnectionEnds ends, TimeProvider time, ILoggerFactory loggers)
    {
        (EndPoint, _path, _ends, _time) = (endPoint, endPoint.Path, ends, time);
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
                return new EndingConnection(_connections.Create(await _socket!.AcceptAsync(_stop.Token)), _ends);
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
        await _stop.CancelAsync();
        lock (_opening)
        {
            // The lock last: until then no other process puts a socket of its own there.
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
        lock (_opening)
        {
            _stop.Token.ThrowIfCancellationRequested();
            // 1. Whose it is. An edge of a version before the lock is found by asking.
            DurableFile.CreatePrivateFolder(Path.GetDirectoryName(_path)!);
            _lock ??= TryLock(Path.ChangeExtension(_path, ".lock"));
            if (_lock is null || IsAnswered()) return false;
            Bind();
            return true;
        }
    }

    void Bind()
    {
        // 2. Bound under another name, so that no verb meets it half made. What a crash left there goes.
        var own = Path.Combine(Path.GetDirectoryName(_path)!, ".ctl");
        File.Delete(own);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint(own));

            // 3. Private before it answers: the umask decided its mode until here.
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(own, DurableFile.OwnerOnly);
            socket.Listen(backlog: 16);

            // 4. In place of what a dead process may have left.
            File.Move(own, _path, overwrite: true);
            _socket = socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Null where another process holds it.</summary>
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
