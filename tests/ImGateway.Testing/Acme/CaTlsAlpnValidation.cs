using System.Formats.Asn1;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ImGateway.Testing;

/// <summary>tls-alpn-01 (RFC 8737 §3, RFC 8738 §6).</summary>
static class CaTlsAlpnValidation
{
    const string AcmeIdentifier = "1.3.6.1.5.5.7.1.31";

    static readonly SslApplicationProtocol Protocol = new("acme-tls/1");

    public static async Task ValidateAsync(CaIdentifier identifier, byte[] digest, int port, CancellationToken cancellationToken)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
        await using var tls = new SslStream(socket.GetStream());
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = identifier.ServerName,
                ApplicationProtocols = [Protocol],
                // The certificate signs itself; what it says is checked below.
                RemoteCertificateValidationCallback = (_, _, _, _) => true,
            },
            cancellationToken);
        if (tls.NegotiatedApplicationProtocol != Protocol) throw Wrong("acme-tls/1 was not negotiated.");
        using var certificate = X509CertificateLoader.LoadCertificate(tls.RemoteCertificate!.GetRawCertData());
        RequireOnly(identifier, certificate);
        RequireDigest(digest, certificate);
    }

    static void RequireOnly(CaIdentifier identifier, X509Certificate2 certificate)
    {
        var extension = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SingleOrDefault() ?? throw Wrong("The certificate has no SAN.");
        var names = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
        names.ReadEncodedValue();
        if (names.HasData) throw Wrong("The certificate has more than one name.");
        var matches = identifier.Type == "ip"
            ? extension.EnumerateIPAddresses().Contains(IPAddress.Parse(identifier.Value))
            : extension.EnumerateDnsNames().Contains(identifier.Value, StringComparer.OrdinalIgnoreCase);
        if (!matches) throw Wrong($"The certificate is not for {identifier.Value}.");
    }

    static void RequireDigest(byte[] digest, X509Certificate2 certificate)
    {
        var extension = certificate.Extensions.SingleOrDefault(extension => extension.Oid?.Value == AcmeIdentifier)
            ?? throw Wrong("The certificate has no acmeIdentifier.");
        if (!extension.Critical) throw Wrong("acmeIdentifier is not critical.");
        var value = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadOctetString();
        if (!CryptographicOperations.FixedTimeEquals(value, digest)) throw Wrong("acmeIdentifier has the wrong digest.");
    }

    static CaProblemException Wrong(string detail) => new("unauthorized", detail, 403);
}
