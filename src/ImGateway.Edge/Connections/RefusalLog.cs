using System.Net;

namespace ImGateway.Edge.Connections;

/// <summary>One line per reason and minute, with a count: the log stays readable under attack.</summary>
sealed partial class RefusalLog(ILogger<RefusalLog> logger, TimeProvider time)
{
    static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    readonly Lock _lock = new();
    readonly (long Since, int Unlogged)[] _reasons = new (long, int)[Enum.GetValues<ConnectionRefusal>().Length];

    public void OnRefused(ConnectionRefusal refusal, EndPoint? client, string detail)
    {
        int unlogged;
        lock (_lock)
        {
            ref var seen = ref _reasons[(int)refusal];
            if (seen.Since != 0 && time.GetElapsedTime(seen.Since) < Interval)
            {
                seen.Unlogged++;
                return;
            }

            unlogged = seen.Unlogged;
            seen = (time.GetTimestamp(), 0);
        }

        Refused(logger, refusal.Label(), client, detail, unlogged);
    }

    [LoggerMessage(1, LogLevel.Warning, "Connection refused: {Reason}, client {Client}: {Detail}; {Unlogged} more of this kind in the minute before")]
    static partial void Refused(ILogger logger, string reason, EndPoint? client, string detail, int unlogged);
}
