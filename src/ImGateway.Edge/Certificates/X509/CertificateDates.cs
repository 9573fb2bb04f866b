using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.X509;

/// <summary>Validity period of a certificate at a given time, with tolerance for clock differences.</summary>
static class CertificateDates
{
    /// <summary>How far a CA's clock may be ahead of the local one.</summary>
    static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    public static bool IsEarly(DateTimeOffset notBefore, DateTimeOffset now) => notBefore > now + ClockSkew;

    public static bool IsEarly(this Credential credential, DateTimeOffset now) => IsEarly(credential.NotBefore, now);

    public static bool IsValid(this Credential credential, DateTimeOffset now) => !credential.IsEarly(now) && credential.NotAfter > now;

    public static bool IsCurrent(X509Certificate2 certificate, DateTimeOffset now) => !IsEarly(certificate.ValidFrom(), now) && certificate.ValidUntil() >= now;

    /// <summary>NotBefore in UTC, which .NET gives in local time.</summary>
    public static DateTimeOffset ValidFrom(this X509Certificate2 certificate) => new(certificate.NotBefore.ToUniversalTime());

    /// <summary>NotAfter in UTC, which .NET gives in local time.</summary>
    public static DateTimeOffset ValidUntil(this X509Certificate2 certificate) => new(certificate.NotAfter.ToUniversalTime());

    /// <summary>
    /// Whether a certificate that is not valid yet is deferred. A host that has a valid certificate keeps it until then; a host without one gets this
    /// certificate with a warning, because the local clock may be wrong.
    /// </summary>
    /// <param name="served">The host's current certificate.</param>
    public static bool HasToWait(this Credential offer, Credential? served, DateTimeOffset now) => offer.IsEarly(now) && served?.IsValid(now) == true;
}
