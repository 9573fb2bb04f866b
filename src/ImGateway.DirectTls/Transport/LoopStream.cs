using System.Net;
using System.Net.Sockets;
using ImGateway.DirectTls.Loops;
using ImGateway.DirectTls.Native;

namespace ImGateway.DirectTls.Transport;

/// <summary>
/// A plain TCP connection on a loop, which it has opened itself: to an upstream. Its consumer continues on the loop's thread. Exceptions are those of NetworkStream. One read and one
/// write may be concurrent.
/// </summary>
sealed class LoopStream : AsynchronousStream, IReadinessHandler
{
    readonly Lock _lock = new();
    readonly EventLoop _loop;
    readonly ConnectionSocket _socket;
    readonly PendingOperation<int> _reading, _writing;
    Memory<byte> _toFill;
    ReadOnlyMemory<byte> _toSend;
    bool _isConnected, _isReadable, _isClosed;

    /// <exception cref="SocketException">The process has no descriptor left, or the address family is not supported.</exception>
    LoopStream(EventLoop loop, IPAddress address)
    {
        _loop = loop;
        var descriptor = new Descriptor(Libc.socket(InternetAddress.FamilyOf(address), Libc.Stream | Libc.NonBlocking | Libc.CloseOnExec, Libc.Tcp));
        if (descriptor.IsInvalid) throw SystemError.Of(Libc.LastError);
        _socket = new ConnectionSocket(descriptor, loop);
        (_reading, _writing) = (new(loop, _lock), new(loop, _lock));
        _socket.SetNoDelay();
    }

    /// <exception cref="SocketException">The peer refuses, cannot be reached, or does not answer.</exception>
    public static async Task<Stream> ConnectAsync(EventLoop loop, IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        var stream = new LoopStream(loop, endPoint.Address);
        try
        {
            await stream.ConnectAsync(endPoint, cancellationToken);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    /// <summary>A read of no bytes waits until there is something to read.</summary>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            if (TryRead(buffer, out var count, out var failure)) return failure is null ? new(count) : ValueTask.FromException<int>(failure);
            _socket.Watch(this, Readiness.Readable);
            _toFill = buffer;
            return _reading.Wait(cancellationToken);
        }
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            if (TryWrite(ref buffer, out var failure)) return failure is null ? ValueTask.CompletedTask : ValueTask.FromException(failure);
            _socket.Watch(this, Readiness.Writable);
            _toSend = buffer;
            return new(_writing, _writing.Begin(cancellationToken));
        }
    }

    void IReadinessHandler.OnReady(Readiness events)
    {
        bool read = false, written = false;
        lock (_lock)
        {
            if (_isClosed) return;
            var isBroken = (events & (Readiness.HangUp | Readiness.Error)) != Readiness.None;
            if (isBroken) _socket.UnwatchAll();
            else if ((events & Readiness.PeerClosed) != Readiness.None) _socket.IgnorePeerClosed();
            if (isBroken || (events & (Readiness.Readable | Readiness.PeerClosed)) != Readiness.None)
            {
                _isReadable = true;
                if (_reading.IsWaiting) read = TryEndRead();
                else _socket.Unwatch(Readiness.Readable);
            }

            if (isBroken || (events & Readiness.Writable) != Readiness.None) written = TryEndWrite();
        }

        if (written) _writing.Complete();
        if (read) _reading.Complete();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            lock (_lock)
            {
                if (_isClosed) return;
                _isClosed = true;
                _socket.Close();
                foreach (var operation in (PendingOperation<int>[])[_reading, _writing])
                {
                    if (!operation.IsWaiting) continue;
                    operation.Fail(Closed());
                    operation.CompleteOnPool();
                }
            }
        }

        base.Dispose(disposing);
    }

    ValueTask ConnectAsync(IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var error = _socket.Connect(endPoint);
            // Over loopback it is established by now.
            if (error < 0) error = _socket.Connect(endPoint);
            if (error > 0) throw SystemError.Of(error);
            _isConnected = error == 0;
            if (_isConnected) return ValueTask.CompletedTask;
            _socket.Watch(this, Readiness.Writable);
            return new(_writing, _writing.Begin(cancellationToken));
        }
    }

    /// <summary>Reads what is there. False if that is nothing so far.</summary>
    bool TryRead(Memory<byte> buffer, out int count, out Exception? failure)
    {
        (count, failure) = (0, _isClosed ? Closed() : null);
        if (failure is not null) return true;
        // A consumer that finds input without ever waiting would keep the loop from its other connections.
        if (!_isReadable || (_loop.IsCurrent && _loop.IsOverBudget && !_reading.IsWaiting)) return false;
        if (buffer.IsEmpty) return true;
        count = _socket.Receive(buffer.Span, out var error);
        // An end or an error stays readable.
        _isReadable = count == buffer.Length || count == 0;
        if (error != 0) failure = Failed("read", error);
        return count >= 0;
    }

    /// <summary>Sends as much as possible and cuts it off. False if something is left.</summary>
    bool TryWrite(ref ReadOnlyMemory<byte> data, out Exception? failure)
    {
        failure = _isClosed ? Closed() : null;
        while (failure is null && !data.IsEmpty)
        {
            var count = _socket.Send(data.Span, out var error);
            if (error != 0) failure = Failed("write", error);
            else if (count < 0) return false;
            else data = data[count..];
        }

        return true;
    }

    bool TryEndRead()
    {
        if (!TryRead(_toFill, out var count, out var failure)) return false;
        _toFill = default;
        if (failure is null) _reading.End(count);
        else _reading.Fail(failure);
        return true;
    }

    bool TryEndWrite()
    {
        if (!_writing.IsWaiting)
        {
            _socket.Unwatch(Readiness.Writable);
            return false;
        }

        Exception? failure = null;
        if (!_isConnected)
        {
            _isConnected = true;
            if (_socket.TakeError() is not 0 and var error) failure = SystemError.Of(error);
        }
        else if (!TryWrite(ref _toSend, out failure))
        {
            return false;
        }

        _toSend = default;
        _socket.Unwatch(Readiness.Writable);
        if (failure is null) _writing.End(0);
        else _writing.Fail(failure);
        return true;
    }

    static IOException Closed() => new("The connection is closed.", new SocketException((int)SocketError.OperationAborted));

    static IOException Failed(string what, int error)
    {
        var cause = SystemError.Of(error);
        return new IOException($"Unable to {what} data: {cause.Message}", cause);
    }
}
