using System.Security.Cryptography;
using System.Text;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.Store;

/// <summary>
/// <c>NAME/pending.pem</c>: an order sent to a CA and the key it is for, so that a crash costs neither: what the CA has issued meanwhile is
/// fetched, and nothing is ordered twice.
/// </summary>
sealed class PendingOrderFile(IStorage storage, string key)
{
    const string Prefix = "Order: ";
    const string RevokedPrefix = "Instead-Of-Revoked: ";
    const string Counted = "Counted: yes";

    /// <summary>Whether the order to be written was counted in the budget; one of a version that did not write this is taken for one that was not.</summary>
    public bool Counts { get; set; }

    /// <param name="revoked">SHA-256 of the certificate whose revocation the order came after; null where there was none.</param>
    /// <exception cref="IOException">The disk does not take it.</exception>
    /// <exception cref="UnauthorizedAccessException">The store may not be written to.</exception>
    public async Task WriteAsync(Uri order, AsymmetricAlgorithm orderKey, string? revoked, CancellationToken cancellationToken)
    {
        var after = (revoked is null ? "" : $"{RevokedPrefix}{revoked}\n") + (Counts ? $"{Counted}\n" : "");
        await storage.WriteAsync(key, Encoding.ASCII.GetBytes($"{Prefix}{order.AbsoluteUri}\n{after}{orderKey.ExportPkcs8PrivateKeyPem()}\n"), cancellationToken);
    }

    /// <summary>Null where there is none, or it is damaged. The caller disposes the key.</summary>
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

/// <summary>Has no printable form of its key.</summary>
sealed class PendingOrder(Uri order, AsymmetricAlgorithm key, string? revoked, bool counts) : IDisposable
{
    public Uri Order => order;

    public AsymmetricAlgorithm Key => key;

    /// <summary>SHA-256 of the certificate whose revocation it came after; null where there was none.</summary>
    public string? Revoked => revoked;

    /// <summary>Whether it was counted in the budget when it was sent.</summary>
    public bool Counts => counts;

    public void Dispose() => key.Dispose();
}
