using System.Security.Cryptography;
using System.Text;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>What came back from a CA, judged as a file would be, and by what was ordered.</summary>
/// <param name="warn">Is given what is worth knowing of a certificate that is served.</param>
sealed class IssuedChain(EdgeOptions options, TimeProvider time, Action<HostName, CertificateProblem> warn)
{
    /// <exception cref="IssuanceException">It cannot be served.</exception>
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
        // A name too many harms no client of this one, and each further order would cost one of a few in a week.
        if (credential.Covers(host)) return credential;
        throw new IssuanceException($"certificate from {ca}: is for {string.Join(", ", credential.Names)}, not for {host}; it is ordered anew; if that goes on, ask the CA")
        {
            MayHaveIssued = true,
        };
    }

    /// <summary>
    /// What of <c>Acme:TrustedRootsFile</c> the chain ends in: a private CA mostly has its HTTPS from the root that it issues from, which machines need
    /// not know. Null where it is another one.
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
            // What is wrong with the chain is found where it is judged, and the file where the CA is connected to.
            return null;
        }
    }
}
