using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.Audit;

static class AuditRegistration
{
    public static IServiceCollection AddAudit(this IServiceCollection services) => services
        .AddSingleton(provider => new AuditLog(
            provider.GetRequiredService<IStorage>(),
            provider.GetRequiredService<ILoggerFactory>().CreateLogger(AuditLog.Category),
            () => provider.GetRequiredService<CurrentOptions>().Value.Audit))
        .AddSingleton<CertificateAudit>();
}
