using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Acme;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>Connects to the configured CA, or to its staging directory.</summary>
sealed class AcmeServerFactory(EdgeOptions options, AcmeMetrics metrics, TimeProvider time)
{
    public Uri Directory { get; } = AcmePaths.DirectoryOf(options);

    /// <exception cref="IssuanceException">The file of trusted roots cannot be used.</exception>
    /// <exception cref="AcmeException">The CA's directory cannot be fetched.</exception>
    public Task<AcmeServer> OpenAsync(CancellationToken cancellationToken) => OpenAsync(Directory, cancellationToken);

    /// <exception cref="IssuanceException">The CA has no staging directory.</exception>
    /// <exception cref="AcmeException">The CA's directory cannot be fetched.</exception>
    public Task<AcmeServer> OpenStagingAsync(CancellationToken cancellationToken) => AcmeDirectories.StagingOf(options.Acme.Directory) is { } staging
        ? OpenAsync(staging, cancellationToken)
        : throw new IssuanceException($"{Directory.Host} has no staging directory that is known here; leave out --staging");

    Task<AcmeServer> OpenAsync(Uri directory, CancellationToken cancellationToken) => AcmeServer.ConnectAsync(
        directory,
        new AcmeServerOptions { TrustedRoots = TrustedRoots(), Time = time, UserAgent = "imgw", OnRequest = metrics.Requested, Proxy = new OutgoingProxy(() => options) },
        cancellationToken);

    X509Certificate2Collection? TrustedRoots()
    {
        if (options.Acme.TrustedRootsFile is not { } path) return null;
        try
        {
            var roots = PemDocument.Parse(File.ReadAllBytes(path)).Certificates;
            if (roots.Count > 0) return [.. roots];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new IssuanceException($"Edge:Acme:TrustedRootsFile: {path} cannot be read: {e.Message.TrimEnd('.')}; name a PEM file with the roots of the CA's HTTPS", e);
        }

        throw new IssuanceException($"Edge:Acme:TrustedRootsFile: {path} holds no certificate; name a PEM file with the roots of the CA's HTTPS");
    }
}
