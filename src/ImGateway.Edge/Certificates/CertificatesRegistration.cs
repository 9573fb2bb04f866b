using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Certificates.SelfSigned;
using ImGateway.Edge.Certificates.Served;
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
    /// Requires the services of Tls (selector, self-test) and Challenges, <see cref="CurrentOptions"/>, <see cref="TimeProvider"/>, <see cref="Random"/> and
    /// a Prometheus <c>IMetricFactory</c>. Starts before the listeners, so that no listener opens without its certificates.
    /// </summary>
    public static IServiceCollection AddCertificates(this IServiceCollection services, EdgeOptions options)
    {
        // 1. Shared by the whole flow: options, lock, clock, metrics, audit log.
        services.AddSingleton(new CurrentCertificateOptions(options)).AddSingleton<AsyncLock>().AddSingleton<ScheduleClock>();
        services.AddSingleton<CertificateMetrics>().AddAudit();

        // 2. The store and what is served: every change goes through the installer.
        services.AddStorage().AddSingleton<CertificateStore>().AddSingleton<StoreWriter>();
        services.AddSingleton<RevokedCertificates>().AddSingleton<StoredRenewals>().AddSingleton<StoredStaples>();
        services.AddSingleton<HandshakeTest>(provider => provider.GetRequiredService<CertificateSelfTest>().TestAsync);
        services.AddSingleton<CertificateInstaller>();

        // 3. The sources: files, the development CA, a CA.
        services.AddSingleton<CreateFilesSource>(provider => next => ActivatorUtilities.CreateInstance<FilesSource>(provider, next));
        services.AddSingleton(provider => new Reloadable<FilesSource>(provider.GetRequiredService<CreateFilesSource>()(options)));
        services.AddSingleton<RefusedFiles>().AddSingleton<CertificateFileReload>();
        services.AddSingleton<SelfSignedSource>().AddSingleton<SelfSignedRenewals>();
        services.AddIssuance(options);

        // 4. What replaces certificates: start, takeover from another process, reload, operators, the loop.
        services.AddSingleton<CertificateLoader>().AddSingleton<StoreTakeover>().AddSingleton<CertificateReconfiguration>();
        services.AddSingleton<OperatorInstalls>().AddSingleton<OperatorRenewals>();
        services.AddSingleton<SharedCertificates>();
        services.AddSingleton<CertificateManager>().AddHostedService(provider => provider.GetRequiredService<CertificateManager>());
        services.AddHostedService(provider => provider.GetRequiredService<SharedCertificates>());

        // 5. Consumers: alerts, session ticket keys, the operator's program, OCSP stapling, the status page.
        services.AddSingleton<ExpiryAlerts>().AddSingleton<TicketKeyRotation>().AddSingleton<OnChangeHook>();
        services.AddStapling();
        return services.AddSingleton<CertificateOverview>();
    }
}
