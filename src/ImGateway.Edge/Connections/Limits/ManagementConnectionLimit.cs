namespace ImGateway.Edge.Connections.Limits;

/// <summary>Limits the connections of the management port to a fixed number of their own, so that it works however many clients there are.</summary>
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
