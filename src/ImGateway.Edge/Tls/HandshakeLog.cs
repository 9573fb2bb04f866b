using System.Net;

namespace ImGateway.Edge.Tls;

/// <summary>One line per class of failure and minute, with a count, however many there are: the log stays readable under attack.</summary>
sealed partial class HandshakeLog(ILogger<HandshakeLog> logger, TimeProvider time)
{
    static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    readonly Lock _lock = new();
    readonly (long Since, int Unlogged)[] _classes = new (long, int)[Enum.GetValues<HandshakeFailure>().Length];

    public void OnFailed(HandshakeFailure failure, EndPoint? client, string? detail)
    {
        int unlogged;
        lock (_lock)
        {
            ref var seen = ref _classes[(int)failure];
            if (seen.Since != 0 && time.GetElapsedTime(seen.Since) < Interval)
            {
                seen.Unlogged++;
                return;
            }

            unlogged = seen.Unlogged;
            seen = (time.GetTimestamp(), 0);
        }

        Failed(logger, failure.Label(), client, detail, unlogged);
    }

    [LoggerMessage(1, LogLevel.Information, "TLS handshake failed: {Reason}, client {Client}: {Detail}; {Unlogged} more of this kind in the minute before")]
    static partial void Failed(ILogger logger, string reason, EndPoint? client, string? detail, int unlogged);
}
