using System.Net;

namespace ImGateway.Edge.Connections.Limits;

/// <summary>One line per reason and minute, with a count.</summary>
sealed partial class RefusalLog(ILogger<RefusalLog> logger, TimeProvider time)
{
    readonly LogThrottle[] _throttles = [.. Enum.GetValues<ConnectionRefusal>().Select(_ => new LogThrottle(time, TimeSpan.FromMinutes(1)))];

    public void OnRefused(ConnectionRefusal refusal, EndPoint? client, string detail)
    {
        if (_throttles[(int)refusal].IsDue(out var suppressed)) Refused(logger, refusal.Label(), client, detail, suppressed);
    }

    [LoggerMessage(1, LogLevel.Warning, "Connection refused: {Reason}, client {Client}: {Detail}; {Unlogged} more of this kind in the minute before")]
    static partial void Refused(ILogger logger, string reason, EndPoint? client, string detail, int unlogged);
}
