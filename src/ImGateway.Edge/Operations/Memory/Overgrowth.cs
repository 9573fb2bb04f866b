namespace ImGateway.Edge.Operations.Memory;

/// <summary>Tells when the heap has outgrown what the last full collection left, and no other has come by itself.</summary>
sealed class Overgrowth
{
    /// <summary>Bytes; a small heap may double in peace: its youngest generation alone takes as much.</summary>
    public const long Slack = 32 << 20;

    /// <summary>Looks without a full collection before one is asked for.</summary>
    public const int Patience = 30;

    long _left;
    int _collections = -1, _looks;

    /// <summary>To be called at intervals.</summary>
    /// <param name="heap">Bytes in use, garbage included.</param>
    /// <param name="collections">Full ones so far.</param>
    public bool Look(long heap, int collections)
    {
        if (collections != _collections)
        {
            (_left, _collections, _looks) = (heap, collections, 0);
            return false;
        }

        return ++_looks >= Patience && heap > _left + _left / 2 + Slack;
    }
}
