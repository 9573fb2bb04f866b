using System.Net;
using ImGateway.DirectTls.Loops;
using ImGateway.DirectTls.Native;

namespace ImGateway.DirectTls.Transport;

/// <summary>
/// A connected, non-blocking socket and what its loop watches it for. Level-triggered: an event comes again until it is handled or no longer watched.
/// Not thread-safe: called under the lock of its connection.
/// </summary>
sealed unsafe class ConnectionSocket(Descriptor descriptor, EventLoop loop)
{
    Registration _registration;
    Readiness _watched;
    bool _ignoresPeerClosed;
    int _lowWatermark = 1;

    public Descriptor Descriptor => descriptor;

    public bool IsClosed => descriptor.IsClosed;

    /// <summary>Adds to what is watched. Errors, and that the peer has closed its direction, are watched with it.</summary>
    /// <exception cref="IOException">The system refuses it.</exception>
    public void Watch(IReadinessHandler handler, Readiness interest)
    {
        var wanted = _watched | interest | (_ignoresPeerClosed ? Readiness.None : Readiness.PeerClosed);
        if (wanted == _watched) return;
        if (_registration.IsNone) _registration = loop.Add(handler, descriptor, wanted);
        else loop.Change(_registration, descriptor, wanted);
        _watched = wanted;
    }

    public void Unwatch(Readiness interest)
    {
        if ((_watched & interest) == Readiness.None) return;
        loop.Change(_registration, descriptor, _watched & ~interest);
        _watched &= ~interest;
    }

    /// <summary>The peer's close is known: otherwise epoll would report it for ever.</summary>
    public void IgnorePeerClosed()
    {
        _ignoresPeerClosed = true;
        Unwatch(Readiness.PeerClosed);
    }

    /// <summary>Takes the descriptor out of epoll: a hang-up or an error is reported whatever is watched, for ever.</summary>
    public void UnwatchAll()
    {
        if (_registration.IsNone) return;
        loop.Remove(_registration, descriptor);
        (_registration, _watched) = (default, Readiness.None);
    }

    /// <summary>Reads without consuming. Negative if nothing is there; 0 at the end of the stream or after an error.</summary>
    public int Peek(Span<byte> buffer) => Receive(buffer, Libc.Peek, out _);

    /// <summary>Negative if nothing is there; 0 at the end of the stream or after an error.</summary>
    /// <param name="error">The error; 0 if there is none.</param>
    public int Receive(Span<byte> buffer, out int error) => Receive(buffer, flags: 0, out error);

    /// <summary>Consumes bytes that were peeked.</summary>
    public void Discard(int count)
    {
        // The buffer is not touched: MSG_TRUNC of tcp(7).
        while (count > 0 && Libc.recv(descriptor.Value, null, count, Libc.Truncate) is > 0 and var discarded) count -= (int)discarded;
    }

    /// <summary>Reports the socket as readable only when this number of bytes has come, or its end. Peeking would otherwise be repeated at once.</summary>
    public void SetLowWatermark(int count)
    {
        if (_lowWatermark == count) return;
        _lowWatermark = count;
        _ = Libc.setsockopt(descriptor.Value, Libc.LevelSocket, Libc.ReceiveLowWatermark, &count, sizeof(int));
    }

    /// <summary>Negative if the socket's buffer is full; 0 after an error.</summary>
    /// <param name="error">The error; 0 if there is none.</param>
    public int Send(ReadOnlySpan<byte> data, out int error)
    {
        nint count;
        fixed (byte* start = data) count = Libc.send(descriptor.Value, start, data.Length, Libc.NoSignal);
        return ResultOf(count, out error);
    }

    /// <summary>Sends small messages at once (TCP_NODELAY).</summary>
    public void SetNoDelay()
    {
        var on = 1;
        _ = Libc.setsockopt(descriptor.Value, Libc.LevelTcp, Libc.NoDelay, &on, sizeof(int));
    }

    /// <summary>Bytes that the peer's TCP has acknowledged (tcpi_bytes_acked, Linux 4.1); 0 if unknown.</summary>
    public long Acknowledged()
    {
        const int BytesAcknowledged = 120;
        var info = stackalloc byte[BytesAcknowledged + sizeof(long)];
        var length = (uint)(BytesAcknowledged + sizeof(long));
        return Libc.getsockopt(descriptor.Value, Libc.LevelTcp, Libc.TcpInfo, info, &length) == 0 && length == BytesAcknowledged + sizeof(long)
            ? *(long*)(info + BytesAcknowledged)
            : 0;
    }

    public IPEndPoint? LocalEndPoint()
    {
        var address = stackalloc byte[InternetAddress.MaxLength];
        var length = (uint)InternetAddress.MaxLength;
        return Libc.getsockname(descriptor.Value, address, &length) == 0 ? InternetAddress.Read(new(address, (int)length)) : null;
    }

    /// <summary>Begins or continues to connect. 0 if it is connected, negative if that is in progress, otherwise the error.</summary>
    public int Connect(IPEndPoint endPoint)
    {
        Span<byte> address = stackalloc byte[InternetAddress.MaxLength];
        var length = InternetAddress.Write(endPoint, address);
        int result;
        fixed (byte* start = address) result = Libc.connect(descriptor.Value, start, (uint)length);
        if (result == 0) return 0;
        return Libc.LastError switch
        {
            Libc.InProgress or Libc.AlreadyInProgress => -1,
            Libc.IsConnected => 0,
            var error => error,
        };
    }

    /// <summary>The error of the socket, which is cleared; 0 if there is none.</summary>
    public int TakeError()
    {
        int error;
        var length = (uint)sizeof(int);
        return Libc.getsockopt(descriptor.Value, Libc.LevelSocket, Libc.SocketError, &error, &length) == 0 ? error : Libc.LastError;
    }

    /// <summary>Ends both directions, which ends the operations that wait for the socket. The descriptor stays open.</summary>
    public void Shutdown() => _ = Libc.shutdown(descriptor.Value, Libc.ShutdownBoth);

    int Receive(Span<byte> buffer, int flags, out int error)
    {
        nint count;
        fixed (byte* start = buffer) count = Libc.recv(descriptor.Value, start, buffer.Length, flags);
        return ResultOf(count, out error);
    }

    static int ResultOf(nint count, out int error)
    {
        error = 0;
        if (count >= 0) return (int)count;
        error = Libc.LastError;
        if (error is not Libc.TryAgain) return 0;
        error = 0;
        return -1;
    }

    /// <summary>Closes the descriptor, which takes it out of epoll.</summary>
    public void Close()
    {
        if (!_registration.IsNone) loop.Forget(_registration);
        descriptor.Dispose();
    }
}
