using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;

namespace ImGateway.Edge.Certificates.Issuance;

static class IssuanceRegistration
{
    public static IServiceCollection AddIssuance(this IServiceCollection services, EdgeOptions options)
    {
        // 1. The configured CA with its remaining limits.
        services.AddSingleton<AcmeMetrics>().AddSingleton<IssuingCaFactory>().AddSingleton<CreateIssuingCa>(provider => provider.GetRequiredService<IssuingCaFactory>().Of);
        services.AddSingleton(provider => new Reloadable<IssuingCa>(provider.GetRequiredService<CreateIssuingCa>()(options)));

        // 2. When hosts are renewed, and one renewal from the order to the installation.
        services.AddSingleton<SharedRandom>().AddSingleton<RenewalStates>().AddSingleton<RenewalProgress>().AddSingleton<RenewalRun>().AddSingleton<AcmeRenewals>();

        // 3. Revocation.
        return services.AddSingleton<PendingRevocations>().AddSingleton<Revocations>().AddSingleton<AcmeMaintenance>();
    }
}
