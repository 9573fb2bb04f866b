namespace ImGateway.Edge.Connections;

/// <summary>Lets go of connections that the server does not end although their clients have gone (<see cref="ClientConnection.WaitAsync"/>).</summary>
sealed partial class GoneClients(ClientConnections connections, TimeProvider time, ILogger<GoneClients> logger) : BackgroundService
{
    public static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);

    /// <summary>Kestrel itself takes up to five seconds over streams that were reset.</summary>
    public const int Looks = 3;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (connections.LetGoOfGone(Looks) is > 0 and var gone) LetGo(gone);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Let go of {Connections} HTTP/2 connections that had not ended although their clients had gone")]
    partial void LetGo(int connections);
}
