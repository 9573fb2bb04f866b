using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates;

/// <summary>What reading a <see cref="CertificateFile"/> gave: a credential, or the problems that stand in its way.</summary>
/// <param name="Names">What the certificate covers, also where problems keep it from being served.</param>
/// <param name="Warnings">Worth knowing, in the way of nothing.</param>
sealed record CertificateReading(
    CertificateFile File,
    Credential? Credential,
    IReadOnlyList<HostName> Names,
    IReadOnlyList<CertificateProblem> Problems,
    IReadOnlyList<CertificateProblem> Warnings)
{
    /// <summary>Sound but for its dates, where those are all that is wrong: for a host that would have no certificate otherwise.</summary>
    public Credential? Untimely { get; init; }

    /// <summary>All problems in one line.</summary>
    public string Why => string.Join(" · ", Problems);
}
