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

    /// <summary>Selects a candidate for each host; hosts that no candidate covers have no entry.</summary>
    public static IReadOnlyDictionary<HostName, HostCertificate> Choose(
        IReadOnlyList<HostName> hosts, IReadOnlyCollection<HostCertificate> candidates, DateTimeOffset now)
    {
        var index = new CertificateIndex(candidates);
        Dictionary<HostName, HostCertificate> table = [];
        foreach (var host in hosts)
        {
            if (CertificateRanking.Best(host, index.Covering(host), now) is { } best) table[host] = best;
        }

        return table;
    }
}

/// <summary>The certificate that a rollback would restore.</summary>
public sealed record PreviousCertificate(string SerialNumber, DateTimeOffset NotAfter);
