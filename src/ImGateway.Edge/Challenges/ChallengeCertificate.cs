using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Challenges;

/// <summary>Creates an in-memory self-signed certificate of one host, for the validation requests of CAs.</summary>
static class ChallengeCertificate
{
    /// <summary>CAs do not check the dates; the tolerance is for clock differences.</summary>
    static readonly TimeSpan Validity = TimeSpan.FromDays(2);

    public static Credential Create(string type, HostName host, DateTimeOffset now, params ReadOnlySpan<X509Extension> extensions)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=ImGateway Edge {type}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(SubjectAlternativeNames.For(host));
        foreach (var extension in extensions) request.CertificateExtensions.Add(extension);
        return new Credential(request.CreateSelfSigned(now - Validity, now + Validity), [], [host]);
    }
}
