using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections.Limits;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ImGateway.Edge.Connections;

static class ConnectionsRegistration
{
    public static IServiceCollection AddConnections(this IServiceCollection services, EdgeOptions options) => services
        .AddSingleton(options.Tls)
        .AddSingleton<RefusalMetrics>()
        .AddSingleton<RefusalLog>()
        .AddSingleton<ConnectionLimits>()
        .AddSingleton<ConnectionBudget>()
        .AddSingleton<ILimitSource>(provider => provider.GetRequiredService<ConnectionBudget>())
        .AddSingleton<ConnectionGate>()
        .AddSingleton<PlaintextMiddleware>();

    /// <summary>Adds admission to a public listener without TLS; with TLS, the TLS middleware admits connections.</summary>
    public static void UseConnectionGate(this ListenOptions listener) =>
        listener.Use(listener.ApplicationServices.GetRequiredService<PlaintextMiddleware>().Use);
}
