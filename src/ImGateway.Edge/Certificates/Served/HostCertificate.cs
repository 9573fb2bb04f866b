using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Served;

/// <summary>A credential with its origin: offered by a source, stored, or served.</summary>
/// <param name="Source">The source in metrics: one of the constants.</param>
/// <param name="Origin">The path of the file or of the development CA, the CA's directory URL, or the user who imported the certificate.</param>
public sealed record HostCertificate(Credential Credential, string Source, string Origin)
{
    public const string Files = "files";
    public const string SelfSigned = "self-signed";
    public const string Import = "import";
    public const string Acme = "acme";

    public DateTimeOffset InstalledAt { get; init; }

    /// <summary>The hash of the file content that was last installed for the host. That content is not installed again, whatever replaced it.</summary>
    public string? FileHash { get; init; }

    /// <summary>Whether an operator imported it or rolled back to it: it stays until the host's file changes, or until it expires.</summary>
    public bool ByHand { get; init; }

    /// <summary>The configured profile that was omitted from the order; null if none was, or if read from the store.</summary>
    public string? WithoutProfile { get; init; }

    /// <summary>The certificate that was served before.</summary>
    public PreviousCertificate? Previous { get; init; }

    /// <summary>The other names that it covers, in a text of bounded length; null if there are none.</summary>
    internal string? OtherNames(HostName host)
    {
        const int most = 5;
        var others = Credential.Names.Where(name => name != host).Select(name => name.Value).ToList();
        if (others.Count == 0) return null;
        return string.Join(", ", others.Take(most)) + (others.Count > most ? $" and {others.Count - most} more" : "");
    }

    /// <summary>The problem if <paramref name="changes"/> would replace a valid certificate by one that is not valid yet; otherwise null.</summary>
    public static string? WhyTooEarly(
        IReadOnlyDictionary<HostName, HostCertificate> changes, IReadOnlyDictionary<HostName, HostCertificate> served, DateTimeOffset now) =>
        changes.Where(entry => entry.Value.Credential.HasToWait(served.GetValueOrDefault(entry.Key)?.Credential, now))
            .Select(entry => $"the certificate is not valid before {entry.Value.Credential.NotBefore:u} (the clock here says {now:u}), and that of {entry.Key} is valid now")
            .FirstOrDefault();

    /// <summary>
    /// The problem if <paramref name="changes"/> would replace a complete chain by one that may be incomplete, usually <c>fullchain.pem</c> by
    /// <c>cert.pem</c>; otherwise null.
    /// </summary>
    public static string? WhyChainIsWorse(
        IReadOnlyDictionary<HostName, HostCertificate> changes, IReadOnlyDictionary<HostName, HostCertificate> served, DateTimeOffset now) =>
        (from change in changes
         let old = served.GetValueOrDefault(change.Key)
         where old is not null && old.Credential.Covers(change.Key) && old.Credential.NotAfter >= now && change.Value.HasWorseChainThan(old)
         let warning = ChainWarning.Of(change.Value)
         where warning is not null
         select $"{warning.Message}, and the chain served for {change.Key} {(old.Credential.Chain is ChainState.Complete ? "is complete" : "has its issuer")}; {warning.Remedy}").FirstOrDefault();

    /// <summary>
    /// Whether this chain is worse than <paramref name="old"/>: a leaf without issuer after one with its issuer; or, for a file or import, an incomplete chain
    /// after a complete one. Not for a certificate that a CA issued with an issuer: its root may be unknown to this machine, and another order
    /// would not change that. Any certificate may replace a self-signed one.
    /// </summary>
    bool HasWorseChainThan(HostCertificate old) => old is { Source: not SelfSigned, Credential.IsSelfSigned: false }
        && ((Credential.Issuers.Count == 0 && old.Credential.Issuers.Count > 0) || (Source is Files or Import && old.Credential.Chain is ChainState.Complete));

    /// <summary>Selects a candidate for each host; hosts that no candidate covers have no entry.</summary>
    public static IReadOnlyDictionary<HostName, HostCertificate> Choose(
        IReadOnlyList<HostName> hosts, IReadOnlyCollection<HostCertificate> candidates, DateTimeOffset now)
    {
        Dictionary<HostName, HostCertificate> table = [];
        foreach (var host in hosts)
        {
            if (CertificateChoice.Best(host, candidates, now) is { } best) table[host] = best;
        }

        return table;
    }
}

/// <summary>The certificate that a rollback would restore.</summary>
public sealed record PreviousCertificate(string SerialNumber, DateTimeOffset NotAfter);
