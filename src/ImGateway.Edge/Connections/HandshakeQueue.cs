namespace ImGateway.Edge.Connections;

/// <summary>
/// Places for those who compute a handshake. Who finds none waits behind those who came before; who finds too many waiting is refused, so that
/// in a reconnect storm clients back off at once instead of being timed out after the work was done.
/// </summary>
/// <param name="places">How many at the same time; asked anew each time.</param>
/// <param name="waitingPerPlace">How many may wait for each of them.</param>
sealed class HandshakeQueue(Func<int> places, int waitingPerPlace)
{
    readonly Lock _lock = new();
    readonly LinkedList<Waiter> _waiting = [];
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
    /// <exception cref="OperationCanceledException">Before its turn came.</exception>
    public ValueTask<bool> EnterAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var limit = places();
            if (_waiting.Count == 0 && _inside < limit)
            {
                _inside++;
                return ValueTask.FromResult(true);
            }

            if (_waiting.Count >= (long)limit * waitingPerPlace) return ValueTask.FromResult(false);
            var waiter = new Waiter(this, cancellationToken);
            _waiting.AddLast(waiter.Node);
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
            while (_inside < limit && _waiting.First is { } next)
            {
                _waiting.Remove(next);
                _inside++;
                next.Value.Admit();
            }
        }
    }

    void GiveUp(Waiter waiter)
    {
        lock (_lock)
        {
            // Who has just been given a place keeps it, and finds out by its own token.
            if (waiter.Node.List is null) return;
            _waiting.Remove(waiter.Node);
        }

        waiter.Cancel();
    }

    sealed class Waiter : TaskCompletionSource<bool>, IThreadPoolWorkItem
    {
        readonly HandshakeQueue _queue;
        readonly CancellationToken _cancellation;
        CancellationTokenRegistration _watching;

        public Waiter(HandshakeQueue queue, CancellationToken cancellation) : base(TaskCreationOptions.RunContinuationsAsynchronously)
        {
            (_queue, _cancellation) = (queue, cancellation);
            Node = new LinkedListNode<Waiter>(this);
        }

        public LinkedListNode<Waiter> Node { get; }

        public void WatchCancellation() =>
            _watching = _cancellation.UnsafeRegister(static waiter => ((Waiter)waiter!)._queue.GiveUp((Waiter)waiter), this);

        public void Admit()
        {
            _watching.Unregister();
            // Behind the work that is there already. In front of it, as a task's own continuations would be, the hellos of a storm all came before
            // the first answer to one, so that everybody was up only when everybody was.
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }

        public void Cancel() => ThreadPool.UnsafeQueueUserWorkItem(static waiter => waiter.TrySetCanceled(waiter._cancellation), this, preferLocal: false);

        void IThreadPoolWorkItem.Execute() => TrySetResult(true);
    }
}
