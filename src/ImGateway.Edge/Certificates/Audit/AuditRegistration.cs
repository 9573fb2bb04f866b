using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Audit;

static class AuditRegistration
{
    public static IServiceCollection AddAudit(this IServiceCollection services, EdgeOptions options) => services
        .AddSingleton(provider => new AuditLog(
            AuditLog.PathIn(options),
            provider.GetRequiredService<ILoggerFactory>().CreateLogger(AuditLog.Category),
            () => provider.GetRequiredService<CurrentOptions>().Value.Audit))
        .AddSingleton<CertificateAudit>();
}
