using System.Formats.Asn1;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Challenges;

/// <summary>The self-signed certificate for tls-alpn-01 (RFC 8737 §3), and the SNI that the CA sends.</summary>
static class TlsAlpnCertificate
{
    const string AcmeIdentifier = "1.3.6.1.5.5.7.1.31"; // id-pe-acmeIdentifier, RFC 8737 §6.1

    public static Credential Create(HostName host, ReadOnlySpan<byte> digest, DateTimeOffset now)
    {
        if (digest.Length != SHA256.HashSizeInBytes) throw new ChallengeException($"{host}: the digest for tls-alpn-01 is not one of SHA-256");
        var authorization = new AsnWriter(AsnEncodingRules.DER);
        authorization.WriteOctetString(digest);
        return ChallengeCertificate.Create(ChallengeTypes.TlsAlpn, host, now, new X509Extension(AcmeIdentifier, authorization.Encode(), critical: true));
    }

    /// <summary>The CA's SNI; for an IP address the reverse mapping name (RFC 8738 §6).</summary>
    public static string ServerNameOf(HostName host)
    {
        if (!host.IsAddress) return host.Value;
        var address = IPAddress.Parse(host.Value);
        var bytes = address.GetAddressBytes().Reverse();
        return address.AddressFamily is AddressFamily.InterNetwork
            ? string.Join('.', bytes) + ".in-addr.arpa"
            : string.Join('.', bytes.Select(value => $"{value & 0xF:x}.{value >> 4:x}")) + ".ip6.arpa";
    }
}
