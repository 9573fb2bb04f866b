using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Served;

/// <summary>A credential and where it came from: offered by a source, kept in the store, served.</summary>
/// <param name="Source">As the metrics say it.</param>
/// <param name="Origin">The file, the development CA's, the directory of the CA, or who imported it.</param>
public sealed record ServedCredential(Credential Credential, string Source, string Origin)
{
    public const string Files = "files";
    public const string SelfSigned = "self-signed";
    public const string Import = "import";
    public const string Acme = "acme";

    public DateTimeOffset InstalledAt { get; init; }

    /// <summary>Of the watched file that its host was last served from: that content has had its turn, whatever came after it.</summary>
    public string? FileHash { get; init; }

    /// <summary>By an import or a rollback: it stands until the file changes, and for a host without file until it expires.</summary>
    public bool ByHand { get; init; }

    /// <summary>The configured profile that it was ordered without; null where there is none, and for one that was read from the store.</summary>
    public string? WithoutProfile { get; init; }

    /// <summary>What was served before it.</summary>
    public PreviousCertificate? Previous { get; init; }

    /// <summary>What it covers beside <paramref name="host"/>, in a text of bounded length; null where that is nothing.</summary>
    internal string? NamesBeside(HostName host)
    {
        const int most = 5;
        var others = Credential.Names.Where(name => name != host).Select(name => name.Value).ToList();
        if (others.Count == 0) return null;
        return string.Join(", ", others.Take(most)) + (others.Count > most ? $" and {others.Count - most} more" : "");
    }

    /// <summary>Why <paramref name="changes"/> would put a certificate that is not valid yet in the place of one that is; null where none does.</summary>
    public static string? TooEarly(
        IReadOnlyDictionary<HostName, ServedCredential> changes, IReadOnlyDictionary<HostName, ServedCredential> served, DateTimeOffset now) =>
        changes.Where(entry => entry.Value.Credential.HasToWait(served.GetValueOrDefault(entry.Key)?.Credential, now))
            .Select(entry => $"the certificate is not valid before {entry.Value.Credential.NotBefore:u} (the clock here says {now:u}), and that of {entry.Key} is valid now")
            .FirstOrDefault();

    /// <summary>
    /// Why <paramref name="changes"/> would put a chain that may lack a link in the place of one that does not, usually <c>cert.pem</c> in the place
    /// of <c>fullchain.pem</c>; null where none does.
    /// </summary>
    public static string? LacksLink(
        IReadOnlyDictionary<HostName, ServedCredential> changes, IReadOnlyDictionary<HostName, ServedCredential> served, DateTimeOffset now) =>
        (from change in changes
         let old = served.GetValueOrDefault(change.Key)
         where old is not null && old.Credential.Covers(change.Key) && old.Credential.NotAfter >= now && change.Value.LacksLinkOf(old)
         let warning = ChainWarning.Of(change.Value)
         where warning is not null
         select $"{warning.Message}, and the chain served for {change.Key} {(old.Credential.Chain is ChainState.Complete ? "is complete" : "has its issuer")}; {warning.Remedy}").FirstOrDefault();

    /// <summary>
    /// Whether the root is known here or not, a leaf alone does not take the place of one that came with its issuer. What a CA has issued with an
    /// issuer is the CA's choice: to order again because its root is unknown to this machine would only use up its limits. In the place of a
    /// self-signed certificate any other is welcome.
    /// </summary>
    bool LacksLinkOf(ServedCredential old) => old is { Source: not SelfSigned, Credential.IsSelfSigned: false }
        && ((Credential.Issuers.Count == 0 && old.Credential.Issuers.Count > 0) || (Source is Files or Import && old.Credential.Chain is ChainState.Complete));

    /// <summary>Which of <paramref name="candidates"/> each host gets; hosts that none covers have no entry.</summary>
    public static IReadOnlyDictionary<HostName, ServedCredential> Choose(
        IReadOnlyList<HostName> hosts, IReadOnlyCollection<ServedCredential> candidates, DateTimeOffset now)
    {
        Dictionary<HostName, ServedCredential> table = [];
        foreach (var host in hosts)
        {
            if (CertificateChoice.Best(host, candidates, now) is { } best) table[host] = best;
        }

        return table;
    }
}
