using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates;

/// <summary>
/// Makes this process the one that writes the store, once the edge that it replaces has gone. What that edge stored last counts, so it is
/// served before anything is written, whoever asks first: the loop or a verb.
/// </summary>
sealed partial class StoreTakeover(IStorage storage, CertificateStore store, CertificateStart start, RenewalBook book, ILogger<StoreTakeover> logger)
{
    string? _problem;

    /// <summary>For who has the turn. False where another process writes the store.</summary>
    /// <exception cref="CertificateLoadException">The store cannot be used; the next call tries again.</exception>
    public async Task<bool> TryAsync(CancellationToken cancellationToken)
    {
        if (storage.IsWriter) return true;
        if (!await store.TryBecomeWriterAsync(cancellationToken)) return false;
        try
        {
            await start.SettleAsync([], cancellationToken);
        }
        catch
        {
            await store.ResignAsync();
            throw;
        }

        await book.ReadAnewAsync(cancellationToken);
        return true;
    }

    /// <summary>The same for the loop, which has other things to do where it fails: one line for each problem.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
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
