using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections.Limits;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ImGateway.Edge.Connections;

static class ConnectionsRegistration
{
    public static IServiceCollection AddConnections(this IServiceCollection services, EdgeOptions options) => services
        .AddSingleton(options.Tls)
        .AddSingleton<RefusedMetrics>()
        .AddSingleton<RefusalLog>()
        .AddSingleton<ConnectionLimits>()
        .AddSingleton<ConnectionBudget>()
        .AddSingleton<ILimitSource>(provider => provider.GetRequiredService<ConnectionBudget>())
        .AddSingleton<ConnectionGate>()
        .AddSingleton<PlainGate>();

    /// <summary>Puts the gate before a public listener without TLS; where there is TLS, its engine has it.</summary>
    public static void UseConnectionGate(this ListenOptions listener) =>
        listener.Use(listener.ApplicationServices.GetRequiredService<PlainGate>().Middleware);

    /// <summary>Buffers that are given back after a crowd. After the registration of Kestrel, whose own pools are left out by it.</summary>
    public static IWebHostBuilder UseBlockPools(this IWebHostBuilder host) =>
        host.ConfigureServices(services => services
            .AddSingleton<BlockPools>()
            .AddSingleton<IMemoryPoolFactory<byte>>(provider => provider.GetRequiredService<BlockPools>()));
}
