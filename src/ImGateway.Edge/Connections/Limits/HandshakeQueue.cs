namespace ImGateway.Edge.Connections.Limits;

/// <summary>
/// Concurrency slots for TLS handshakes. A handshake without a free slot waits in a fair queue, so that a flood from one
/// client delays only that client. If too many wait, one is refused: the newcomer, or the newest waiter of the client with the longest queue. In a reconnect storm
/// clients thus back off at once, instead of timing out after their handshake was computed (docs/decisions/0009).
/// </summary>
/// <param name="slots">The number of slots; called each time, because a reload may change it.</param>
/// <param name="waitingPerSlot">The number of waiters allowed for each slot.</param>
sealed class HandshakeQueue(Func<int> slots, int waitingPerSlot)
{
    readonly Lock _lock = new();
    readonly FairQueue<Waiter> _waiting = new();
    int _inProgress;

    public int InProgress
    {
        get
        {
            lock (_lock) return _inProgress;
        }
    }

    public int Waiting
    {
        get
        {
            lock (_lock) return _waiting.Count;
        }
    }

    /// <summary>True: a slot is held until <see cref="Release"/>. False: too many wait.</summary>
    /// <param name="client">The client for fair queuing; null counts as a different client each time.</param>
    /// <exception cref="OperationCanceledException">Cancelled while waiting.</exception>
    public ValueTask<bool> AcquireAsync(ClientNetwork? client, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var limit = slots();
            if (_waiting.Count == 0 && _inProgress < limit)
            {
                _inProgress++;
                return ValueTask.FromResult(true);
            }

            if (_waiting.Count >= (long)limit * waitingPerSlot)
            {
                if (_waiting.Displace(client) is not { } displaced) return ValueTask.FromResult(false);
                displaced.End(admitted: false);
            }

            var waiter = new Waiter(this, cancellationToken);
            waiter.Position = _waiting.Add(client, waiter);
            // Registered last: a token that is cancelled already runs the callback at once.
            waiter.WatchCancellation();
            return new ValueTask<bool>(waiter.Task);
        }
    }

    public void Release()
    {
        lock (_lock)
        {
            _inProgress--;
            var limit = slots();
            while (_inProgress < limit && _waiting.TakeNext() is { } next)
            {
                _inProgress++;
                next.End(admitted: true);
            }
        }
    }

    void GiveUp(Waiter waiter)
    {
        lock (_lock)
        {
            // A waiter that has just got a slot keeps it; its own token ends the handshake.
            if (!_waiting.Remove(waiter.Position)) return;
        }

        waiter.Cancel();
    }

    sealed class Waiter(HandshakeQueue queue, CancellationToken cancellation)
        : TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously), IThreadPoolWorkItem
    {
        CancellationTokenRegistration _watching;
        bool _admitted;

        public FairQueue<Waiter>.Position Position { get; set; }

        public void WatchCancellation() => _watching = cancellation.UnsafeRegister(static waiter => ((Waiter)waiter!).GiveUp(), this);

        public void End(bool admitted)
        {
            _admitted = admitted;
            _watching.Unregister();
            // Queued globally (FIFO), behind the work that is there. Resuming in LIFO order, as continuations of a task would, delayed
            // every handshake to the end of the burst.
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }

        public void Cancel() => ThreadPool.UnsafeQueueUserWorkItem(static waiter => waiter.TrySetCanceled(waiter.Cancellation), this, preferLocal: false);

        CancellationToken Cancellation => cancellation;

        void GiveUp() => queue.GiveUp(this);

        void IThreadPoolWorkItem.Execute() => TrySetResult(_admitted);
    }
}
