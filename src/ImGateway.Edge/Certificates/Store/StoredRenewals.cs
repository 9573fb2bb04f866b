using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.Store;

/// <summary>The renewal state of each host, stored in <c>state.json</c> with the origin of its certificate.</summary>
sealed class StoredRenewals(IStorage storage)
{
    /// <summary>Null if there is none, or it is damaged.</summary>
    public async Task<RenewalState?> ReadAsync(HostName host, CancellationToken cancellationToken) =>
        (await StoredMetadata.ReadAsync(storage, host, cancellationToken))?.Renewal;

    /// <summary>Does nothing if another process writes the storage.</summary>
    public async Task SaveAsync(HostName host, RenewalState renewal, CancellationToken cancellationToken)
    {
        if (storage.IsWriter) await StoredMetadata.ChangeAsync(storage, host, current => (current ?? StoredMetadata.None) with { Renewal = renewal }, cancellationToken);
    }
}
