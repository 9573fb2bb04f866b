namespace ImGateway.Edge.WebSockets;

/// <summary>The side of a WebSocket that failed, and what it failed at.</summary>
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
/// <param name="InOrder">Whether the client's side is to be ended as if there were no more to say, or cut.</param>
/// <param name="Fault">What failed, if something did.</param>
/// <param name="Exception">The exception of that failure.</param>
sealed record RelayEnd(ClosedBy By, bool InOrder, RelayFault Fault = RelayFault.None, Exception? Exception = null);
