using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates;

/// <summary>
/// Makes this process the writer of the store once the process that it replaces has ended. What that process stored last is served before anything
/// is written. Called by the loop and by verbs.
/// </summary>
sealed partial class StoreTakeover(IStorage storage, StoreWriter writer, CertificateLoader loader, RenewalStates renewalStates, ILogger<StoreTakeover> logger)
{
    string? _problem;

    /// <summary>The caller holds the lock. Returns false if another process writes the store.</summary>
    /// <exception cref="CertificateLoadException">The store cannot be used; the next call tries again.</exception>
    public async Task<bool> TryAsync(CancellationToken cancellationToken)
    {
        if (storage.IsWriter) return true;
        if (!await writer.TryBecomeWriterAsync(cancellationToken)) return false;
        try
        {
            await loader.ServeAllAsync([], cancellationToken);
        }
        catch
        {
            await writer.ResignAsync();
            throw;
        }

        await renewalStates.RereadAsync(cancellationToken);
        return true;
    }

    /// <summary>The same for the loop: a failure is logged, once for each problem, and does not stop the round.</summary>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            await TryAsync(cancellationToken);
            _problem = null;
        }
        catch (CertificateLoadException e)
        {
            if (_problem == e.Message) return;
            _problem = e.Message;
            NotTakenOver(string.Join(" · ", e.Lines));
        }
    }

    [LoggerMessage(1, LogLevel.Error, "The store is not taken over from the edge before: {Problem}. It is tried again every second; until then nothing is renewed or stored")]
    partial void NotTakenOver(string problem);
}
