namespace ImGateway.Edge.Connections.Limits;

/// <summary>
/// A fair queue (RFC 970): clients are served round-robin, one entry at a time, so that hundreds of entries of one client do not delay those of
/// others. The entries of a client keep their order; if no client has more than one, the order is that of arrival. Not thread-safe.
/// </summary>
sealed class FairQueue<T> where T : class
{
    const int MaxExamined = 32;

    readonly LinkedList<ClientQueue> _order = [];
    readonly Dictionary<ClientNetwork, ClientQueue> _queues = [];

    public int Count { get; private set; }

    /// <param name="client">Null counts as a different client for each entry, for a proxy that carries many clients.</param>
    public Position Add(ClientNetwork? client, T entry)
    {
        Count++;
        if (client is not { } key || !_queues.TryGetValue(key, out var queue))
        {
            queue = new ClientQueue(client);
            _order.AddLast(queue.Node);
            if (client is { } unknown) _queues.Add(unknown, queue);
        }

        return new Position(queue, queue.Entries.AddLast(entry));
    }

    /// <summary>Takes the next entry; null if the queue is empty.</summary>
    public T? TakeNext()
    {
        if (_order.First is not { Value: var queue }) return null;
        var next = queue.Entries.First!;
        Remove(new Position(queue, next));
        if (queue.Entries.Count > 0)
        {
            _order.RemoveFirst();
            _order.AddLast(queue.Node);
        }

        return next.Value;
    }

    /// <summary>Removes an entry. False if it has been taken already.</summary>
    public bool Remove(Position position)
    {
        var (queue, entry) = position;
        if (entry.List is null) return false;
        queue.Entries.Remove(entry);
        Count--;
        if (queue.Entries.Count > 0) return true;
        _order.Remove(queue.Node);
        if (queue.Client is { } key) _queues.Remove(key);
        return true;
    }

    /// <summary>
    /// Removes the newest entry of a client that has more entries than <paramref name="newcomer"/> will have; null if no such client is found.
    /// Examines only a few clients: if each has one or two entries there is nothing to find, and every refused newcomer would pay for the search.
    /// </summary>
    public T? Displace(ClientNetwork? newcomer)
    {
        ClientQueue? longest = null;
        var node = _order.Last;
        for (var i = 0; i < MaxExamined && node is not null; i++, node = node.Previous)
        {
            if (node.Value.Entries.Count > (longest?.Entries.Count ?? 0)) longest = node.Value;
        }

        var own = newcomer is { } key && _queues.TryGetValue(key, out var queue) ? queue.Entries.Count : 0;
        if (longest is null || longest.Entries.Count <= own + 1) return null;
        var newest = longest.Entries.Last!;
        Remove(new Position(longest, newest));
        return newest.Value;
    }

    /// <summary>The position of an entry.</summary>
    public readonly record struct Position(ClientQueue Queue, LinkedListNode<T> Entry);

    /// <summary>The entries of one client.</summary>
    public sealed class ClientQueue
    {
        public ClientQueue(ClientNetwork? client)
        {
            Client = client;
            Node = new LinkedListNode<ClientQueue>(this);
        }

        public ClientNetwork? Client { get; }

        public LinkedList<T> Entries { get; } = [];

        public LinkedListNode<ClientQueue> Node { get; }
    }
}
