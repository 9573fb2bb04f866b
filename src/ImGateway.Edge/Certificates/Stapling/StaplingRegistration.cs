using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Stapling;

static class StaplingRegistration
{
    public static IServiceCollection AddStapling(this IServiceCollection services) => services
        .AddSingleton<OcspStates>()
        .AddSingleton(provider => new OcspClient(
            new OutgoingProxy(() => provider.GetRequiredService<CurrentOptions>().Value), provider.GetRequiredService<TimeProvider>(), OcspClient.DefaultTimeout))
        .AddSingleton<OcspSchedule>()
        .AddSingleton<OcspStapler>()
        .AddHostedService(provider => provider.GetRequiredService<OcspStapler>());
}
