using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ImGateway.Testing;

/// <summary>Turns the CSR of a ready order into a certificate with two chains: up to its root, and up to one that cross-signed that root.</summary>
sealed class CaIssuer : IDisposable
{
    readonly CaState _state;
    readonly List<CaSigner> _intermediates = [];
    readonly CaSigner _stranger;
    readonly X509Certificate2 _crossSigned;

    public CaIssuer(CaState state)
    {
        _state = state;
        Root = CaSigner.CreateRoot("Scriptable CA root", state.Now);
        AlternateRoot = CaSigner.CreateRoot("Scriptable CA other root", state.Now);
        _stranger = CaSigner.CreateRoot("A stranger", state.Now);
        _crossSigned = Root.CrossSignedBy(AlternateRoot, state.Now);
        ChangeIntermediate();
    }

    public CaSigner Root { get; }

    public CaSigner AlternateRoot { get; }

    public CaSigner Stranger => _stranger;

    public Uri? Ocsp { get; set; }

    public void ChangeIntermediate() =>
        _intermediates.Add(Root.CreateIntermediate($"Scriptable CA {_intermediates.Count + 1}", _state.Now));

    public CaCertificate Issue(CaOrder order, PublicKey key, CaMistake mistake)
    {
        using var otherKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(
            new X500DistinguishedName(""), mistake is CaMistake.OtherKey ? new PublicKey(otherKey) : key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var identifier in order.Identifiers)
        {
            if (mistake is CaMistake.OtherNames) names.AddDnsName("other." + identifier.Base);
            else if (identifier.Type == "ip") names.AddIpAddress(IPAddress.Parse(identifier.Value));
            else names.AddDnsName(identifier.Value);
            if (mistake is CaMistake.ExtraName) names.AddDnsName("www." + identifier.Base);
        }

        // Critical, because the subject is empty (RFC 5280 §4.2.1.6).
        request.CertificateExtensions.Add(names.Build(critical: true));
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(PkiLeaf.ServerAuth)], critical: false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        if (Ocsp is not null) request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension([Ocsp.AbsoluteUri], []));

        var issuer = _intermediates[^1];
        var (notBefore, notAfter) = Validity(order, mistake);
        var leaf = (mistake is CaMistake.OtherIssuer ? _stranger : issuer).Sign(request, notBefore, notAfter);
        var chain = leaf.ExportCertificatePem() + "\n" + issuer.Pem;
        return new CaCertificate(_state.NextId(), order.Account, leaf, issuer)
        {
            Hosts = [.. order.Identifiers.Select(identifier => identifier.Value)],
            Chain = chain,
            AlternateChain = chain + _crossSigned.ExportCertificatePem() + "\n",
            Profile = order.Profile,
            Replaces = order.Replaces,
        };
    }

    public void Dispose()
    {
        foreach (var intermediate in _intermediates) intermediate.Dispose();
        _crossSigned.Dispose();
        _stranger.Dispose();
        AlternateRoot.Dispose();
        Root.Dispose();
    }

    (DateTimeOffset NotBefore, DateTimeOffset NotAfter) Validity(CaOrder order, CaMistake mistake)
    {
        var options = _state.Options;
        var lifetime = order.Profile is { } profile ? options.Profiles[profile].Lifetime : options.Lifetime;
        var now = _state.Now;
        if (mistake is CaMistake.Expired) return (now - lifetime - TimeSpan.FromHours(1), now.AddHours(-1));
        return (now, order.NotAfter < now + lifetime ? order.NotAfter.Value : now + lifetime);
    }
}
