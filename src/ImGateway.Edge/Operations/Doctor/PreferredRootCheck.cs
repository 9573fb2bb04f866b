using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Certificates;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>Checks whether clients trust the root of <c>Acme:PreferredChain</c>; the machine's trust store stands in for theirs.</summary>
static class PreferredRootCheck
{
    const string Check = "preferred chain";

    public static async Task<IEnumerable<Finding>> CheckAsync(EdgeOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        if (options is not { Certificates.Source: CertificateSource.Acme, Acme.PreferredChain: { Length: > 0 } preferred }) return [];
        var roots = Roots();
        try
        {
            var now = time.GetUtcNow();
            List<X509Certificate2> valid = [.. roots.Where(root => root.ValidFrom() <= now && now <= root.ValidUntil())];
            if (valid.Count == 0) return [new(Check, FindingStatus.Warn, $"this machine trusts no root that '{preferred}' could be compared with", "install the package ca-certificates")];

            // Uses certificates served under this preference; before the first, only the name can be checked.
            var served = (await new OfflineCertificates(options, time, NullLoggerFactory.Instance).ReadAsync(cancellationToken))
                .Where(entry => Chain(entry).Exists(certificate => IssuerOf(certificate) == preferred)).ToList();
            return served.Count == 0 ? [ByName(preferred, valid)] : [.. served.Select(entry => ByChain(entry, valid))];
        }
        finally
        {
            foreach (var root in roots) root.Dispose();
        }
    }

    static Finding ByName(string preferred, List<X509Certificate2> roots) => roots.Exists(root => root.GetNameInfo(X509NameType.SimpleName, forIssuer: false) == preferred)
        ? new(Check, FindingStatus.Ok, SingleLine.Escape($"'{preferred}' is a root of this machine"))
        : new(
            Check, FindingStatus.Warn, SingleLine.Escape($"'{preferred}' is none of the {roots.Count} roots of this machine: clients may lack it, and then refuse the certificate"),
            "let Edge:Acme:PreferredChain name a root that clients have, or remove it");

    /// <summary>A client may end the path at any certificate whose issuer it trusts.</summary>
    static Finding ByChain(OverviewEntry entry, List<X509Certificate2> roots)
    {
        var chain = Chain(entry);
        var end = IssuerOf(chain[^1]);
        return chain.Exists(certificate => roots.Exists(certificate.IsIssuedBy))
            ? new(Check, FindingStatus.Ok, SingleLine.Escape($"{entry.Host}: the chain served leads to a root of this machine"))
            : new(
                Check, FindingStatus.Warn,
                SingleLine.Escape($"{entry.Host}: the chain served leads to '{end}', which is none of the {roots.Count} roots of this machine: clients may lack it, and then refuse the certificate"),
                $"let Edge:Acme:PreferredChain name a root that clients have, or remove it; then 'imgw cert renew {entry.Host} --force'");
    }

    static List<X509Certificate2> Chain(OverviewEntry entry) => [entry.Credential.Leaf, .. entry.Credential.Issuers];

    static string IssuerOf(X509Certificate2 certificate) => certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: true);

    static List<X509Certificate2> Roots()
    {
        List<X509Certificate2> roots = [];
        foreach (var location in (StoreLocation[])[StoreLocation.LocalMachine, StoreLocation.CurrentUser])
        {
            using var store = new X509Store(StoreName.Root, location);
            try
            {
                store.Open(OpenFlags.ReadOnly | OpenFlags.OpenExistingOnly);
                roots.AddRange(store.Certificates);
            }
            catch (CryptographicException)
            {
                // A user without a home directory has no such store.
            }
        }

        return roots;
    }
}
