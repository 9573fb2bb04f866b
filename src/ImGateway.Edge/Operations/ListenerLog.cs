using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Connections.Listening;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace ImGateway.Edge.Operations;

/// <summary>Logs each listener once it accepts connections, with the actual port if port 0 was configured.</summary>
sealed partial class ListenerLog(ListenPlan plan, IServer server, IHostApplicationLifetime lifetime, ILogger<ListenerLog> logger) : IHostedLifecycleService
{
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        // The addresses are in the order in which the listeners were bound.
        var addresses = server.Features.Get<IServerAddressesFeature>()!.Addresses.Select(BindingAddress.Parse);
        var kinds = plan.Https.Select(_ => ListenerKind.Https)
            .Concat(plan.Http.Select(_ => ListenerKind.Http))
            .Concat(plan.Management.Select(_ => ListenerKind.Management));
        foreach (var (kind, address) in kinds.Zip(addresses)) Listening(kind, $"{address.Host}:{address.Port}");
        foreach (var skipped in plan.Skipped) Skipped(skipped.Key, skipped.Address);
        lifetime.ApplicationStopping.UnsafeRegister(static log => ((ListenerLog)log!).Stopping(), this);
        return Task.CompletedTask;
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(1, LogLevel.Information, "Listening {Kind} {Address}")]
    partial void Listening(ListenerKind kind, string address);

    [LoggerMessage(3, LogLevel.Information, "{Key}: the default {Missing} is no address of this machine and is skipped")]
    partial void Skipped(string key, ListenAddress missing);

    [LoggerMessage(2, LogLevel.Information, "Stopping")]
    partial void Stopping();
}
