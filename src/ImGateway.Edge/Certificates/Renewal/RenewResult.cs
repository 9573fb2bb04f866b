using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Renewal;

/// <summary>What came of a renewal or a revocation.</summary>
/// <param name="Message">One line for whoever asked for it.</param>
/// <param name="SerialNumber">Of what is served now; null where that is nothing.</param>
public sealed record RenewResult(HostName Host, bool Succeeded, string Message, string? SerialNumber)
{
    /// <summary>All that it concerns: a revocation reaches every host that serves the certificate.</summary>
    public IReadOnlyList<HostName> Hosts { get; init; } = [Host];
}
