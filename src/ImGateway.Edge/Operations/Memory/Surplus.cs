namespace ImGateway.Edge.Operations.Memory;

/// <summary>Tells when so much less is in use than there was that giving the rest back is worth it.</summary>
sealed class Surplus
{
    /// <summary>Bytes: what some two thousand connections take for their handshakes.</summary>
    public const long Worth = 64 << 20;

    long _most;

    /// <summary>To be called at intervals. True once for each fall.</summary>
    public bool Look(long inUse)
    {
        _most = Math.Max(_most, inUse);
        if (_most - inUse < Worth) return false;
        _most = inUse;
        return true;
    }
}
