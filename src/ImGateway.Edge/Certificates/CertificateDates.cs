using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates;

/// <summary>Whether a certificate is valid at a moment, as far as clocks agree on it.</summary>
static class CertificateDates
{
    /// <summary>How far a CA's clock may be ahead of ours.</summary>
    static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    public static bool IsEarly(DateTimeOffset notBefore, DateTimeOffset now) => notBefore > now + ClockSkew;

    public static bool IsEarly(this Credential credential, DateTimeOffset now) => IsEarly(credential.NotBefore, now);

    public static bool IsValid(this Credential credential, DateTimeOffset now) => !credential.IsEarly(now) && credential.NotAfter > now;

    public static bool IsCurrent(X509Certificate2 certificate, DateTimeOffset now) =>
        !IsEarly(new DateTimeOffset(certificate.NotBefore.ToUniversalTime()), now) && new DateTimeOffset(certificate.NotAfter.ToUniversalTime()) >= now;

    /// <summary>
    /// Whether it has to wait until it is valid: clients that are served a valid certificate lose nothing by that, and those who have none get this
    /// one with a warning, because the clock that it is judged by may be the one that is wrong.
    /// </summary>
    /// <param name="served">What its host has now.</param>
    public static bool HasToWait(this Credential offer, Credential? served, DateTimeOffset now) => offer.IsEarly(now) && served?.IsValid(now) == true;
}
