using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.X509;

/// <summary>Public key pins (RFC 7469 §2.4): base64 of the SHA-256 of the subject public key info.</summary>
public static class CertificatePins
{
    public static string Of(Credential credential) => Of(credential.Leaf);

    public static string Of(X509Certificate2 certificate) => Pin(certificate.PublicKey.ExportSubjectPublicKeyInfo());

    public static string Of(AsymmetricAlgorithm key) => Pin(key.ExportSubjectPublicKeyInfo());

    /// <summary>Generates a key for a later certificate into the new file <paramref name="path"/> (mode 0600), and returns its pin.</summary>
    /// <exception cref="UserError">The file exists already or cannot be written.</exception>
    public static string CreateBackupKey(string path, KeyType keyType)
    {
        // Never overwrite: the file may be the only copy of a key whose pin apps already contain.
        if (Path.Exists(path)) throw new UserError($"{path}: exists already; name a new file for the backup key");
        using var key = keyType.CreateKey();
        try
        {
            DurableFile.WriteNew(path, Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserError($"{path}: cannot be written: {e.Message.TrimEnd('.')}; name a new file in a folder that exists", e);
        }

        return Of(key);
    }

    static string Pin(byte[] publicKey) => Convert.ToBase64String(SHA256.HashData(publicKey));
}
