using System.Security.Cryptography.X509Certificates;
using ImGateway.Acme;
using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>
/// Revokes certificates at the CA, with new certificates for every host that serves the revoked one. The certificate loop repeats revocations that the
/// CA has not confirmed.
/// </summary>
sealed partial class Revocations(
    Reloadable<IssuingCa> ca,
    StoreWriter writer,
    RevokedCertificates revoked,
    CertificateInstaller installer,
    Reloadable<FilesSource> files,
    RenewalStates renewalStates,
    AcmeRenewals renewals,
    PendingRevocations pending,
    AsyncLock certificateLock,
    CertificateAudit audit,
    ScheduleClock clock,
    SharedRandom random,
    ILogger<Revocations> logger)
{
    /// <summary>Guards <see cref="_next"/> and <see cref="_failures"/>, which verbs and the loop change.</summary>
    readonly Lock _lock = new();

    Task _repeating = Task.CompletedTask;
    DueTime _next;
    int _failures, _verbs;

    public async Task<RenewResult> RevokeAsync(
        HostName host, RevocationReason reason, string who, IProgress<string> progress, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _verbs);
        try
        {
            return await RevokeHereAsync(host, reason, who, progress, cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _verbs);
        }
    }

    /// <summary>Starts to repeat unconfirmed revocations, without waiting. For the loop.</summary>
    public async Task RepeatDueAsync(CancellationToken cancellationToken)
    {
        if (!_repeating.IsCompleted || Volatile.Read(ref _verbs) > 0 || !IsRetryDue()) return;
        var due = (await pending.AllAsync(cancellationToken)).Where(IsDue).ToList();
        if (due.Count > 0) _repeating = Task.Run(() => ObservedRepeatAsync(due, cancellationToken), cancellationToken);
    }

    /// <summary>Completes when the repetition started by <see cref="RepeatDueAsync"/> has ended.</summary>
    public Task EndedAsync() => _repeating;

    async Task<RenewResult> RevokeHereAsync(
        HostName host, RevocationReason reason, string who, IProgress<string> progress, CancellationToken cancellationToken)
    {
        // 1. Record it for every host first: from now on, also after a restart, only later orders can replace the certificate.
        var name = RevocationReasons.NameOf(reason);
        var marked = await MarkAsync(host, name, cancellationToken);
        if (!marked.ContainsKey(host)) return new(host, Succeeded: false, $"{host}: has no certificate; there is nothing to revoke", null);
        var certificates = marked.Values.DistinctBy(credential => credential.Fingerprint).ToList();
        await pending.AddAsync(certificates.Select(credential => new PendingRevocation(credential.Leaf.RawData, reason, who)), cancellationToken);
        var serials = string.Join(", ", certificates.Select(credential => credential.SerialNumber));
        if (marked.Count > 1) progress.Report($"{host}: certificate {serials} is served for {string.Join(", ", marked.Keys)}; all of them get another one");

        // 2. Revoke a compromised key at once; otherwise clients get the new certificate first.
        var compromised = reason == RevocationReason.KeyCompromise;
        var refusal = compromised ? await RevokeAllAsync() : null;

        // 3. Order certificates with new keys, also if the CA refused to revoke. The loop repeats failed orders.
        var renewed = await Task.WhenAll(
            marked.Keys.Select(each => renewals.RenewAsync(each, force: true, who, RenewalReasons.Revoked, progress, cancellationToken)));
        if (renewed.Where(each => !each.Succeeded).Select(each => each.Message).ToList() is { Count: > 0 } failures)
        {
            var why = string.Join(" · ", failures);
            return Result(succeeded: false, compromised && refusal is null
                ? $"certificate {serials} is revoked, but there is no new one yet: {why}"
                : $"certificate {serials} is not revoked yet, and there is no new one: {refusal ?? why}; both are tried again");
        }

        // 4. Revoke the certificate that is no longer served.
        if (!compromised) refusal = await RevokeAllAsync();
        var served = renewed is [var only] ? $"{only.SerialNumber} is served" : $"served are {string.Join(", ", renewed.Select(each => $"{each.SerialNumber} for {each.Host}"))}";
        return refusal is null
            ? Result(succeeded: true, $"certificate {serials} is revoked; {served}")
            : Result(succeeded: false, $"certificate {serials} is not revoked yet: {refusal}; the CA is asked again. {served}");

        RenewResult Result(bool succeeded, string message) =>
            new(host, succeeded, $"{host}: {message}", installer.Served.GetValueOrDefault(host)?.Credential.SerialNumber) { Hosts = [.. marked.Keys] };

        // Null, or why not all were revoked.
        async Task<string?> RevokeAllAsync()
        {
            string? why = null;
            foreach (var credential in certificates)
            {
                progress.Report($"{host}: revoking certificate {credential.SerialNumber}");
                var refusedOne = await RevokeAtCaAsync(credential.Leaf, reason, who, marked.Where(entry => entry.Value.Fingerprint == credential.Fingerprint).Select(entry => entry.Key), cancellationToken);
                why ??= refusedOne;
            }

            if (why is not null) ScheduleRetry();
            return why;
        }
    }

    /// <summary>Nothing awaits a repetition before the stop, so its exceptions are logged here.</summary>
    async Task ObservedRepeatAsync(IReadOnlyList<PendingRevocation> due, CancellationToken cancellationToken)
    {
        try
        {
            await RepeatAsync(due, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            Unforeseen(e, ScheduleRetry());
        }
    }

    async Task RepeatAsync(IReadOnlyList<PendingRevocation> due, CancellationToken cancellationToken)
    {
        DateTimeOffset? next = null;
        foreach (var revocation in due)
        {
            using var certificate = X509CertificateLoader.LoadCertificate(revocation.Certificate);
            var hosts = CertificateNames.Of(certificate);
            if (await RevokeAtCaAsync(certificate, revocation.Reason, revocation.Who, hosts, cancellationToken) is not { } refusal)
            {
                Revoked(string.Join(", ", hosts), certificate.SerialNumber);
                continue;
            }

            next ??= ScheduleRetry();
            NotRevoked(string.Join(", ", hosts), certificate.SerialNumber, SingleLine.Escape(refusal), next.Value);
        }

        if (next is not null) return;
        lock (_lock) _failures = 0;
    }

    /// <returns>Null, or why the CA has not revoked it.</returns>
    async Task<string?> RevokeAtCaAsync(X509Certificate2 leaf, RevocationReason reason, string who, IEnumerable<HostName> hosts, CancellationToken cancellationToken)
    {
        try
        {
            await ca.Value.Authority.RevokeAsync(leaf, reason, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            return e.Message;
        }

        await pending.RemoveAsync(leaf, cancellationToken);
        foreach (var host in hosts) await audit.RevokedAsync(host, leaf.SerialNumber, new InstallCause(RenewalReasons.Revoked, who), RevocationReasons.NameOf(reason));
        return null;
    }

    /// <summary>A compromised key is revoked at once, other certificates when they are no longer served.</summary>
    bool IsDue(PendingRevocation revocation) =>
        revocation.Reason == RevocationReason.KeyCompromise || !installer.Served.Values.Any(served => revocation.IsOf(served.Credential.Leaf));

    bool IsRetryDue()
    {
        lock (_lock) return _next.IsDue(clock.Now);
    }

    /// <returns>When the CA is asked again.</returns>
    DateTimeOffset ScheduleRetry()
    {
        lock (_lock)
        {
            var now = clock.Now;
            var next = RetrySchedule.Next(++_failures, notAfter: null, retryAfter: null, random.NextDouble(), now.Wall);
            _next = DueTime.After(next - now.Wall, now);
            return next;
        }
    }

    /// <summary>Marks the host's certificate as revoked. Returns every host that serves it, or another certificate of a compromised key; empty if the host has none.</summary>
    async Task<IReadOnlyDictionary<HostName, Credential>> MarkAsync(HostName host, string reason, CancellationToken cancellationToken)
    {
        using (await certificateLock.AcquireAsync(cancellationToken))
        {
            var served = installer.Served;
            if (!served.TryGetValue(host, out var old)) return new Dictionary<HostName, Credential>();
            await revoked.AddAsync(old.Credential, reason, cancellationToken);
            await DestroyCompromisedAsync(cancellationToken);
            // A file with the revoked certificate no longer covers its hosts.
            files.Value.RejectAll(revoked.Contains);
            var marked = served.Where(entry => IsSame(entry.Value.Credential))
                .ToDictionary(entry => entry.Key, entry => entry.Value.Credential);
            foreach (var each in marked.Keys) await renewalStates.SaveAsync(each, renewalStates.Of(each) with { NextAttempt = null }, cancellationToken);
            return marked;

            bool IsSame(Credential other) =>
                other.Fingerprint == old.Credential.Fingerprint || (reason == RevokedCertificate.KeyCompromise && CertificatePins.Of(other) == CertificatePins.Of(old.Credential));
        }
    }

    /// <summary>A storage that fails does not prevent the revocation at the CA. The next start or takeover deletes what is left.</summary>
    async Task DestroyCompromisedAsync(CancellationToken cancellationToken)
    {
        try
        {
            await writer.DestroyCompromisedAsync(cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            NotDestroyed(e.Message.TrimEnd('.'));
        }
    }

    [LoggerMessage(1, LogLevel.Information, "{Hosts}: the CA has revoked certificate {Serial} now")]
    partial void Revoked(string hosts, string serial);

    [LoggerMessage(2, LogLevel.Error, "{Hosts}: certificate {Serial} is not revoked yet: {Why}; the CA is asked again at {Next:u}")]
    partial void NotRevoked(string hosts, string serial, string why, DateTimeOffset next);

    [LoggerMessage(3, LogLevel.Error, "Not all copies of a compromised key could be deleted: {Why}. The revocation goes on; remove the file")]
    partial void NotDestroyed(string why);

    [LoggerMessage(4, LogLevel.Error, "The repetition of a revocation failed with an unexpected exception; the CA is asked again at {Next:u}")]
    partial void Unforeseen(Exception exception, DateTimeOffset next);
}
