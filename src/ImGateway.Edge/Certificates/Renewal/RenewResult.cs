using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Renewal;

/// <summary>The result of a renewal or a revocation.</summary>
/// <param name="Message">One line for the caller.</param>
/// <param name="SerialNumber">The serial number that is served now; null if there is no certificate.</param>
public sealed record RenewResult(HostName Host, bool Succeeded, string Message, string? SerialNumber)
{
    /// <summary>The hosts affected: a revocation affects every host that serves the certificate.</summary>
    public IReadOnlyList<HostName> Hosts { get; init; } = [Host];
}
