using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.Store;

/// <summary>The OCSP response of each host, kept for the next start.</summary>
sealed class StoredStaples(IStorage storage)
{
    /// <summary>Null if there is none, or it cannot be read.</summary>
    public async Task<byte[]?> ReadAsync(HostName host, CancellationToken cancellationToken)
    {
        try
        {
            return (await storage.ReadAsync(StoreKeys.Of(host).Staple, cancellationToken))?.Content;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Does nothing if another process writes the storage.</summary>
    /// <exception cref="IOException">The response cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">Access to the storage is denied.</exception>
    public async Task SaveAsync(HostName host, byte[] response, CancellationToken cancellationToken)
    {
        if (!storage.IsWriter) return;
        var keys = StoreKeys.Of(host);
        // Only if a certificate is stored; otherwise another process is about to store one.
        if (await storage.ReadAsync(keys.Current, cancellationToken) is not null) await storage.WriteAsync(keys.Staple, response, cancellationToken);
    }
}
