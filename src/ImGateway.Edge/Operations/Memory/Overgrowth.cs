namespace ImGateway.Edge.Operations.Memory;

/// <summary>Detects a heap that has outgrown its size after the last full collection, without another full collection since.</summary>
sealed class Overgrowth
{
    /// <summary>Growth in bytes that is always allowed: the youngest generation of a small heap alone takes as much.</summary>
    public const long Slack = 32 << 20;

    /// <summary>The number of checks without a full collection before one is requested.</summary>
    public const int Patience = 30;

    long _afterCollection;
    int _collections = -1, _checks;

    /// <summary>Called at intervals. True if a collection is due.</summary>
    /// <param name="heap">Bytes in use, including garbage.</param>
    /// <param name="collections">The number of full collections so far.</param>
    public bool Look(long heap, int collections)
    {
        if (collections != _collections)
        {
            (_afterCollection, _collections, _checks) = (heap, collections, 0);
            return false;
        }

        return ++_checks >= Patience && heap > _afterCollection + _afterCollection / 2 + Slack;
    }
}
