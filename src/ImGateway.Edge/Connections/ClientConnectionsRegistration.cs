using ImGateway.Edge.Connections.Limits;
using ImGateway.Edge.Connections.Listening;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ImGateway.Edge.Connections;

static class ClientConnectionsRegistration
{
    public static IServiceCollection AddClientConnections(this IServiceCollection services) => services
        .AddSingleton<SlowCloseMonitor>()
        .AddHostedService(provider => provider.GetRequiredService<SlowCloseMonitor>())
        .AddSingleton<ClientConnections>()
        .AddHostedService<DisconnectedClients>();

    /// <summary>
    /// Lets Kestrel listen on a <see cref="PublicEndPoint"/> and a <see cref="ManagementEndPoint"/>. Must be called after Kestrel's registration; Kestrel's
    /// own transports remain registered.
    /// </summary>
    public static IWebHostBuilder UsePublicTransport(this IWebHostBuilder host, ListenPlan plan) => host.ConfigureServices(services => services
        .AddSingleton(plan)
        .AddSingleton<ManagementConnectionLimit>()
        .AddSingleton<SocketTransport>()
        .AddSingleton<IConnectionListenerFactory, ListenerTransportFactory>()
        .AddHostedService<ConnectionBudgetMonitor>());

    /// <summary>Tracks the connections of a listener on a <see cref="PublicEndPoint"/>. Must come before TLS, so that connections in their handshake are tracked too.</summary>
    public static void UseClientConnections(this ListenOptions listener) =>
        listener.Use(next => connection => ((ClientConnection)connection).ServeAsync(next));

    /// <summary>Tracks the requests on these connections.</summary>
    public static IApplicationBuilder UseClientConnections(this IApplicationBuilder app) => app.Use(next => context =>
        context.Features.Get<ClientConnection>() is { } connection ? connection.ServeAsync(context, next) : next(context));
}
