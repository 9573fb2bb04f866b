using System.Buffers;
using System.IO.Pipelines;
using ImGateway.DirectTls.Loops;

namespace ImGateway.DirectTls.Transport;

/// <summary>
/// The output of a connection. A flush sends on the caller's thread; only what the socket does not take waits for the loop. A buffer is held only while it contains
/// bytes.
/// </summary>
abstract class ReadinessWriter(DirectConnection connection) : PipeWriter
{
    const int BufferLength = 4096;

    byte[]? _buffer;
    int _start, _end;
    // Memory has been handed out that is not advanced yet: the buffer must stay.
    bool _isLent;
    bool _isCanceled, _isEnded;
    readonly PendingOperation<FlushResult> _flushing = new(connection.Loop, connection.Lock);

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _end - _start;

    /// <summary>OpenSSL has received a part of a post-handshake message and writes only after the rest (SSL_ERROR_WANT_READ). Under the lock.</summary>
    public bool NeedsInput { get; protected set; }

    protected DirectConnection Connection => connection;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        lock (connection.Lock)
        {
            MakeRoom(Math.Max(1, sizeHint));
            _isLent = true;
            return _buffer.AsMemory(_end);
        }
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        lock (connection.Lock)
        {
            if (bytes < 0 || _buffer is null ? bytes != 0 : bytes > _buffer.Length - _end) throw new ArgumentOutOfRangeException(nameof(bytes));
            _isLent = false;
            _end += bytes;
        }
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (connection.Lock)
        {
            _isLent = false;
            return Flush(cancellationToken);
        }
    }

    /// <summary>Sends <paramref name="source"/> without a copy, unless the socket's buffer is full.</summary>
    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (connection.Lock)
        {
            _isLent = false;
            var rest = source.Span;
            if (_end == _start && !_isEnded) Send(ref rest);
            if (!rest.IsEmpty && !_isEnded)
            {
                MakeRoom(rest.Length);
                rest.CopyTo(_buffer.AsSpan(_end));
                _end += rest.Length;
            }

            return Flush(cancellationToken);
        }
    }

    public override void CancelPendingFlush()
    {
        lock (connection.Lock)
        {
            if (!_flushing.IsWaiting)
            {
                _isCanceled = true;
                return;
            }

            _flushing.End(new FlushResult(isCanceled: true, _isEnded));
        }

        _flushing.CompleteOnPool();
    }

    public override void Complete(Exception? exception = null)
    {
        lock (connection.Lock)
        {
            _isLent = false;
            // After the end nothing is sent: the buffer is given back.
            if (_isEnded || (exception is null && !_flushing.IsWaiting)) SendBuffered();
        }
    }

    /// <summary>Waits until the socket has room, or is broken.</summary>
    public ValueTask<FlushResult> WaitForRoomAsync()
    {
        lock (connection.Lock) return _isEnded ? new(new FlushResult(isCanceled: false, isCompleted: true)) : Wait(CancellationToken.None);
    }

    /// <summary>Called on the loop's thread when the socket has room again or is broken.</summary>
    public void OnWritable()
    {
        lock (connection.Lock)
        {
            SendBuffered();
            if (_end > _start)
            {
                WatchForRoom();
                return;
            }

            connection.Unwatch(Native.Readiness.Writable);
            // Otherwise what was sent is the rest of a flush that was cancelled.
            if (!_flushing.IsWaiting) return;
            _flushing.End(new FlushResult(isCanceled: false, _isEnded));
        }

        _flushing.Complete();
    }

    /// <summary>Ends the output: the connection is closed. Under the lock.</summary>
    public void Close()
    {
        OnEnd();
        // What is lent stays with the writer that fills it, on another thread possibly, until its next flush.
        Drop();
        if (!_flushing.IsWaiting) return;
        _flushing.End(new FlushResult(isCanceled: false, isCompleted: true));
        _flushing.CompleteOnPool();
    }

    /// <summary>Sends as much as possible without waiting, and cuts it off. Calls <see cref="OnEnd"/> if the connection is broken. Under the lock.</summary>
    protected abstract void Send(ref ReadOnlySpan<byte> data);

    /// <summary>From here on everything written is dropped; results say that the reader has completed.</summary>
    protected void OnEnd() => _isEnded = true;

    ValueTask<FlushResult> Flush(CancellationToken cancellationToken)
    {
        SendBuffered();
        var (canceled, isSent) = (_isCanceled, _end == _start || _isEnded);
        _isCanceled = false;
        if (!isSent && !canceled) return Wait(cancellationToken);
        // What a cancelled flush has left is sent when there is room.
        if (!isSent) WatchForRoom();
        return new(new FlushResult(canceled, _isEnded));
    }

    ValueTask<FlushResult> Wait(CancellationToken cancellationToken)
    {
        WatchForRoom();
        return _flushing.Wait(cancellationToken);
    }

    void WatchForRoom()
    {
        if (!NeedsInput)
        {
            connection.Watch(Native.Readiness.Writable);
            return;
        }

        connection.Unwatch(Native.Readiness.Writable);
        connection.Watch(Native.Readiness.Readable);
    }

    void SendBuffered()
    {
        if (_end > _start && !_isEnded)
        {
            ReadOnlySpan<byte> rest = _buffer.AsSpan(_start, _end - _start);
            Send(ref rest);
            _start = _end - rest.Length;
        }

        if (_isEnded) _start = _end;
        if (_start == _end) Drop();
    }

    void Drop()
    {
        if (_buffer is null || _isLent) return;
        ArrayPool<byte>.Shared.Return(_buffer);
        (_buffer, _start, _end) = (null, 0, 0);
    }

    void MakeRoom(int count)
    {
        if (_buffer is null)
        {
            (_buffer, _start, _end) = (ArrayPool<byte>.Shared.Rent(Math.Max(BufferLength, count)), 0, 0);
            return;
        }

        if (_buffer.Length - _end >= count) return;
        var used = _end - _start;
        if (_buffer.Length - used >= count)
        {
            // The rest of a flush that was cancelled may be followed by another one, without end.
            Buffer.BlockCopy(_buffer, _start, _buffer, 0, used);
            (_start, _end) = (0, used);
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, used + count));
        Buffer.BlockCopy(_buffer, _start, larger, 0, used);
        ArrayPool<byte>.Shared.Return(_buffer);
        (_buffer, _start, _end) = (larger, 0, used);
    }
}
