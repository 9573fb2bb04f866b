namespace ImGateway.Edge.Operations.Memory;

/// <summary>Tells when a crowd has gone: half of the most there were, and for a while hardly anybody more.</summary>
sealed class Ebb
{
    /// <summary>Fewer have not used enough to be worth a collection.</summary>
    public const int Crowd = 500;

    /// <summary>
    /// Looks in a row at which hardly anybody had left: a drain is waited for, and what Kestrel keeps of ended HTTP/2 streams for five seconds, so that one
    /// collection takes it all.
    /// </summary>
    public const int CalmLooks = 15;

    int _most, _last, _calm;

    /// <summary>To be called at intervals. True once for each crowd that has gone.</summary>
    public bool Look(int open)
    {
        _calm = _last - open <= _most / 100 ? _calm + 1 : 0;
        _last = open;
        _most = Math.Max(_most, open);
        if (_most - open < Crowd || open > _most / 2 || _calm < CalmLooks) return false;
        _most = open;
        return true;
    }
}
