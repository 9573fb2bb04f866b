using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Files;

/// <summary>The result of reading a <see cref="CertificateFile"/>: a credential, or the problems.</summary>
/// <param name="Names">The names that the certificate covers, also if it has problems.</param>
/// <param name="Warnings">Warnings, which do not prevent serving.</param>
sealed record CertificateReading(
    CertificateFile File,
    Credential? Credential,
    IReadOnlyList<HostName> Names,
    IReadOnlyList<CertificateProblem> Problems,
    IReadOnlyList<CertificateProblem> Warnings)
{
    /// <summary>A credential whose only problems are its dates, for a host that would have no certificate otherwise.</summary>
    public Credential? Untimely { get; init; }

    /// <summary>All problems in one line.</summary>
    public string Why => string.Join(" · ", Problems);
}
