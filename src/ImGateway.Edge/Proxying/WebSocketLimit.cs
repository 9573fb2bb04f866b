using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Proxying;

/// <summary>Counts the WebSockets that are open or asked for, so that many asked for at once cannot pass the limit together.</summary>
sealed class WebSocketLimit(CurrentOptions current)
{
    int _count;

    /// <summary>False: as many as allowed are there. Otherwise <see cref="Leave"/> ends it.</summary>
    public bool TryEnter()
    {
        var limit = current.Value.Limits.WebSockets;
        if (Interlocked.Increment(ref _count) <= limit || limit == 0) return true;
        Leave();
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref _count);
}
