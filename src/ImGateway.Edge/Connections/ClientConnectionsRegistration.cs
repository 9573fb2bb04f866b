using ImGateway.Edge.Connections.Limits;
using ImGateway.Edge.Connections.Listening;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ImGateway.Edge.Connections;

static class ClientConnectionsRegistration
{
    public static IServiceCollection AddClientConnections(this IServiceCollection services) => services
        .AddSingleton<ConnectionEnds>()
        .AddHostedService(provider => provider.GetRequiredService<ConnectionEnds>())
        .AddSingleton<ClientConnections>()
        .AddHostedService<GoneClients>();

    /// <summary>
    /// Lets Kestrel listen on a <see cref="PublicEndPoint"/> and a <see cref="ManagementEndPoint"/>. After the registration of Kestrel, whose own
    /// transports are kept.
    /// </summary>
    public static IWebHostBuilder UsePublicTransport(this IWebHostBuilder host, ListenPlan plan) => host.ConfigureServices(services => services
        .AddSingleton(plan)
        .AddSingleton<ManagementPlaces>()
        .AddSingleton<SocketTransport>()
        .AddSingleton<IConnectionListenerFactory, PublicTransport>()
        .AddHostedService<BudgetWatch>());

    /// <summary>Follows the connections of a listener on a <see cref="PublicEndPoint"/>. Goes before TLS: a handshake is a connection too.</summary>
    public static void UseClientConnections(this ListenOptions listener) =>
        listener.Use(next => connection => ((ClientConnection)connection).ServeAsync(next));

    /// <summary>Follows the requests on those connections, and passes every one on.</summary>
    public static IApplicationBuilder UseClientConnections(this IApplicationBuilder app) => app.Use(next => context =>
        context.Features.Get<ClientConnection>() is { } connection ? connection.ServeAsync(context, next) : next(context));
}
