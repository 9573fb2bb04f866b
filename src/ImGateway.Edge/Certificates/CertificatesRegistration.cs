using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Certificates.SelfSigned;
using ImGateway.Edge.Certificates.Stapling;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;
using ImGateway.Edge.Storage;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates;

static class CertificatesRegistration
{
    /// <summary>
    /// Needs the selector and the self-probe of Tls, what answers challenges, <see cref="CurrentOptions"/>, time, randomness and a Prometheus
    /// <c>IMetricFactory</c>. Starts before the listeners, so that none opens without its certificates.
    /// </summary>
    public static IServiceCollection AddCertificates(this IServiceCollection services, EdgeOptions options)
    {
        // 1. What the whole flow goes by: its options, its lock, its clock, its metrics and its audit log.
        services.AddSingleton(new CertificateConfiguration(options)).AddSingleton<Turn>().AddSingleton<ScheduleClock>();
        services.AddSingleton<CertificateMetrics>().AddAudit();

        // 2. What is stored and served: every change goes through the installer.
        services.AddStorage().AddSingleton<RevokedCertificates>().AddSingleton<CertificateStore>();
        services.AddSingleton<CertificateProbe>(provider => provider.GetRequiredService<CertificateProof>().ProveAsync);
        services.AddSingleton<CertificateInstaller>();

        // 3. Where certificates come from: files, the development CA, a CA.
        services.AddSingleton<FilesSources>().AddSingleton(provider => new Current<FilesSource>(provider.GetRequiredService<FilesSources>().Of(options)));
        services.AddSingleton<RefusedFiles>().AddSingleton<FileChanges>();
        services.AddSingleton<SelfSignedSource>().AddSingleton<SelfSignedRenewals>();
        services.AddIssuance(options);

        // 4. What replaces them: a start, the end of the edge before, a reload, an operator, and the loop.
        services.AddSingleton<CertificateStart>().AddSingleton<StoreTakeover>().AddSingleton<CertificateReload>();
        services.AddSingleton<ManualInstalls>().AddSingleton<ManualRenewals>();
        services.AddSingleton<SharedCertificates>();
        services.AddSingleton<CertificateManager>().AddHostedService(provider => provider.GetRequiredService<CertificateManager>());
        services.AddHostedService(provider => provider.GetRequiredService<SharedCertificates>());

        // 5. What follows from it: alerts, the operator's program, stapled responses, the status.
        services.AddSingleton<ExpiryAlerts>().AddSingleton<ChangeProgram>();
        services.AddStapling();
        return services.AddSingleton<CertificateOverview>();
    }
}
