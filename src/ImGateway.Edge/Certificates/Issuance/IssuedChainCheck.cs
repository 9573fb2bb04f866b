using System.Security.Cryptography;
using System.Text;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>Checks a chain issued by a CA like a file, and against the order.</summary>
/// <param name="warn">Receives warnings about a certificate that is served.</param>
sealed class IssuedChainCheck(EdgeOptions options, TimeProvider time, Action<HostName, CertificateProblem> warn)
{
    /// <exception cref="IssuanceException">The chain cannot be served.</exception>
    public Credential Check(string pem, AsymmetricAlgorithm key, HostName host, string ca)
    {
        var contents = FileContents.Of(pem, key.ExportPkcs8PrivateKeyPem(), NamedRoots(pem), password: null);
        var reading = new CertificateFileReader(options.Hosts, time).Read(contents);
        if (reading.Credential is not { } credential)
        {
            throw new IssuanceException(
                $"certificate from {ca}: {string.Join(" · ", reading.Problems.Select(problem => problem.Message))}; it is ordered anew; if that goes on, ask the CA")
            {
                MayHaveIssued = true,
            };
        }

        foreach (var warning in reading.Warnings) warn(host, warning);
        // An additional name does not harm clients, and another order would use up a weekly limit.
        if (credential.Covers(host)) return credential;
        throw new IssuanceException($"certificate from {ca}: is for {string.Join(", ", credential.Names)}, not for {host}; it is ordered anew; if that goes on, ask the CA")
        {
            MayHaveIssued = true,
        };
    }

    /// <summary>
    /// The roots in <c>Acme:TrustedRootsFile</c> that issued this chain, null if there are none: a private CA usually serves HTTPS with a certificate of the root
    /// that it also issues from, and this machine need not trust that root.
    /// </summary>
    string? NamedRoots(string pem)
    {
        if (options.Acme.TrustedRootsFile is not { } path) return null;
        try
        {
            var delivered = PemDocument.Parse(Encoding.UTF8.GetBytes(pem)).Certificates;
            var roots = PemDocument.Parse(File.ReadAllBytes(path)).Certificates
                .Where(root => root.IsSelfSigned() && delivered.Any(certificate => !certificate.IsSelfSigned() && certificate.IsIssuedBy(root)))
                .Select(root => root.ExportCertificatePem()).ToList();
            return roots.Count == 0 ? null : string.Join('\n', roots);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            // Problems of the chain are found by its checks, and those of the file when connecting to the CA.
            return null;
        }
    }
}
