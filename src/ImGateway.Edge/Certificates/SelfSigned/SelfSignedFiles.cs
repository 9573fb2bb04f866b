using System.Text;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.SelfSigned;

/// <summary>The files that <c>imgw cert self-signed</c> writes: <c>ca.pem</c>, <c>server.crt</c> (with the CA), <c>server.key</c>.</summary>
public sealed record SelfSignedFiles(string CaPath, string CertificatePath, string KeyPath)
{
    /// <summary>Writes one certificate for all <paramref name="hosts"/>. The CA in <paramref name="directory"/> is reused if possible.</summary>
    /// <exception cref="CertificateLoadException">The files cannot be written.</exception>
    public static SelfSignedFiles Write(IReadOnlyList<HostName> hosts, string directory, KeyType keyType, TimeProvider time)
    {
        try
        {
            return Issue(hosts, directory, keyType, time);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CertificateLoadException(
                [$"{directory}: cannot be used: {e.Message.TrimEnd('.')}; name a folder that the user {Environment.UserName} may write to"]);
        }
    }

    static SelfSignedFiles Issue(IReadOnlyList<HostName> hosts, string directory, KeyType keyType, TimeProvider time)
    {
        using var ca = LoadOrCreateCa(directory, hosts, time);
        var credential = ca.Issue(hosts, keyType);
        using var leaf = credential.Leaf;
        var files = new SelfSignedFiles(Path.Combine(directory, "ca.pem"), Path.Combine(directory, "server.crt"), Path.Combine(directory, "server.key"));
        // The CA is part of the chain, so that checks of the file find the root.
        byte[] chain = [.. Encoding.ASCII.GetBytes(leaf.ExportCertificatePem() + "\n"), .. ca.CertificatePem()];
        DurableFile.Write(files.KeyPath, Encoding.ASCII.GetBytes(leaf.KeyPem() + "\n"));
        DurableFile.Write(files.CertificatePath, chain, DurableFile.Readable);
        return files;
    }

    /// <summary>The CA in <paramref name="directory"/>, or a new one if that cannot be used.</summary>
    internal static DevelopmentCa LoadOrCreateCa(string directory, IReadOnlyList<HostName> hosts, TimeProvider time)
    {
        DurableFile.CreatePrivateFolder(directory);
        var (certificatePath, keyPath) = (Path.Combine(directory, "ca.pem"), Path.Combine(directory, "ca.key"));
        if (File.Exists(certificatePath) && File.Exists(keyPath)
            && DevelopmentCa.TryLoad(File.ReadAllBytes(certificatePath), File.ReadAllBytes(keyPath), hosts, time) is { } usable) return usable;
        var ca = DevelopmentCa.Create(hosts, time);
        // After a crash between the two writes the files do not match, and the next call creates a new CA.
        DurableFile.Write(keyPath, ca.KeyPem());
        DurableFile.Write(certificatePath, ca.CertificatePem());
        return ca;
    }
}
