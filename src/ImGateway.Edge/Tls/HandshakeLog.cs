using System.Net;
using ImGateway.Edge.Connections.Limits;

namespace ImGateway.Edge.Tls;

/// <summary>Logs one line with a count for each kind of failure and minute.</summary>
sealed partial class HandshakeLog(ILogger<HandshakeLog> logger, TimeProvider time)
{
    readonly LogThrottle[] _throttles = [.. Enum.GetValues<HandshakeFailure>().Select(_ => new LogThrottle(time, TimeSpan.FromMinutes(1)))];

    public void OnFailed(HandshakeFailure failure, EndPoint? client, string? detail)
    {
        if (_throttles[(int)failure].IsDue(out var suppressed)) Failed(logger, failure.Label(), client, detail, suppressed);
    }

    [LoggerMessage(1, LogLevel.Information, "TLS handshake failed: {Reason}, client {Client}: {Detail}; {Unlogged} more of this kind in the minute before")]
    static partial void Failed(ILogger logger, string reason, EndPoint? client, string? detail, int unlogged);
}
