using System.Text;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.SelfSigned;

/// <summary>What <c>imgw cert self-signed</c> leaves behind: <c>ca.pem</c>, <c>server.crt</c> (with the CA), <c>server.key</c>.</summary>
public sealed record SelfSignedFiles(string CaPath, string CertificatePath, string KeyPath)
{
    /// <summary>One certificate for all <paramref name="hosts"/>; the CA in <paramref name="directory"/> is used again if it fits.</summary>
    /// <exception cref="CertificateLoadException">The folder cannot be written to.</exception>
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
        // The CA goes with the leaf: a chain that ends in its root proves itself, wherever the file is checked.
        byte[] chain = [.. Encoding.ASCII.GetBytes(leaf.ExportCertificatePem() + "\n"), .. ca.CertificatePem()];
        DurableFile.Write(files.KeyPath, Encoding.ASCII.GetBytes(leaf.KeyPem() + "\n"));
        DurableFile.Write(files.CertificatePath, chain, DurableFile.Readable);
        return files;
    }

    /// <summary>The CA in <paramref name="directory"/>; a new one where that does not fit.</summary>
    internal static DevelopmentCa LoadOrCreateCa(string directory, IReadOnlyList<HostName> hosts, TimeProvider time)
    {
        DurableFile.CreatePrivateFolder(directory);
        var (certificatePath, keyPath) = (Path.Combine(directory, "ca.pem"), Path.Combine(directory, "ca.key"));
        if (File.Exists(certificatePath) && File.Exists(keyPath)
            && DevelopmentCa.TryLoad(File.ReadAllBytes(certificatePath), File.ReadAllBytes(keyPath), hosts, time) is { } usable) return usable;
        var ca = DevelopmentCa.Create(hosts, time);
        // The key first: a crash in between leaves two files that do not match, and the next call starts over.
        DurableFile.Write(keyPath, ca.KeyPem());
        DurableFile.Write(certificatePath, ca.CertificatePem());
        return ca;
    }
}
