using System.Buffers;
using System.IO.Pipelines;
using ImGateway.DirectTls.Loops;

namespace ImGateway.DirectTls.Transport;

/// <summary>
/// The input of a connection, read only when its consumer asks, which is the back-pressure. A buffer is held only while it contains bytes. A read that waits is completed on
/// the loop's thread, and its consumer continues there.
/// </summary>
abstract class ReadinessReader(DirectConnection connection) : PipeReader
{
    const int BufferLength = 4096, LargeBufferLength = 32 * 1024, MaxLength = 64 * 1024;

    byte[]? _buffer;
    int _start, _end;
    bool _isExamined, _isCanceled, _isEnded, _isCompleted;
    readonly PendingOperation<ReadResult> _reading = new(connection.Loop, connection.Lock);

    protected DirectConnection Connection => connection;

    /// <summary>The bytes that are buffered.</summary>
    protected int Buffered => _end - _start;

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (connection.Lock)
        {
            if (TryTake(out var result)) return new(result);
            WaitForInput();
            return _reading.Wait(cancellationToken);
        }
    }

    public override bool TryRead(out ReadResult result)
    {
        lock (connection.Lock) return TryTake(out result);
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        lock (connection.Lock)
        {
            if (_buffer is null) return;
            // The sequence is one array, so positions are indexes of it.
            var start = consumed.GetObject() is null ? _start : consumed.GetInteger() & int.MaxValue;
            _isExamined = examined.GetObject() is null || (examined.GetInteger() & int.MaxValue) >= _end;
            OnConsumed(start - _start);
            _start = start;
            if (_start == _end) Release();
        }
    }

    public override void CancelPendingRead()
    {
        lock (connection.Lock)
        {
            if (!_reading.IsWaiting)
            {
                _isCanceled = true;
                return;
            }

            _reading.End(new ReadResult(Sequence(), isCanceled: true, _isEnded));
        }

        _reading.CompleteOnPool();
    }

    public override void Complete(Exception? exception = null)
    {
        lock (connection.Lock)
        {
            _isCompleted = true;
            if (!_reading.IsWaiting) Release();
        }
    }

    /// <summary>Called on the loop's thread when the input is readable or has ended.</summary>
    public void OnReadable()
    {
        lock (connection.Lock)
        {
            if (!_reading.IsWaiting)
            {
                // Under the same lock: a read that begins now watches the socket again.
                connection.UnwatchInput(this);
                return;
            }

            if (!TryFill())
            {
                // Also what a hang-up has taken out of epoll, or what OpenSSL has not processed yet.
                WaitForInput();
                return;
            }

            _reading.End(new ReadResult(Sequence(), isCanceled: false, _isEnded));
        }

        _reading.Complete();
    }

    /// <summary>Ends the input: the connection is closed. Under the lock.</summary>
    public void Close()
    {
        _isEnded = true;
        if (_reading.IsWaiting)
        {
            _reading.End(new ReadResult(Sequence(), isCanceled: false, isCompleted: true));
            _reading.CompleteOnPool();
        }
        else if (_isCompleted)
        {
            Release();
        }
    }

    /// <summary>Reads into <see cref="Free"/>, without waiting. True if there is something new: data, or <see cref="OnEnd"/> was called. Under the lock.</summary>
    protected abstract bool TryFill();

    /// <summary>Asks to be called when there is input. Under the lock.</summary>
    protected abstract void WaitForInput();

    protected virtual void OnConsumed(int count)
    {
    }

    protected ReadOnlySpan<byte> Content => _buffer.AsSpan(_start, _end - _start);

    /// <summary>The part of the buffer after its content, of at least one byte.</summary>
    protected Span<byte> Free()
    {
        if (_buffer is null) (_buffer, _start, _end) = (ArrayPool<byte>.Shared.Rent(BufferLength), 0, 0);
        else if (_end == _buffer.Length) MakeRoom(_buffer);
        return _buffer.AsSpan(_end);
    }

    /// <summary>The whole buffer, for a reader that reads its content again.</summary>
    protected Span<byte> Whole(int minimum)
    {
        if (_buffer is null || _buffer.Length - _start < minimum)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(BufferLength, minimum));
            Move(larger);
        }

        return _buffer.AsSpan(_start);
    }

    protected void SetBuffered(int count)
    {
        _isExamined = false;
        _end = _start + count;
    }

    protected void OnReceived(int count)
    {
        _isExamined = false;
        _end += count;
    }

    /// <summary>Whether another record may be added to what is buffered, instead of being read on its own.</summary>
    protected bool MayGrow => _end - _start < MaxLength;

    protected void OnEnd() => _isEnded = true;

    protected void ReleaseIfEmpty()
    {
        if (_start == _end) Release();
    }

    /// <summary>A consumer that finds input without ever waiting would keep the loop from its other connections.</summary>
    bool MayReadAtOnce => !connection.Loop.IsCurrent || !connection.Loop.IsOverBudget;

    bool TryTake(out ReadResult result)
    {
        var canceled = _isCanceled;
        _isCanceled = false;
        if (canceled || (_end > _start && !_isExamined) || _isEnded || (MayReadAtOnce && TryFill()))
        {
            result = new ReadResult(Sequence(), canceled, _isEnded);
            return true;
        }

        result = default;
        return false;
    }

    ReadOnlySequence<byte> Sequence() => _end > _start ? new ReadOnlySequence<byte>(_buffer!, _start, _end - _start) : default;

    void MakeRoom(byte[] full)
    {
        if (_start > full.Length / 2)
        {
            Buffer.BlockCopy(full, _start, full, 0, _end - _start);
            (_start, _end) = (0, _end - _start);
        }
        else
        {
            Move(ArrayPool<byte>.Shared.Rent(Math.Max(full.Length * 2, LargeBufferLength)));
        }
    }

    void Move(byte[] larger)
    {
        var old = _buffer;
        var count = _end - _start;
        if (old is not null) Buffer.BlockCopy(old, _start, larger, 0, count);
        (_buffer, _start, _end) = (larger, 0, count);
        if (old is not null) ArrayPool<byte>.Shared.Return(old);
    }

    void Release()
    {
        if (_buffer is null) return;
        ArrayPool<byte>.Shared.Return(_buffer);
        (_buffer, _start, _end) = (null, 0, 0);
    }
}
