namespace ImGateway.Edge.Connections;

/// <summary>Connections of the management port: a fixed number of its own, so that it answers however many clients there are, and takes nothing from them.</summary>
sealed class ManagementPlaces
{
    public const int Most = 32;

    int _open;

    public bool TryAccept()
    {
        if (Interlocked.Increment(ref _open) <= Most) return true;
        Interlocked.Decrement(ref _open);
        return false;
    }

    public void OnClosed() => Interlocked.Decrement(ref _open);
}
