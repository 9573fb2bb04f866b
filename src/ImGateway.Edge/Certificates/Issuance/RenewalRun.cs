using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;
using ImGateway.Edge.Storage;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>One renewal of one host, from the order to the installation. A failure does not affect other hosts.</summary>
sealed partial class RenewalRun(
    CurrentCertificateOptions options,
    Reloadable<IssuingCa> ca,
    IStorage storage,
    SharedCertificates shared,
    CertificateStore store,
    CertificateInstaller installer,
    RenewalStates renewalStates,
    AsyncLock certificateLock,
    CertificateMetrics metrics,
    CertificateAudit audit,
    RenewalProgress progress,
    Reloadable<FilesSource> files,
    TimeProvider time,
    SharedRandom random,
    ILogger<RenewalRun> logger)
{
    const int LongestError = 400;

    /// <param name="decidedOn">What was served when the renewal was decided on; null = nothing. Another edge may have replaced it since.</param>
    /// <returns>Null if the certificate was revoked meanwhile: a certificate ordered before that is not used.</returns>
    public async Task<RenewResult?> RunAsync(HostName host, Credential? decidedOn, InstallCause cause, IProgress<string>? observer, CancellationToken cancellationToken)
    {
        try
        {
            return await RenewAsync(host, decidedOn, cause, observer, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // The storage cannot lease the renewal, or not delete its order.
            return await FailedAsync(host, cause, e, cancellationToken);
        }
    }

    async Task<RenewResult?> RenewAsync(HostName host, Credential? decidedOn, InstallCause cause, IProgress<string>? observer, CancellationToken cancellationToken)
    {
        // 1. Take the lease: of all edges that share the storage, one renews the host. Its previous holder may have renewed already.
        await using var lease = await storage.TryLeaseAsync($"issuance/{host.CertificateName}", cancellationToken);
        if (lease is null) return new(host, Succeeded: false, $"{host}: another edge renews it already; repeat this when that one is done", Serial(host));
        if (storage.IsShared) await shared.AdoptAsync(host, cancellationToken);
        if (storage.IsShared && installer.Served.GetValueOrDefault(host)?.Credential != decidedOn && !renewalStates.Of(host).Revoked)
            return new(host, Succeeded: true, $"{host}: another edge has renewed it", Serial(host));
        if (storage.IsShared && cause.IsByLoop && renewalStates.Of(host).NextAttempt > time.GetUtcNow()) return null;

        // If a reload changes the CA meanwhile, this renewal still completes with the old one.
        var (authority, budget) = ca.Value;
        var counted = false;
        var pending = store.PendingOrder(host);
        var state = renewalStates.Of(host);
        try
        {
            // 2. Issue, without the lock, because this may take minutes.
            var old = installer.Served.GetValueOrDefault(host);
            Begins(host, cause.Reason, cause.Who);
            var request = new IssueRequest(host, old, pending, BeginOrder, () => counted = true, () => NoteAsync(() => budget.AuthorizationFailedAsync(host, cancellationToken))) { NewKey = state.Revoked, IsLate = IsLate(old, state) };
            var issued = await authority.IssueAsync(request, progress.Of(host, observer), cancellationToken);

            // 3. Install, unless a file covers the host by now.
            using (await certificateLock.AcquireAsync(cancellationToken))
            {
                if (!IsConfigured(host)) return new(host, Succeeded: false, $"{host}: is no longer configured; what was issued is not put to use", SerialNumber: null);
                if (files.Value.Covers(host)) return new(host, Succeeded: false, $"{host}: is served from a file now; what was issued is not put to use", Serial(host));
                if (IsOvertaken(host, state))
                {
                    await pending.RemoveAsync(cancellationToken);
                    Overtaken(host);
                    return null;
                }

                var offer = issued with { FileHash = installer.Served.GetValueOrDefault(host)?.FileHash };
                var changes = new Dictionary<HostName, HostCertificate> { [host] = offer };
                if (await installer.InstallAsync(changes, cause, lease, cancellationToken) is { } failure)
                {
                    // After a full disk or with a clock that is behind, the issued certificate can be installed later; one that cannot be served is discarded.
                    if (failure is { IsStorage: false, IsEarly: false }) await pending.RemoveAsync(cancellationToken);
                    throw new IssuanceException($"what was issued {(failure.IsStorage ? "" : "is not served: ")}{failure.Why}") { MayHaveIssued = true };
                }

                // 4. Delete the pending order and the revoked certificate.
                await pending.RemoveAsync(cancellationToken);
                if (state.Revoked) await installer.ForgetPreviousAsync(host, cancellationToken);
                await renewalStates.SaveAsync(host, RenewalState.For(offer.Credential.Fingerprint) with { WithoutProfile = offer.WithoutProfile }, cancellationToken);
                return new(host, Succeeded: true, $"{host}: certificate {offer.Credential.SerialNumber}, valid until {offer.Credential.NotAfter:u}", offer.Credential.SerialNumber);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            if (counted && e is IssuanceException { MayHaveIssued: false }) await NoteAsync(() => budget.NotIssuedAsync(host, cancellationToken));
            if (!IsOvertaken(host, state)) return await FailedAsync(host, cause, e, cancellationToken);
            // The next order must not use this one's key.
            await pending.RemoveAsync(cancellationToken);
            Overtaken(host);
            return null;
        }

        async Task<bool> BeginOrder(bool isExempt)
        {
            // The renewal's previous order has failed, so it issued no certificate.
            if (counted) await budget.NotIssuedAsync(host, cancellationToken);
            counted = false;
            var serves = installer.Served.GetValueOrDefault(host) is { } now && now.Credential.NotAfter > time.GetUtcNow();
            // Boulder exempts only renewals within the suggested window. Replacements after a revocation by the CA are always counted: if a CA revokes
            // each new certificate, the budget ends the loop.
            var isFree = isExempt && state.IsInWindow(time.GetUtcNow()) && cause is not { Reason: RenewalReasons.Revoked, Who: InstallCause.Loop };
            await budget.BeginAsync(host, isFree, mayTakeLast: !serves, cancellationToken);
            return counted = !isFree;
        }
    }

    async Task<RenewResult> FailedAsync(HostName host, InstallCause cause, Exception e, CancellationToken cancellationToken)
    {
        if (e is not IssuanceException) Unforeseen(host, e);
        var why = Why(e);
        var (served, now) = (installer.Served.GetValueOrDefault(host)?.Credential, time.GetUtcNow());
        var next = RetrySchedule.Next(renewalStates.Of(host).Failures + 1, served?.NotAfter, (e as IssuanceException)?.RetryAfter, random.NextDouble(), now);
        await renewalStates.ChangeAsync(
            host, state => state with { Failures = state.Failures + 1, AttemptedAt = now, NextAttempt = next, LastError = why, Reason = cause.Reason }, cancellationToken);
        if (IsConfigured(host)) metrics.RenewalFailed(host, cause.Reason);
        await audit.RenewalFailedAsync(host, served, cause, why);
        if (served is null) NothingServed(host, why, next);
        else if (served.NotAfter < now) ExpiredServed(host, why, served.SerialNumber, served.NotAfter, next);
        else Failed(host, why, served.SerialNumber, served.NotAfter, next);
        return new(host, Succeeded: false, $"{host}: {why}", served?.SerialNumber);
    }

    /// <summary>A line of bounded length. The remedy is never truncated, because it may contain a link.</summary>
    static string Why(Exception e)
    {
        var text = e is IssuanceException ? e.Message : $"{e.GetType().Name}: {e.Message}";
        var line = SingleLine.EscapeAtMost(text, LongestError);
        return text.Length > LongestError && e is IssuanceException { Remedy: { } remedy } ? $"{line}; {SingleLine.Escape(remedy)}" : line;
    }

    /// <summary>Whether the served certificate was marked as revoked after <paramref name="begun"/> was read.</summary>
    bool IsOvertaken(HostName host, RenewalState begun) =>
        renewalStates.Of(host) is { Revoked: true } now && !(begun.Revoked && begun.CertificateSha256 == now.CertificateSha256);

    bool IsLate(HostCertificate? old, RenewalState state) =>
        Validity.Of(old) is { } validity && RenewalPolicy.Due(validity, state, RenewalSettings.Of(options.Value)).IsLate(validity, time.GetUtcNow());

    bool IsConfigured(HostName host) => options.Value.Hosts.Contains(host);

    string? Serial(HostName host) => installer.Served.GetValueOrDefault(host)?.Credential.SerialNumber;

    async Task NoteAsync(Func<Task> inBudget)
    {
        try
        {
            await inBudget();
        }
        catch (IssuanceException e)
        {
            BudgetLost(e.Message);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "{Host}: ordering a certificate ({Reason}, by {Who})")]
    partial void Begins(HostName host, string reason, string who);

    [LoggerMessage(2, LogLevel.Error, "{Host}: renewal failed: {Why}. It goes on with certificate {Serial}, valid until {NotAfter:u}; next attempt {Next:u}")]
    partial void Failed(HostName host, string why, string serial, DateTimeOffset notAfter, DateTimeOffset next);

    [LoggerMessage(3, LogLevel.Error, "{Host}: renewal failed: {Why}. Certificate {Serial}, expired since {NotAfter:u}, is served all the same; next attempt {Next:u}")]
    partial void ExpiredServed(HostName host, string why, string serial, DateTimeOffset notAfter, DateTimeOffset next);

    [LoggerMessage(4, LogLevel.Error, "{Host}: no certificate: {Why}. Its TLS connections are refused until there is one; next attempt {Next:u}")]
    partial void NothingServed(HostName host, string why, DateTimeOffset next);

    [LoggerMessage(5, LogLevel.Warning, "{Host}: the certificate was revoked during its renewal; what was ordered before is not put to use, and another one with a new key is ordered")]
    partial void Overtaken(HostName host);

    [LoggerMessage(6, LogLevel.Error, "{Host}: a renewal failed with an unexpected exception")]
    partial void Unforeseen(HostName host, Exception exception);

    [LoggerMessage(7, LogLevel.Warning, "{Why}")]
    partial void BudgetLost(string why);
}
