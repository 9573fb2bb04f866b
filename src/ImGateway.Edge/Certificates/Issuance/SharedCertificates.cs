using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>Serves certificates that other edges have stored, after test handshakes of its own.</summary>
sealed partial class SharedCertificates(
    IStorage storage,
    CurrentCertificateOptions options,
    CertificateStore store,
    CertificateInstaller installer,
    Reloadable<FilesSource> files,
    RenewalStates renewalStates,
    AsyncLock certificateLock,
    ILogger<SharedCertificates> logger) : BackgroundService
{
    /// <summary>Serves the stored certificate of a host, if another one is served now.</summary>
    public async Task AdoptAsync(HostName host, CancellationToken cancellationToken)
    {
        using (await certificateLock.AcquireAsync(cancellationToken))
        {
            var before = installer.Served.GetValueOrDefault(host)?.Credential;
            var isNew = await store.ReadFingerprintAsync(host, cancellationToken) is { Length: > 0 } stored && stored != before?.Fingerprint;
            if (isNew && !files.Value.Covers(host) && (await store.LoadAsync([host], cancellationToken)).TryGetValue(host, out var served)
                && await installer.AdoptAsync(host, served, cancellationToken) is { } why) NotServed(host, served.Credential.SerialNumber, why);
            await renewalStates.RereadAsync(host, cancellationToken);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var changes = storage.WatchAsync(StoreKeys.Root, stoppingToken);
        // The state is written last. Certificates stored between the start and this watch are found by one check.
        if (storage.IsShared) foreach (var host in options.Value.Hosts) await TryAdoptAsync(host, stoppingToken);
        await foreach (var key in changes)
        {
            if (options.Value.Hosts.FirstOrDefault(host => StoreKeys.Of(host).State == key) is { } host) await TryAdoptAsync(host, stoppingToken);
        }
    }

    async Task TryAdoptAsync(HostName host, CancellationToken cancellationToken)
    {
        try
        {
            await AdoptAsync(host, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // A failure for one host does not end the watch.
            NotRead(host, SingleLine.Escape(e.Message));
        }
    }

    [LoggerMessage(1, LogLevel.Error, "{Host}: certificate {Serial}, which another edge has stored, is not served here: {Why}. What was served before still is")]
    partial void NotServed(HostName host, string serial, string why);

    [LoggerMessage(2, LogLevel.Error, "{Host}: what another edge has stored cannot be read: {Why}. What was served before still is")]
    partial void NotRead(HostName host, string why);
}
