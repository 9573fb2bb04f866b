using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Certificates;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.Stapling;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections.Limits;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Operations.Status;

/// <summary>
/// The certificate of one configured host, in the form of <c>/api/certificates</c>, <c>cert show --json</c> and the control socket.
/// Without a certificate, everything but host, name and next action is null.
/// </summary>
/// <param name="Name">The name of the managed certificate: the host with <c>*</c> written <c>_</c>.</param>
/// <param name="SpkiSha256">Pin of the key (RFC 7469 §2.4): base64 of the SHA-256 of the subject public key info.</param>
/// <param name="DaysLeft">Negative once expired.</param>
/// <param name="ChainLength">The number of certificates that a handshake sends.</param>
/// <param name="Ocsp">State of the stapled response, as in the metric.</param>
/// <param name="Source"><c>files</c>, <c>self-signed</c>, <c>acme</c> or <c>import</c>.</param>
/// <param name="Origin">The file, the development CA, the CA's directory URL, or the user who imported it.</param>
/// <param name="Previous">The certificate that <c>cert rollback</c> would restore.</param>
public sealed record CertificateStatus(
    string Host,
    string Name,
    IReadOnlyList<string>? SubjectNames = null,
    string? Issuer = null,
    string? SerialNumber = null,
    string? SpkiSha256 = null,
    string? KeyType = null,
    DateTimeOffset? NotBefore = null,
    DateTimeOffset? NotAfter = null,
    double? DaysLeft = null,
    int? ChainLength = null,
    string? Ocsp = null,
    string? Source = null,
    string? Origin = null,
    DateTimeOffset? InstalledAt = null,
    PreviousCertificate? Previous = null,
    NextAction? Next = null)
{
    /// <summary><c>complete</c>, <c>unverified</c> or <c>incomplete</c>.</summary>
    public string? ChainState { get; init; }

    /// <summary>What the chain lacks, with the remedy; omitted if the chain is complete.</summary>
    public string? ChainProblem { get; init; }

    /// <summary>Files for the host that are refused at the moment; omitted if there are none.</summary>
    public IReadOnlyList<RefusedFile>? RefusedFiles { get; init; }

    /// <summary>The status of every configured host, with or without a certificate.</summary>
    public static IReadOnlyList<CertificateStatus> Of(
        IReadOnlyList<HostName> hosts,
        IReadOnlyList<OverviewEntry> certificates,
        IReadOnlyList<RefusedFile> refused,
        Func<HostName, NextAction?> nextOfMissing,
        DateTimeOffset now) =>
        [.. Of(hosts, certificates, nextOfMissing, now).Select(status =>
            refused.Where(file => file.Hosts.Contains(status.Host)).ToList() is { Count: > 0 } files ? status with { RefusedFiles = files } : status)];

    static IEnumerable<CertificateStatus> Of(
        IReadOnlyList<HostName> hosts, IReadOnlyList<OverviewEntry> certificates, Func<HostName, NextAction?> nextOfMissing, DateTimeOffset now) =>
        [.. from host in hosts
            join certificate in certificates on host equals certificate.Host into found
            select found.FirstOrDefault() is { } entry ? Of(entry, now) : new CertificateStatus(host.Value, host.CertificateName, Next: nextOfMissing(host))];

    static CertificateStatus Of(OverviewEntry entry, DateTimeOffset now)
    {
        var credential = entry.Credential;
        return new CertificateStatus(
            entry.Host.Value,
            entry.Host.CertificateName,
            [.. credential.Names.Select(name => name.Value)],
            credential.Leaf.Issuer,
            credential.SerialNumber,
            CertificatePins.Of(credential),
            KeyTypeOf(credential.Leaf),
            credential.NotBefore,
            credential.NotAfter,
            Math.Round((credential.NotAfter - now).TotalDays, 1),
            credential.Issuers.Count + 1,
            entry.Ocsp.Label(),
            entry.Source,
            entry.Origin,
            entry.InstalledAt,
            entry.Previous,
            entry.Next)
        {
            ChainState = credential.Chain.Label(),
            ChainProblem = ChainWarning.Of(credential, entry.Source, entry.Origin) is { } warning ? SingleLine.Escape($"{warning.Message}; {warning.Remedy}") : null,
        };
    }

    /// <summary>Whether <paramref name="name"/>, as typed by a user, refers to this certificate.</summary>
    public bool IsNamed(string name) =>
        name.Equals(Name, StringComparison.OrdinalIgnoreCase) || (HostName.TryParse(name, out var host) && host.Value == Host);

    static string KeyTypeOf(X509Certificate2 leaf)
    {
        using var ecdsa = leaf.GetECDsaPublicKey();
        if (ecdsa is not null) return $"P{ecdsa.KeySize}";
        using var rsa = leaf.GetRSAPublicKey();
        return rsa is not null ? $"RSA{rsa.KeySize}" : leaf.GetKeyAlgorithm();
    }
}
