namespace ImGateway.Edge.Connections;

/// <summary>
/// Places for those who compute a handshake. Who finds none waits behind those who came before, where clients take turns, so that a flood of one
/// of them is its own trouble. If too many wait, somebody is refused: the newcomer, or who came last of a client with many. In a reconnect storm
/// clients thus back off at once instead of being timed out after the work was done (docs/decisions/0009).
/// </summary>
/// <param name="places">How many at the same time; asked anew each time.</param>
/// <param name="waitingPerPlace">How many may wait for each of them.</param>
sealed class HandshakeQueue(Func<int> places, int waitingPerPlace)
{
    readonly Lock _lock = new();
    readonly FairQueue<Waiter> _waiting = new();
    int _inside;

    public int Inside
    {
        get
        {
            lock (_lock) return _inside;
        }
    }

    public int Waiting
    {
        get
        {
            lock (_lock) return _waiting.Count;
        }
    }

    /// <summary>True: a place is held until <see cref="Leave"/>. False: too many wait.</summary>
    /// <param name="client">Whose turn it counts as; null is somebody else each time.</param>
    /// <exception cref="OperationCanceledException">Before its turn came.</exception>
    public ValueTask<bool> EnterAsync(ClientNetwork? client, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var limit = places();
            if (_waiting.Count == 0 && _inside < limit)
            {
                _inside++;
                return ValueTask.FromResult(true);
            }

            if (_waiting.Count >= (long)limit * waitingPerPlace)
            {
                if (_waiting.Displace(client) is not { } displaced) return ValueTask.FromResult(false);
                displaced.End(admitted: false);
            }

            var waiter = new Waiter(this, cancellationToken);
            waiter.Place = _waiting.Add(client, waiter);
            // Last: where it is cancelled already, this gives up at once.
            waiter.WatchCancellation();
            return new ValueTask<bool>(waiter.Task);
        }
    }

    public void Leave()
    {
        lock (_lock)
        {
            _inside--;
            var limit = places();
            while (_inside < limit && _waiting.TakeNext() is { } next)
            {
                _inside++;
                next.End(admitted: true);
            }
        }
    }

    void GiveUp(Waiter waiter)
    {
        lock (_lock)
        {
            // Who has just been given a place keeps it, and finds out by its own token.
            if (!_waiting.Remove(waiter.Place)) return;
        }

        waiter.Cancel();
    }

    sealed class Waiter(HandshakeQueue queue, CancellationToken cancellation)
        : TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously), IThreadPoolWorkItem
    {
        CancellationTokenRegistration _watching;
        bool _admitted;

        public FairQueue<Waiter>.Place Place { get; set; }

        public void WatchCancellation() => _watching = cancellation.UnsafeRegister(static waiter => ((Waiter)waiter!).GiveUp(), this);

        public void End(bool admitted)
        {
            _admitted = admitted;
            _watching.Unregister();
            // Behind the work that is there already. In front of it, as a task's own continuations would be, the hellos of a storm all came before
            // the first answer to one, so that everybody was up only when everybody was.
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }

        public void Cancel() => ThreadPool.UnsafeQueueUserWorkItem(static waiter => waiter.TrySetCanceled(waiter.Cancellation), this, preferLocal: false);

        CancellationToken Cancellation => cancellation;

        void GiveUp() => queue.GiveUp(this);

        void IThreadPoolWorkItem.Execute() => TrySetResult(_admitted);
    }
}
