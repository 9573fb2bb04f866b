using System.Security.Cryptography;
using System.Text;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>
/// <c>NAME/pending.pem</c>: an order sent to a CA and the key it is for, so that a crash costs neither: what the CA has issued meanwhile is
/// fetched, and nothing is ordered twice.
/// </summary>
sealed class PendingOrderFile(string path)
{
    const string Prefix = "Order: ";

    /// <exception cref="IOException">The disk does not take it.</exception>
    /// <exception cref="UnauthorizedAccessException">The store may not be written to.</exception>
    public void Write(Uri order, AsymmetricAlgorithm key)
    {
        DurableFile.CreatePrivateFolder(Path.GetDirectoryName(path)!);
        DurableFile.Write(path, Encoding.ASCII.GetBytes($"{Prefix}{order.AbsoluteUri}\n{key.ExportPkcs8PrivateKeyPem()}\n"));
    }

    /// <summary>Null where there is none, or it is damaged. The caller disposes the key.</summary>
    public PendingOrder? Read()
    {
        if (!File.Exists(path)) return null;
        var content = File.ReadAllBytes(path);
        var first = Encoding.Latin1.GetString(content).Split('\n', 2)[0];
        if (!first.StartsWith(Prefix, StringComparison.Ordinal) || !Uri.TryCreate(first[Prefix.Length..], UriKind.Absolute, out var order)) return null;
        var key = PrivateKeyReader.Read(path, content, PemDocument.KeysOf(content).Keys, password: null, []);
        return key is null ? null : new PendingOrder(order, key);
    }

    public void Remove()
    {
        // Of a host without any certificate yet there may be no folder either.
        if (File.Exists(path)) File.Delete(path);
    }
}

/// <summary>Has no printable form of its key.</summary>
sealed class PendingOrder(Uri order, AsymmetricAlgorithm key) : IDisposable
{
    public Uri Order => order;

    public AsymmetricAlgorithm Key => key;

    public void Dispose() => key.Dispose();
}
