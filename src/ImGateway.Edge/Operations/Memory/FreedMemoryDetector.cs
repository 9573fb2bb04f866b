namespace ImGateway.Edge.Operations.Memory;

/// <summary>Detects that so much less native memory is in use than at the peak that returning the rest to the system is worth it.</summary>
sealed class FreedMemoryDetector
{
    /// <summary>The minimum in bytes: about what two thousand connections use for their handshakes.</summary>
    public const long MinBytes = 64 << 20;

    long _most;

    /// <summary>Called at intervals. True once for each fall.</summary>
    public bool HasFallen(long inUse)
    {
        _most = Math.Max(_most, inUse);
        if (_most - inUse < MinBytes) return false;
        _most = inUse;
        return true;
    }
}
