namespace ImGateway.DirectTls.Loops;

/// <summary>The handlers of one loop. Slot 0 is never assigned. Thread-safe: connections are closed by other threads too.</summary>
sealed class HandlerTable
{
    readonly Lock _lock = new();
    readonly Stack<int> _free = new();
    Entry[] _entries = new Entry[64];
    int _used = 1;

    /// <summary>The number of handlers.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _used - 1 - _free.Count;
        }
    }

    public Registration Add(IReadinessHandler handler)
    {
        lock (_lock)
        {
            if (!_free.TryPop(out var slot))
            {
                slot = _used++;
                if (slot == _entries.Length) Array.Resize(ref _entries, slot * 2);
            }

            ref var entry = ref _entries[slot];
            entry.Handler = handler;
            return new Registration(slot, entry.Generation);
        }
    }

    public void Remove(Registration registration)
    {
        lock (_lock)
        {
            ref var entry = ref _entries[registration.Slot];
            if (entry.Generation != registration.Generation) return;
            entry.Handler = null;
            entry.Generation++;
            _free.Push(registration.Slot);
        }
    }

    /// <summary>Null for an event that was fetched before its handler was removed.</summary>
    public IReadinessHandler? Find(Registration registration)
    {
        lock (_lock)
        {
            ref var entry = ref _entries[registration.Slot];
            return entry.Generation == registration.Generation ? entry.Handler : null;
        }
    }

    struct Entry
    {
        public IReadinessHandler? Handler;
        public uint Generation;
    }
}
