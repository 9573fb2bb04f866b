namespace ImGateway.Edge.WebSockets;

/// <summary>The side of a WebSocket that failed, and the failed operation.</summary>
enum RelayFault
{
    None,
    ClientRead,
    ClientWrite,
    UpstreamRead,
    UpstreamWrite,

    /// <summary>No side failed; the idle time-out ended the socket.</summary>
    IdleTimeout,
}

/// <summary>How one WebSocket ended.</summary>
/// <param name="By">Who ended it.</param>
/// <param name="IsGraceful">Whether the client's side is closed gracefully or aborted.</param>
/// <param name="Fault">The failure, if any.</param>
/// <param name="Exception">The exception of the failure.</param>
sealed record RelayOutcome(ClosedBy By, bool IsGraceful, RelayFault Fault = RelayFault.None, Exception? Exception = null);
