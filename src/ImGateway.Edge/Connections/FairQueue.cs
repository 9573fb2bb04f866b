namespace ImGateway.Edge.Connections;

/// <summary>
/// Clients take turns, one entry at a time (RFC 970): what one of them has put in by the hundred does not stand before what others put in one by
/// one. A client's own entries keep their order, and where nobody has two, all are in the order of arrival. For one thread at a time.
/// </summary>
sealed class FairQueue<T> where T : class
{
    const int Looks = 32;

    readonly LinkedList<Line> _turns = [];
    readonly Dictionary<ClientNetwork, Line> _lines = [];

    public int Count { get; private set; }

    /// <param name="client">Null has a turn of its own for each entry: nobody knows how many it speaks for.</param>
    public Place Add(ClientNetwork? client, T entry)
    {
        Count++;
        if (client is not { } key || !_lines.TryGetValue(key, out var line))
        {
            line = new Line(client);
            _turns.AddLast(line.Turn);
            if (client is { } unknown) _lines.Add(unknown, line);
        }

        return new Place(line, line.Entries.AddLast(entry));
    }

    /// <summary>Null if there is none.</summary>
    public T? TakeNext()
    {
        if (_turns.First is not { Value: var line }) return null;
        var next = line.Entries.First!;
        Remove(new Place(line, next));
        if (line.Entries.Count > 0)
        {
            _turns.RemoveFirst();
            _turns.AddLast(line.Turn);
        }

        return next.Value;
    }

    /// <summary>False if it has been taken.</summary>
    public bool Remove(Place place)
    {
        var (line, entry) = place;
        if (entry.List is null) return false;
        line.Entries.Remove(entry);
        Count--;
        if (line.Entries.Count > 0) return true;
        _turns.Remove(line.Turn);
        if (line.Client is { } key) _lines.Remove(key);
        return true;
    }

    /// <summary>
    /// Takes out the newest entry of a client that has more of them than <paramref name="newcomer"/> will have; null if no such client is found.
    /// Only a few are looked at: in a crowd where each has one or two there is nothing to find, and everybody who comes in vain would pay for it.
    /// </summary>
    public T? Displace(ClientNetwork? newcomer)
    {
        Line? longest = null;
        var turn = _turns.Last;
        for (var i = 0; i < Looks && turn is not null; i++, turn = turn.Previous)
        {
            if (turn.Value.Entries.Count > (longest?.Entries.Count ?? 0)) longest = turn.Value;
        }

        var own = newcomer is { } key && _lines.TryGetValue(key, out var line) ? line.Entries.Count : 0;
        if (longest is null || longest.Entries.Count <= own + 1) return null;
        var newest = longest.Entries.Last!;
        Remove(new Place(longest, newest));
        return newest.Value;
    }

    /// <summary>Where an entry waits.</summary>
    public readonly record struct Place(Line Line, LinkedListNode<T> Entry);

    /// <summary>A client's entries.</summary>
    public sealed class Line
    {
        public Line(ClientNetwork? client)
        {
            Client = client;
            Turn = new LinkedListNode<Line>(this);
        }

        public ClientNetwork? Client { get; }

        public LinkedList<T> Entries { get; } = [];

        public LinkedListNode<Line> Turn { get; }
    }
}
