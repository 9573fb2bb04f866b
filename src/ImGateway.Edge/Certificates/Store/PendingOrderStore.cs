using System.Security.Cryptography;
using System.Text;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.Store;

/// <summary>
/// <c>NAME/pending.pem</c>: the URL of an order in progress, and its key. After a crash the order is resumed instead of placing another one,
/// also if the CA has issued the certificate meanwhile.
/// </summary>
sealed class PendingOrderStore(IStorage storage, string key)
{
    const string Prefix = "Order: ";
    const string RevokedPrefix = "Instead-Of-Revoked: ";
    const string Counted = "Counted: yes";

    /// <param name="revoked">SHA-256 of the revoked certificate that the order replaces; null if none was revoked.</param>
    /// <param name="counts">Whether the order was counted in the budget. Earlier versions did not write this; their orders are taken as not counted.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">Access to the storage is denied.</exception>
    public async Task WriteAsync(Uri order, AsymmetricAlgorithm orderKey, string? revoked, bool counts, CancellationToken cancellationToken)
    {
        var after = (revoked is null ? "" : $"{RevokedPrefix}{revoked}\n") + (counts ? $"{Counted}\n" : "");
        await storage.WriteAsync(key, Encoding.ASCII.GetBytes($"{Prefix}{order.AbsoluteUri}\n{after}{orderKey.ExportPkcs8PrivateKeyPem()}\n"), cancellationToken);
    }

    /// <summary>Null if there is none, or it is damaged. The caller disposes of the result.</summary>
    public async Task<PendingOrder?> ReadAsync(CancellationToken cancellationToken)
    {
        if (await storage.ReadAsync(key, cancellationToken) is not { } value) return null;
        var content = ByteOrderMark.Skip(value.Content).ToArray();
        var lines = Encoding.Latin1.GetString(content).Split('\n', 4);
        if (!lines[0].StartsWith(Prefix, StringComparison.Ordinal) || !Uri.TryCreate(lines[0][Prefix.Length..], UriKind.Absolute, out var order)) return null;
        var revoked = lines.Skip(1).FirstOrDefault(line => line.StartsWith(RevokedPrefix, StringComparison.Ordinal))?[RevokedPrefix.Length..];
        var counts = lines.Skip(1).Contains(Counted, StringComparer.Ordinal);
        return PrivateKeyReader.TryRead(storage.LocationOf(key), content) is { } orderKey ? new PendingOrder(order, orderKey, revoked, counts) : null;
    }

    public async Task RemoveAsync(CancellationToken cancellationToken) => await storage.DeleteAsync(key, cancellationToken);
}

/// <summary>An order in progress. Its key is never printed.</summary>
sealed class PendingOrder(Uri order, AsymmetricAlgorithm key, string? revoked, bool counts) : IDisposable
{
    public Uri Order => order;

    public AsymmetricAlgorithm Key => key;

    /// <summary>SHA-256 of the revoked certificate that the order replaces; null if none was revoked.</summary>
    public string? Revoked => revoked;

    /// <summary>Whether the order was counted in the budget when it was sent.</summary>
    public bool Counts => counts;

    public void Dispose() => key.Dispose();
}
