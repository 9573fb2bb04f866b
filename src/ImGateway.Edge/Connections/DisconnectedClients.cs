using ImGateway.Edge.Scheduling;

namespace ImGateway.Edge.Connections;

/// <summary>Releases connections that Kestrel does not end although the client has disconnected (<see cref="ClientConnection.ReleaseAfterDisconnect"/>).</summary>
sealed partial class DisconnectedClients(ClientConnections connections, TimeProvider time, ILogger<DisconnectedClients> logger) : BackgroundService
{
    public static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(5);

    /// <summary>Kestrel itself needs up to five seconds for streams that were reset.</summary>
    public const int ChecksBeforeRelease = 3;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => PeriodicTask.RunAsync(CheckInterval, time, Check, CheckFailed, stoppingToken);

    void Check()
    {
        if (connections.ReleaseDisconnected(ChecksBeforeRelease) is > 0 and var released) Released(released);
    }

    [LoggerMessage(1, LogLevel.Information, "Released {Connections} HTTP/2 connections that had not ended although their clients had disconnected")]
    partial void Released(int connections);

    [LoggerMessage(2, LogLevel.Error, "A check for disconnected clients failed; the next is in some seconds")]
    partial void CheckFailed(Exception exception);
}
