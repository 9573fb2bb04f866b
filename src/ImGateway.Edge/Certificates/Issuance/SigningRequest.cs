using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>The certificate signing request of one host (RFC 2986).</summary>
static class SigningRequest
{
    /// <summary>The name is only in the SAN: clients ignore the subject, which is limited to 64 characters.</summary>
    public static byte[] Create(HostName host, AsymmetricAlgorithm key)
    {
        var subject = new X500DistinguishedName("");
        var request = key is RSA rsa
            ? new CertificateRequest(subject, rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest(subject, (ECDsa)key, key.KeySize > 256 ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(SubjectAlternativeNames.For(host));
        return request.CreateSigningRequest();
    }
}
