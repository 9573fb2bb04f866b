namespace ImGateway.Edge.Operations.Memory;

/// <summary>Detects the end of a burst of sockets: at most half of the peak is still open, and for a while hardly any more have closed.</summary>
sealed class BurstEndDetector
{
    /// <summary>The smallest burst: fewer sockets have not used enough memory to be worth a collection.</summary>
    public const int Burst = 500;

    /// <summary>
    /// The number of consecutive checks at which hardly any more sockets had closed. It exceeds a drain and the five seconds for which Kestrel keeps ended
    /// HTTP/2 streams, so that one collection frees everything.
    /// </summary>
    public const int CalmChecks = 15;

    int _most, _last, _calm;

    /// <summary>Called at intervals. True once at the end of each burst.</summary>
    public bool HasEnded(int open)
    {
        _calm = _last - open <= _most / 100 ? _calm + 1 : 0;
        _last = open;
        _most = Math.Max(_most, open);
        if (_most - open < Burst || open > _most / 2 || _calm < CalmChecks) return false;
        _most = open;
        return true;
    }
}
