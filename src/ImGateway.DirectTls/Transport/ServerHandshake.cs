using ImGateway.DirectTls.Loops;
using ImGateway.DirectTls.Native;
using ImGateway.DirectTls.OpenSsl;

namespace ImGateway.DirectTls.Transport;

/// <summary>
/// A handshake in progress, in two parts. The first one computes, mostly key exchange and signature, among the costly work of the loop. The second one waits for the
/// client and costs little.
/// </summary>
sealed class ServerHandshake(DirectConnection connection, TlsSession session) : IThreadPoolWorkItem
{
    readonly PendingOperation<bool> _waiting = new(connection.Loop, connection.Lock);
    bool _hasBegun, _isFlightSent, _isDone, _isClosed;
    Exception? _failure;

    /// <summary>Completes when the server's first flight has been sent.</summary>
    /// <exception cref="OpenSslException">The protocol has failed.</exception>
    /// <exception cref="IOException">The client has closed the connection.</exception>
    public ValueTask BeginAsync(CancellationToken cancellationToken)
    {
        lock (connection.Lock)
        {
            // At once, if the loop has time; in a storm, in the order of arrival.
            if (connection.Loop.IsCurrent && !connection.Loop.IsOverBudget && !_isClosed && Step()) return Completed();
            var waiting = Wait(cancellationToken);
            if (!_hasBegun) connection.Loop.PostCostly(this);
            return waiting;
        }
    }

    /// <summary>Completes when the client has sent its part.</summary>
    /// <exception cref="OpenSslException">The protocol has failed.</exception>
    /// <exception cref="IOException">The client has closed the connection.</exception>
    public ValueTask FinishAsync(CancellationToken cancellationToken)
    {
        lock (connection.Lock)
        {
            if (_isDone || _failure is not null) return Completed();
            // The client's part may have come while nothing waited for it.
            connection.Watch(Readiness.Readable);
            return Wait(cancellationToken);
        }
    }

    /// <summary>Called on the loop's thread when the socket is ready.</summary>
    public void OnReady()
    {
        if (_hasBegun)
        {
            Advance();
            return;
        }

        // Its first part is among the costly work.
        lock (connection.Lock) connection.UnwatchInput(this);
    }

    /// <summary>Ends the handshake: the connection is closed. Under the lock.</summary>
    public void Close()
    {
        _isClosed = true;
        if (!_waiting.IsWaiting) return;
        _waiting.Fail(new IOException("The connection is closed."));
        _waiting.CompleteOnPool();
    }

    /// <summary>The first part, as costly work.</summary>
    void IThreadPoolWorkItem.Execute() => Advance();

    void Advance()
    {
        lock (connection.Lock)
        {
            if (!_waiting.IsWaiting)
            {
                connection.UnwatchInput(this);
                return;
            }

            if (!Step()) return;
            if (_failure is null) _waiting.End(true);
            else _waiting.Fail(_failure);
        }

        _waiting.Complete();
    }

    /// <summary>Continues the handshake. True if the part that waits has ended, also by a failure.</summary>
    bool Step()
    {
        var isFirstPart = !_isFlightSent;
        _hasBegun = true;
        switch (session.Handshake())
        {
            case TlsStatus.Done:
                (_isDone, _isFlightSent) = (true, true);
                connection.IsReadable = session.MayHoldInput;
                connection.Unwatch(Readiness.Writable);
                return true;
            case TlsStatus.WantsRead:
                _isFlightSent = true;
                connection.IsReadable = false;
                connection.Watch(Readiness.Readable);
                connection.Unwatch(Readiness.Writable);
                return isFirstPart;
            case TlsStatus.WantsWrite:
                connection.Watch(Readiness.Writable);
                return false;
            case TlsStatus.Closed:
                _failure = new IOException("The client has closed the connection.");
                return true;
            default:
                _failure = (Exception?)session.Failure ?? new IOException("The connection is broken.");
                return true;
        }
    }

    ValueTask Completed() => _failure is null ? ValueTask.CompletedTask : ValueTask.FromException(_failure);

    ValueTask Wait(CancellationToken cancellationToken)
    {
        if (_isClosed) return ValueTask.FromException(new IOException("The connection is closed."));
        return new(_waiting, _waiting.Begin(cancellationToken));
    }
}
