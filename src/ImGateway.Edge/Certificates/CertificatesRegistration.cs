using System.Security.Cryptography;
using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Challenges;
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
        services.TryAddSingleton(new CurrentOptions(options));
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<CertificateMetrics>();
        services.AddSingleton(provider => new CertificateAudit(
            new AuditLog(AuditLog.PathIn(options), provider.GetRequiredService<ILoggerFactory>().CreateLogger(AuditLog.Category)),
            options,
            provider.GetRequiredService<TimeProvider>()));
        services.AddIssuance(options);
        services.AddSingleton<CertificateManager>();
        services.AddHostedService(provider => provider.GetRequiredService<CertificateManager>());
        services.AddSingleton<OcspStates>();
        services.AddHostedService<OcspStapler>();
        return services;
    }

    static void AddIssuance(this IServiceCollection services, EdgeOptions options)
    {
        services.TryAddSingleton(_ => NewRandom());
        services.AddSingleton<AcmeMetrics>();
        services.AddSingleton<AcmeConnection>();
        services.AddSingleton<AcmeAccounts>();
        services.AddSingleton(provider => new Proofs(
            provider.GetService<IReadOnlyList<IChallengeResponder>>() ?? [], provider.GetRequiredService<ILogger<CertificateManager>>()));
        services.AddSingleton<CertificateIssuer>();
        services.AddSingleton(provider => new IssuanceBudget(
            AcmePaths.Limits(options), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<AcmeMetrics>().Remaining));
        services.AddSingleton(provider =>
        {
            var issuer = provider.GetRequiredService<CertificateIssuer>();
            return new CertificateAuthority(issuer.IssueAsync, issuer.AskRenewalInfoAsync, issuer.RevokeAsync);
        });
    }

    /// <summary>Seeded from the system's randomness; nothing secret depends on it.</summary>
    internal static Random NewRandom() => new(RandomNumberGenerator.GetInt32(int.MaxValue));
}
