using Yarp.ReverseProxy.Model;

namespace ImGateway.Edge.Proxying.Upstream;

/// <summary>The failed attempts of a request that is retried. Set as a feature only on retried requests.</summary>
sealed class FailedAttempts
{
    readonly List<DestinationState> _failed = [];

    /// <summary>How often the connection was lost after the request had been sent.</summary>
    public int LostConnections { get; set; }

    public void Add(DestinationState? destination)
    {
        if (destination is not null) _failed.Add(destination);
    }

    public void Clear() => _failed.Clear();

    public bool HasUntried(IReadOnlyList<DestinationState> destinations)
    {
        for (var i = 0; i < destinations.Count; i++)
        {
            if (!_failed.Contains(destinations[i])) return true;
        }

        return false;
    }

    public IReadOnlyList<DestinationState> Exclude(IReadOnlyList<DestinationState> destinations) =>
        _failed.Count == 0 ? destinations : [.. destinations.Where(destination => !_failed.Contains(destination))];
}
