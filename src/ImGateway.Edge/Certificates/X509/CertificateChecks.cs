using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.X509;

/// <summary>Finds reasons for which clients would reject a certificate. Pure: time and the machine's roots are parameters.</summary>
/// <param name="hosts">The configured hosts; if empty, they are unknown, and any name is accepted.</param>
/// <param name="isKnown"><see cref="MachineRoots.Trusts"/>. Called by several threads.</param>
sealed class CertificateChecks(IReadOnlyList<HostName> hosts, Func<X509Certificate2, bool> isKnown)
{
    static readonly Dictionary<string, string> Curves = new()
    {
        ["1.2.840.10045.3.1.7"] = "P-256",
        ["1.3.132.0.34"] = "P-384",
        ["1.3.132.0.35"] = "P-521",
    };

    /// <summary>The names that cover a host. Of n hosts each often has a file of its own: a search of all hosts for each file would cost n².</summary>
    readonly Lazy<HashSet<string>> _covering = new(() => [.. hosts.SelectMany(host => host.MatchingValues())]);

    /// <param name="file">The file name for the problems.</param>
    /// <param name="keyFile">The key's file name for commands; null = the same file.</param>
    public IEnumerable<CertificateProblem> Problems(string file, CertificateChain chain, DateTimeOffset now, string? keyFile = null)
    {
        var sent = Sent(chain).ToList();
        var lasting = Names(chain.Leaf).Concat(Purposes(chain.Leaf)).Concat(sent.SelectMany(each => Signature(each, leaf => Remedies.SignAnew(file, keyFile ?? file, IsOwnIssuer(leaf))))).Concat(Links(chain));
        return Of(sent.SelectMany(Key)).Concat(Of(sent.SelectMany(each => Expired(each, now))).Select(problem => problem with { IsDateProblem = true })).Concat(Of(lasting));

        IEnumerable<CertificateProblem> Of(IEnumerable<(string Message, string Remedy)> found) =>
            found.Select(problem => new CertificateProblem(file, problem.Message, problem.Remedy));
    }

    /// <summary>Warnings about a certificate that is served nevertheless.</summary>
    /// <param name="file">The file name for the warnings.</param>
    public IEnumerable<CertificateProblem> Warnings(string file, CertificateChain chain, DateTimeOffset now) =>
        Early(file, chain, now).Concat(CommonName(chain.Leaf).Select(found => new CertificateProblem(file, found.Message, found.Remedy)));

    /// <summary>Warnings about certificates that are not valid yet: they are served if there is no better one, and deferred otherwise.</summary>
    /// <param name="file">The file name for the warnings.</param>
    public static IEnumerable<CertificateProblem> Early(string file, CertificateChain chain, DateTimeOffset now) =>
        from sent in Sent(chain)
        let notBefore = sent.Certificate.ValidFrom()
        where CertificateDates.IsEarly(notBefore, now)
        select new CertificateProblem(
            file, $"{sent.What} is not valid before {notBefore:u} (the clock here says {now:yyyy-MM-dd})", "wait until then, or correct this machine's clock") { IsEarly = true };

    /// <summary>Whether the chain leads to a root. An incomplete chain is served nevertheless: clients may have the missing certificate.</summary>
    public ChainState StateOf(CertificateChain chain) =>
        chain.Root is not null || chain.Leaf.IsSelfSigned() || chain.Sent.Reverse().Any(isKnown) ? ChainState.Complete
        : chain.Issuers.Count > 0 || CaIssuersUrl.Of(chain.Leaf) is not null ? ChainState.Incomplete
        : ChainState.Unverified;

    /// <summary>
    /// Removes issuers that clients would reject and do not need: a certificate that is, or was issued by, a root of the machine or the file ends the
    /// path for clients, whatever follows (RFC 8446 §4.4.2).
    /// </summary>
    public CertificateChain Shorten(CertificateChain chain, DateTimeOffset now)
    {
        var sound = chain.Issuers.TakeWhile(issuer => FaultsOf(issuer, now).Count == 0).ToList();
        if ((sound.Count == chain.Issuers.Count && chain.Impostors.Count == 0) || !sound.Prepend(chain.Leaf).Reverse().Any(EndsChain)) return chain;
        return chain with { Issuers = sound, Impostors = [], LeftOut = [.. chain.Issuers.Skip(sound.Count), .. chain.Impostors] };

        bool EndsChain(X509Certificate2 certificate) => (chain.Root is { } root && certificate.IsIssuedBy(root)) || isKnown(certificate);
    }

    /// <summary>Warnings about certificates of the chain that are not sent.</summary>
    /// <param name="file">The file name for the warnings.</param>
    public static IEnumerable<CertificateProblem> LeftOut(string file, CertificateChain chain, DateTimeOffset now) =>
        from certificate in chain.LeftOut
        let faults = FaultsOf(certificate, now)
        let why = faults.Count > 0 ? string.Join(", ", faults) : $"its issuer '{certificate.Subject}' belongs to it only by name, or to what is left out"
        select new CertificateProblem(file, $"{why}: it is not sent, and clients do not need it", "remove it");

    static List<string> FaultsOf(X509Certificate2 issuer, DateTimeOffset now)
    {
        var sent = Sent(issuer);
        return [.. Key(sent).Concat(Expired(sent, now)).Concat(Signature(sent, _ => "")).Select(fault => fault.Message)];
    }

    static IEnumerable<(string Message, string Remedy)> Key(SentCertificate sent)
    {
        using var rsa = sent.Certificate.GetRSAPublicKey();
        using var ecdsa = sent.Certificate.GetECDsaPublicKey();
        var weakness = (rsa, ecdsa) switch
        {
            ({ KeySize: < 2048 }, _) => $"an RSA key of {rsa.KeySize} bits",
            (null, null) when sent.Certificate.IsForPss() => "a key for RSA-PSS alone, which is not supported",
            (null, null) => $"a key that is neither RSA nor ECDSA ({sent.Certificate.PublicKey.Oid.Value})",
            (null, _) when CurveOf(sent.Certificate) is var curve && !Curves.ContainsKey(curve) => $"a key on the curve {Oids.NameOf(curve)}",
            _ => null,
        };
        if (weakness is null) yield break;
        yield return ($"{sent.What} has {weakness}",
            sent.IsLeaf ? "have it issued for a key of type P256, P384 or RSA of 2048 bits and more" : "ask the CA for a chain with stronger keys");
    }

    static IEnumerable<(string Message, string Remedy)> Expired(SentCertificate sent, DateTimeOffset now)
    {
        var notAfter = sent.Certificate.ValidUntil();
        if (notAfter < now) yield return ($"{sent.What} expired at {notAfter:u}", sent.IsLeaf ? "renew it and replace the file" : "replace it by the CA's current one");
    }

    IEnumerable<(string Message, string Remedy)> Names(X509Certificate2 leaf)
    {
        var names = CertificateNames.Of(leaf);
        if (names.Count == 0)
        {
            yield return ("has no host name in its SAN (subject alternative name), where clients look for it",
                Remedies.NameInSan(hosts.Count > 0 ? hosts[0] : HostName.Parse("gateway.example.com"), leaf.IsSelfSigned()));
        }
        else if (hosts.Count > 0 && !names.Any(name => _covering.Value.Contains(name.Value)))
        {
            yield return ($"is for {string.Join(", ", names)} and covers none of the configured hosts ({string.Join(", ", hosts)})",
                leaf.HasSan() ? "name the right file, or add its names to Hosts" : $"name the right file, or {Remedies.NameInSan(hosts[0], leaf.IsSelfSigned())}");
        }
    }

    IEnumerable<(string Message, string Remedy)> CommonName(X509Certificate2 leaf)
    {
        if (leaf.HasSan() || CertificateNames.Of(leaf) is not [var first, ..] names) yield break;
        var host = hosts.Count == 0 ? first : hosts.FirstOrDefault(host => names.Any(name => name.Matches(host)));
        if (host is null) yield break;
        yield return ($"has no SAN (subject alternative name) but only the common name {first}: browsers refuse it, and so do most other clients",
            Remedies.NameInSan(host, leaf.IsSelfSigned()));
    }

    static IEnumerable<(string Message, string Remedy)> Purposes(X509Certificate2 leaf)
    {
        // openssl req -x509 creates self-signed certificates with CA:TRUE; clients that trust such a certificate accept it.
        if (leaf.Extensions.OfType<X509BasicConstraintsExtension>().Any(basic => basic.CertificateAuthority) && !IsOwnIssuer(leaf))
        {
            yield return ("is the certificate of a CA, not of a server", "name the server's certificate and its key");
        }

        var usages = leaf.Extensions.OfType<X509EnhancedKeyUsageExtension>().SelectMany(extension => extension.EnhancedKeyUsages.Cast<Oid>()).ToList();
        if (usages.Count > 0 && !usages.Exists(usage => usage.Value is Oids.ServerAuth or "2.5.29.37.0"))
        {
            yield return ($"is not for TLS servers: its extended key usage is {string.Join(", ", usages.Select(usage => usage.FriendlyName ?? usage.Value))}",
                "have it issued with extended key usage serverAuth");
        }

        // In all suites of the policy the server signs (RFC 8446 §4.4.2.2, RFC 8422 §2.1).
        if (leaf.Extensions.OfType<X509KeyUsageExtension>().Any(usage => !usage.KeyUsages.HasFlag(X509KeyUsageFlags.DigitalSignature)))
        {
            yield return ("its key usage does not allow digital signatures, which TLS needs", "have it issued with key usage digitalSignature");
        }
    }

    /// <param name="signAnew">The remedy for a certificate whose signature algorithm TLS does not support.</param>
    static IEnumerable<(string Message, string Remedy)> Signature(SentCertificate sent, Func<X509Certificate2, string> signAnew)
    {
        var algorithm = sent.Certificate.SignedBy();
        if (algorithm is { Unsupported: { } unsupported, IsStrong: true })
        {
            yield return ($"{sent.What} is signed by {unsupported}, which TLS does not support",
                sent.IsLeaf ? signAnew(sent.Certificate) : "ask the CA for a chain that is signed with a salt as long as the hash");
        }
        else if (!algorithm.IsStrong)
        {
            yield return ($"{sent.What} is signed with {algorithm.Hash?.Name ?? Oids.NameOf(sent.Certificate.SignatureAlgorithm.Value!)}, which clients refuse",
                "have it issued with SHA-256 or better");
        }
    }

    static IEnumerable<(string Message, string Remedy)> Links(CertificateChain chain)
    {
        // The signer cannot be verified; the unsupported algorithm is reported already.
        if (!chain.Last.SignedBy().IsVerifiable) yield break;
        if (chain.Impostors.Count > 0)
        {
            yield return ($"the chain does not link: '{chain.Impostors[0].Subject}' has the issuer's name but did not sign '{Subject(chain.Last)}'",
                "replace it by the certificate of the CA that did, usually to be had where the certificate came from");
        }
    }

    /// <summary>The certificates that clients validate. Dates, key and signature of a root are not checked, because clients have it in their trust store.</summary>
    static IEnumerable<SentCertificate> Sent(CertificateChain chain) =>
        chain.Issuers.Select(Sent).Prepend(new SentCertificate(chain.Leaf, "the certificate", IsLeaf: true));

    static SentCertificate Sent(X509Certificate2 issuer) => new(issuer, $"its issuer '{issuer.Subject}'", IsLeaf: false);

    /// <summary>Self-signed by signature or, if that cannot be verified, by equal subject and issuer.</summary>
    static bool IsOwnIssuer(X509Certificate2 certificate) =>
        certificate.IsSelfSigned() || (!certificate.SignedBy().IsVerifiable && certificate.NamesAsIssuer(certificate));

    static string Subject(X509Certificate2 certificate) =>
        certificate.Subject.Length > 0 ? certificate.Subject : string.Join(", ", CertificateNames.Of(certificate));

    static string CurveOf(X509Certificate2 certificate)
    {
        // Parameters of id-ecPublicKey: the curve's OID, or explicit parameters, which all clients reject (RFC 5480 §2.1.1).
        var reader = new AsnReader(certificate.PublicKey.EncodedParameters?.RawData, AsnEncodingRules.DER);
        return reader.HasData && reader.PeekTag() == Asn1Tag.ObjectIdentifier ? reader.ReadObjectIdentifier() : "explicit parameters";
    }

    readonly record struct SentCertificate(X509Certificate2 Certificate, string What, bool IsLeaf);
}
