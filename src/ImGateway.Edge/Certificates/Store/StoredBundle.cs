using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Storage;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Store;

/// <summary>The content of <c>current.pem</c> and <c>previous.pem</c>: the private key, then the chain as delivered, including a root that is not sent.</summary>
static class StoredBundle
{
    public static byte[] ToBytes(Credential credential) => Encoding.ASCII.GetBytes(
        credential.Leaf.KeyPem() + "\n" + string.Concat(credential.Delivered.Select(certificate => certificate.ExportCertificatePem() + "\n")));

    /// <summary>The default if there is no readable certificate.</summary>
    public static async Task<T?> LeafOfAsync<T>(IStorage storage, string key, Func<X509Certificate2, T> of, CancellationToken cancellationToken) =>
        await storage.ReadAsync(key, cancellationToken) is { } value ? LeafOf(value.Content, of) : default;

    public static T? LeafOf<T>(byte[] bundle, Func<X509Certificate2, T> of)
    {
        IReadOnlyList<X509Certificate2> certificates = [];
        try
        {
            certificates = PemDocument.Parse(bundle).Certificates;
            return certificates is [var leaf, ..] ? of(leaf) : default;
        }
        catch (CryptographicException)
        {
            return default;
        }
        finally
        {
            foreach (var certificate in certificates) certificate.Dispose();
        }
    }
}
