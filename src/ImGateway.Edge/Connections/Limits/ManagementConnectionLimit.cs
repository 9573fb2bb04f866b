namespace ImGateway.Edge.Connections.Limits;

/// <summary>A separate, fixed limit for the connections of the management port, so that the port can be reached however many clients are connected.</summary>
sealed class ManagementConnectionLimit
{
    public const int Max = 32;

    int _open;

    public bool TryAccept()
    {
        if (Interlocked.Increment(ref _open) <= Max) return true;
        Interlocked.Decrement(ref _open);
        return false;
    }

    public void OnClosed() => Interlocked.Decrement(ref _open);
}
