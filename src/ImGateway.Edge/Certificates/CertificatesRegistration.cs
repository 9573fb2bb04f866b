using System.Security.Cryptography;
using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Certificates.Stapling;
using ImGateway.Edge.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace ImGateway.Edge.Certificates;

public static class CertificatesRegistration
{
    /// <summary>
    /// Needs the selector and the self-probe of Tls and a Prometheus <c>IMetricFactory</c>. Starts before the listeners, so that none
    /// opens without its certificates.
    /// </summary>
    public static IServiceCollection AddCertificates(this IServiceCollection services, EdgeOptions options)
    {
        services.TryAddSingleton(new CurrentOptions(options));
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<CertificateMetrics>();
        services.AddSingleton(provider => new CertificateAudit(
            new AuditLog(
                AuditLog.PathIn(options),
                provider.GetRequiredService<ILoggerFactory>().CreateLogger(AuditLog.Category),
                () => provider.GetRequiredService<CurrentOptions>().Value.Audit),
            provider.GetRequiredService<CurrentOptions>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddIssuance();
        services.AddSingleton<CertificateManager>();
        services.AddHostedService(provider => provider.GetRequiredService<CertificateManager>());
        services.AddSingleton<OcspStates>();
        services.AddHostedService<OcspStapler>();
        return services;
    }

    static void AddIssuance(this IServiceCollection services)
    {
        services.TryAddSingleton(_ => NewRandom());
        services.AddSingleton<AcmeMetrics>();
        services.AddSingleton<IssuingCas>();
    }

    /// <summary>Seeded from the system's randomness; nothing secret depends on it.</summary>
    internal static Random NewRandom() => new(RandomNumberGenerator.GetInt32(int.MaxValue));
}
