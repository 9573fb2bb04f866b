using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.Stapling;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates;

/// <summary>What a configured host has, where it came from and what comes next. For reading; hosts without a certificate have none.</summary>
/// <param name="Source"><c>files</c>, <c>self-signed</c>, <c>acme</c> or <c>import</c>.</param>
/// <param name="Origin">The file, the development CA's, the directory of the CA, or who imported it.</param>
/// <param name="Previous">What a rollback would bring back, if still valid.</param>
public sealed record ManagedCertificate(
    HostName Host, Credential Credential, string Source, string Origin, DateTimeOffset InstalledAt, PreviousCertificate? Previous, NextAction Next)
{
    public OcspState Ocsp { get; init; }

    /// <summary>The configured profile that it was ordered without, because the CA no longer had it; null where there is none.</summary>
    internal string? WithoutProfile { get; init; }
}
