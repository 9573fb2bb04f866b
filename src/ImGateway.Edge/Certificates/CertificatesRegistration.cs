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
        services.TryAddSingleton(options);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<CertificateMetrics>();
        services.AddSingleton<CertificateManager>();
        services.AddHostedService(provider => provider.GetRequiredService<CertificateManager>());
        services.AddSingleton<OcspStates>();
        services.AddHostedService<OcspStapler>();
        return services;
    }
}
