using System.Net.Security;
using System.Security.Authentication;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;
using ImGateway.Edge.Tls.Policy;
using Org.BouncyCastle.Asn1.Ocsp;
using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto;
using Org.BouncyCastle.Tls.Crypto.Impl.BC;
using NamedGroup = Org.BouncyCastle.Tls.NamedGroup;

namespace ImGateway.BouncyCastle;

/// <summary>The policy and the credential of one handshake, and what was negotiated.</summary>
sealed class BouncyCastleServer(TlsContextSettings settings, BouncyCastleCredential credential, byte[]? staple, BcTlsCrypto crypto) : AbstractTlsServer(crypto)
{
    static readonly int[] Groups = [.. PolicyGroups.Allowed.Select(group => (int)group)];

    public SslProtocols Version { get; private set; }

    public TlsCipherSuite CipherSuite { get; private set; }

    public SslApplicationProtocol ApplicationProtocol { get; private set; }

    bool IsTls13 => TlsUtilities.IsTlsV13(m_context);

    public override int[] GetSupportedGroups() => Groups;

    public override TlsCredentials GetCredentials()
    {
        var offered = m_context.SecurityParameters.ClientSigAlgs ?? [];
        var scheme = credential.SignatureSchemes.FirstOrDefault(scheme => offered.Any(algorithm => SignatureScheme.From(algorithm) == scheme), -1);
        if (scheme < 0) throw new TlsFatalAlert(AlertDescription.handshake_failure, "no signature algorithm in common");
        return new BcDefaultTlsCredentialedSigner(
            new TlsCryptoParameters(m_context),
            crypto,
            credential.Key,
            credential.ChainFor(IsTls13, m_certificateStatusRequest is null ? null : staple),
            SignatureScheme.GetSignatureAndHashAlgorithm(scheme));
    }

    public override CertificateStatus? GetCertificateStatus() =>
        staple is null ? null : new CertificateStatus(CertificateStatusType.ocsp, OcspResponse.GetInstance(staple));

    public override void NotifySecureRenegotiation(bool secureRenegotiation)
    {
        // Nothing is renegotiated, so clients without RFC 5746 are as safe as others; OpenSSL accepts them too.
    }

    public override void NotifyHandshakeComplete()
    {
        base.NotifyHandshakeComplete();
        var negotiated = m_context.SecurityParameters;
        Version = IsTls13 ? SslProtocols.Tls13 : SslProtocols.Tls12;
        CipherSuite = (TlsCipherSuite)negotiated.CipherSuite;
        if (negotiated.ApplicationProtocol is { } protocol) ApplicationProtocol = new SslApplicationProtocol(protocol.GetUtf8Decoding());
    }

    protected override ProtocolVersion[] GetSupportedVersions() =>
        settings.Policy is TlsPolicy.Modern ? ProtocolVersion.TLSv13.Only() : ProtocolVersion.TLSv13.DownTo(ProtocolVersion.TLSv12);

    protected override int[] GetSupportedCipherSuites() =>
    [
        .. PolicySuites.Tls13.Select(suite => (int)suite),
        .. PolicySuites.Tls12.Where(suite => suite.ToString().Contains("ECDSA", StringComparison.Ordinal) == credential.IsEcdsa).Select(suite => (int)suite),
    ];

    protected override IList<ProtocolName> GetProtocolNames() => [.. settings.Protocols.Select(protocol => ProtocolName.AsUtf8Encoding(protocol.ToString()))];

    protected override int SelectECDH(int minimumCurveBits) =>
        Groups.FirstOrDefault(group => NamedGroup.GetCurveBits(group) >= minimumCurveBits && (m_context.SecurityParameters.ClientSupportedGroups ?? []).Contains(group), -1);
}
