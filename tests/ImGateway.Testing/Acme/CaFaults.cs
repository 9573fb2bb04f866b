namespace ImGateway.Testing;

/// <summary>Faults in the order in which they were scripted, for each operation.</summary>
sealed class CaFaults
{
    readonly Lock _lock = new();
    readonly Dictionary<CaOperation, Queue<CaFault>> _queues = [];

    public int Count
    {
        get
        {
            lock (_lock) return _queues.Values.Sum(queue => queue.Count);
        }
    }

    public void Add(CaOperation operation, IEnumerable<CaFault> faults)
    {
        lock (_lock)
        {
            if (!_queues.TryGetValue(operation, out var queue)) _queues[operation] = queue = new Queue<CaFault>();
            foreach (var fault in faults)
            {
                if (!fault.Fits(operation)) throw new ArgumentException($"{fault.GetType().Name} has no meaning at {operation}.", nameof(faults));
                queue.Enqueue(fault);
            }
        }
    }

    public CaFault? Take(CaOperation operation)
    {
        lock (_lock) return _queues.TryGetValue(operation, out var queue) && queue.TryDequeue(out var fault) ? fault : null;
    }

    public void Clear()
    {
        lock (_lock) _queues.Clear();
    }
}
