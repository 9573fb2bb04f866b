using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Stapling;

static class StaplingRegistration
{
    public static IServiceCollection AddStapling(this IServiceCollection services) => services
        .AddSingleton<OcspStates>()
        .AddSingleton(provider => new OcspClient(
            provider.GetRequiredService<TimeProvider>(), proxy: new OutgoingProxy(() => provider.GetRequiredService<CurrentOptions>().Value)))
        .AddSingleton<OcspSchedule>()
        .AddSingleton<OcspStapler>()
        .AddHostedService(provider => provider.GetRequiredService<OcspStapler>());
}
