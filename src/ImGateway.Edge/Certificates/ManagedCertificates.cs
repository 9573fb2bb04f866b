using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates;

static class ManagedCertificates
{
    public static IReadOnlyList<ManagedCertificate> Of(
        IReadOnlyDictionary<HostName, ServedCredential> table, Func<HostName, ServedCredential, RenewalState?> stateOf, EdgeOptions options, TimeProvider time)
    {
        var now = time.GetUtcNow();
        return
        [
            .. from host in options.Hosts
               where table.ContainsKey(host)
               let served = table[host]
               let state = stateOf(host, served)
               select new ManagedCertificate(
                   host, served.Credential, served.Source, served.Origin, served.InstalledAt, served.Previous, NextActions.Of(served, state, options, now))
               {
                   WithoutProfile = state?.WithoutProfile,
               },
        ];
    }
}
