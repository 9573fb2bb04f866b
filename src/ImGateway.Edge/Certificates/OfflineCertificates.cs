using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates;

/// <summary>The store's certificates where no edge runs. What it changes, an edge serves from its next start on.</summary>
public sealed class OfflineCertificates(EdgeOptions options, TimeProvider time, ILogger<OfflineCertificates> logger)
{
    /// <summary>Of each configured host that has one. Changes nothing, and may be read while an edge runs.</summary>
    /// <exception cref="CertificateLoadException">The store may not be read.</exception>
    public IReadOnlyList<ManagedCertificate> Read()
    {
        _ = (options, time, logger);
        return [];
    }

    public InstallResult Import(string certificatePem, string keyPem, string? chainPem, string? password, string who) =>
        InstallResult.Failed("not available yet");

    /// <param name="name">Of a configured host or of its managed certificate.</param>
    public InstallResult Rollback(string name) => InstallResult.Failed("not available yet");
}
