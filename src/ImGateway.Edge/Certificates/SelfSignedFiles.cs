using System.Text;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates;

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
        using var ca = DevelopmentCa.LoadOrCreate(directory, hosts, time);
        var credential = ca.Issue(hosts, keyType);
        using var leaf = credential.Leaf;
        var files = new SelfSignedFiles(ca.CertificatePath, Path.Combine(directory, "server.crt"), Path.Combine(directory, "server.key"));
        // The CA goes with the leaf: a chain that ends in its root proves itself, wherever the file is checked.
        var chain = leaf.ExportCertificatePem() + "\n" + File.ReadAllText(ca.CertificatePath);
        DurableFile.Write(files.KeyPath, Encoding.ASCII.GetBytes(leaf.KeyPem() + "\n"));
        DurableFile.Write(files.CertificatePath, Encoding.ASCII.GetBytes(chain), DurableFile.Readable);
        return files;
    }
}
