using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.Stapling;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates;

/// <summary>The served certificate of a configured host, with its origin and next action. Read-only.</summary>
/// <param name="Source"><c>files</c>, <c>self-signed</c>, <c>acme</c> or <c>import</c>.</param>
/// <param name="Origin">The path of the file or of the development CA, the CA's directory URL, or the user who imported the certificate.</param>
/// <param name="Previous">The certificate that a rollback would restore, if it is still valid.</param>
public sealed record OverviewEntry(
    HostName Host, Credential Credential, string Source, string Origin, DateTimeOffset InstalledAt, PreviousCertificate? Previous, NextAction Next)
{
    public OcspState Ocsp { get; init; }

    /// <summary>The configured profile that was omitted from the order because the CA no longer had it; null if none was.</summary>
    internal string? WithoutProfile { get; init; }

    internal static IReadOnlyList<OverviewEntry> ListOf(
        IReadOnlyDictionary<HostName, HostCertificate> table, Func<HostName, RenewalState?> stateOf, EdgeOptions options, TimeProvider time)
    {
        var now = time.GetUtcNow();
        return
        [
            .. from host in options.Hosts
               where table.ContainsKey(host)
               let served = table[host]
               let state = stateOf(host)
               select new OverviewEntry(
                   host, served.Credential, served.Source, served.Origin, served.InstalledAt, served.Previous, NextAction.Of(served, state, options, now))
               {
                   WithoutProfile = state?.WithoutProfile,
               },
        ];
    }
}
