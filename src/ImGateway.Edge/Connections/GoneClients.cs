using ImGateway.Edge.Scheduling;

namespace ImGateway.Edge.Connections;

/// <summary>Releases connections that Kestrel does not end although the client has disconnected (<see cref="ClientConnection.EndsWithClient"/>).</summary>
sealed partial class GoneClients(ClientConnections connections, TimeProvider time, ILogger<GoneClients> logger) : BackgroundService
{
    public static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);

    /// <summary>Kestrel itself needs up to five seconds for streams that were reset.</summary>
    public const int Looks = 3;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Rounds.RunAsync(LookEvery, time, Look, LookFailed, stoppingToken);

    void Look()
    {
        if (connections.ReleaseGone(Looks) is > 0 and var gone) Released(gone);
    }

    [LoggerMessage(1, LogLevel.Information, "Released {Connections} HTTP/2 connections that had not ended although their clients had gone")]
    partial void Released(int connections);

    [LoggerMessage(2, LogLevel.Error, "A check for clients that have gone failed; the next is in some seconds")]
    partial void LookFailed(Exception exception);
}
