using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Stapling;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>Renews the hosts whose certificates come from a CA, concurrently up to a limit, with one operation at a time for each host.</summary>
sealed partial class AcmeRenewals(
    CurrentCertificateOptions options,
    Reloadable<IssuingCa> ca,
    CertificateInstaller installer,
    RenewalStates renewalStates,
    RenewalRun run,
    OcspStates ocsp,
    TimeProvider time,
    SharedRandom random,
    ILogger<AcmeRenewals> logger) : IDisposable
{
    const int MaxConcurrency = 4;

    readonly SemaphoreSlim _slots = new(MaxConcurrency, MaxConcurrency);
    readonly Lock _lock = new();
    readonly Dictionary<HostName, Running> _running = [];

    RenewalSettings Settings => RenewalSettings.Of(options.Value);

    /// <summary>Starts the renewals of <paramref name="hosts"/> that are due, without waiting. The caller holds the lock.</summary>
    public async Task StartDueAsync(IEnumerable<HostName> hosts, CancellationToken cancellationToken)
    {
        foreach (var host in hosts)
        {
            await NoteRevocationAsync(host, cancellationToken);
            if (Decide(host) is not RenewalDecision.Wait) Start(host, known: null, () => ObservedRoundAsync(host, cancellationToken), cancellationToken);
        }
    }

    /// <summary>Completes when all operations in progress have ended.</summary>
    public Task EndedAsync()
    {
        lock (_lock) return Task.WhenAll(_running.Values.Select(running => running.Task));
    }

    /// <summary>
    /// Renews on request of an operator. Waits for a renewal in progress, whose result counts if it matches the request: from the CA that is
    /// configured now, and with no revoked certificate left.
    /// </summary>
    /// <param name="force">Renews even if the certificate is not due.</param>
    public async Task<RenewResult> RenewAsync(HostName host, bool force, string who, string reason, IProgress<string> progress, CancellationToken cancellationToken)
    {
        Running? known = null;
        while (true)
        {
            // What the previous run has installed is not a renewal by another edge.
            var decidedOn = Served(host);
            if (known is null && !force && NotDue(host) is { } notDue) return notDue;
            var (running, started) = Start(
                host, known, () => InSlotAsync(async () => await run.RunAsync(host, decidedOn, new InstallCause(reason, who), progress, cancellationToken), cancellationToken), cancellationToken);
            if (!started) progress.Report($"{host}: is being seen to already; waiting for the end of that");
            var result = await running.Task.WaitAsync(cancellationToken);
            if (result is not null && (started || (running.Ca == ca.Value && !renewalStates.Of(host).Revoked))) return result;
            known = running;
        }
    }

    public void Dispose() => _slots.Dispose();

    /// <summary>Records that the CA reports the certificate as revoked (OCSP), once for each certificate.</summary>
    async Task NoteRevocationAsync(HostName host, CancellationToken cancellationToken)
    {
        if (Served(host) is not { } credential || !ocsp.IsRevoked(credential) || renewalStates.Of(host) is { Revoked: true }) return;
        await renewalStates.SaveAsync(host, renewalStates.Of(host) with { Revoked = true }, cancellationToken);
        FoundRevoked(host, credential.SerialNumber);
    }

    /// <summary>Nothing awaits a round of the loop before the stop, so its exceptions are logged here.</summary>
    async Task<RenewResult?> ObservedRoundAsync(HostName host, CancellationToken cancellationToken)
    {
        try
        {
            return await RoundAsync(host, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            Unforeseen(host, e);
            return null;
        }
    }

    /// <summary>Performs what is due for one host, until nothing is.</summary>
    /// <returns>The result of a renewal; null if there was none.</returns>
    Task<RenewResult?> RoundAsync(HostName host, CancellationToken cancellationToken) => InSlotAsync(
        async () =>
        {
            var (decidedOn, decision) = (Served(host), Decide(host));
            if (decision is RenewalDecision.AskRenewalInfo)
            {
                await AskAsync(host, cancellationToken);
                (decidedOn, decision) = (Served(host), Decide(host));
            }

            return decision is RenewalDecision.Renew renew
                ? await run.RunAsync(host, decidedOn, InstallCause.ByLoop(renew.Reason), observer: null, cancellationToken)
                : null;
        },
        cancellationToken);

    async Task AskAsync(HostName host, CancellationToken cancellationToken)
    {
        if (Served(host) is not { } credential) return;
        var (state, now) = (renewalStates.Of(host), time.GetUtcNow());
        var draw = random.NextDouble();
        Func<RenewalState, RenewalState> learn;
        try
        {
            var window = await ca.Value.Authority.AskRenewalInfoAsync(credential.Leaf, cancellationToken);
            learn = known => window?.ApplyTo(known, draw, now) ?? RenewalWindow.NotOffered(known, now);
            if (window is not null && (window.Start != state.WindowStart || window.End != state.WindowEnd))
            {
                Suggested(host, window.Start, window.End, learn(state).ChosenInstant!.Value, window.Explanation is { } page ? SingleLine.Escape($" ({page})") : "");
            }
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            learn = known => RenewalWindow.Unanswered(known, draw, now);
            NotAnswered(host, SingleLine.Escape(e.Message), learn(state).NextCheck!.Value);
        }

        // If the certificate has been replaced meanwhile, the response is ignored: it is about the earlier one.
        await renewalStates.ChangeAsync(host, known => known.CertificateSha256 == state.CertificateSha256 ? learn(known) : known, cancellationToken);
    }

    Credential? Served(HostName host) => installer.Served.GetValueOrDefault(host)?.Credential;

    RenewResult? NotDue(HostName host)
    {
        var served = installer.Served.GetValueOrDefault(host);
        if (Validity.Of(served) is not { } validity) return null;
        var due = RenewalPolicy.Due(validity, renewalStates.Of(host), Settings);
        return due.IsDue(time.GetUtcNow())
            ? null
            : new(host, Succeeded: true, $"{host}: is not due before {due.At:u} ({due.Reason}); --force renews it now", served!.Credential.SerialNumber);
    }

    RenewalDecision Decide(HostName host) =>
        RenewalPolicy.Next(Validity.Of(installer.Served.GetValueOrDefault(host)), renewalStates.Of(host), Settings, time.GetUtcNow());

    /// <param name="known">The operation that the caller has waited for: another one that has begun since then is not repeated, even if it has ended.</param>
    /// <returns>The operation in progress for the host, and whether it is the requested one.</returns>
    (Running Running, bool Started) Start(HostName host, Running? known, Func<Task<RenewResult?>> action, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_running.TryGetValue(host, out var running) && (!running.Task.IsCompleted || (known is not null && running != known))) return (running, false);
            return (_running[host] = new Running(ca.Value, Task.Run(action, cancellationToken)), true);
        }
    }

    async Task<RenewResult?> InSlotAsync(Func<Task<RenewResult?>> action, CancellationToken cancellationToken)
    {
        await _slots.WaitAsync(cancellationToken);
        try
        {
            return await action();
        }
        finally
        {
            _slots.Release();
        }
    }

    /// <param name="Ca">The CA it was started with.</param>
    sealed record Running(IssuingCa Ca, Task<RenewResult?> Task);

    [LoggerMessage(1, LogLevel.Information, "{Host}: the CA suggests renewal between {Start:u} and {End:u}{Explanation}; chosen: {Chosen:u}")]
    partial void Suggested(HostName host, DateTimeOffset start, DateTimeOffset end, DateTimeOffset chosen, string explanation);

    [LoggerMessage(2, LogLevel.Warning, "{Host}: the CA does not say when to renew: {Why}; asked again at {Next:u}, and until then what it said last or the certificate's age decides")]
    partial void NotAnswered(HostName host, string why, DateTimeOffset next);

    [LoggerMessage(3, LogLevel.Warning, "{Host}: certificate {Serial} is revoked, as its CA says; another one with a new key takes its place")]
    partial void FoundRevoked(HostName host, string serial);

    [LoggerMessage(4, LogLevel.Error, "{Host}: a renewal failed with an unexpected exception")]
    partial void Unforeseen(HostName host, Exception exception);
}
