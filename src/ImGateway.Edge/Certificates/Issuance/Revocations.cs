using System.Text.Json;
using ImGateway.Acme;
using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>Revocation at the CA, with new certificates for every host that serves the revoked one.</summary>
sealed class Revocations(
    Current<IssuingCa> ca,
    CertificateStore store,
    CertificateInstaller installer,
    Current<FilesSource> files,
    RenewalBook book,
    AcmeRenewals renewals,
    Turn turn,
    CertificateAudit audit)
{
    public async Task<RenewResult> RevokeAsync(
        HostName host, RevocationReason reason, string who, IProgress<string> progress, CancellationToken cancellationToken)
    {
        // 1. Recorded first, for every host: only an order that begins after this satisfies it, over restarts, too.
        var name = JsonNamingPolicy.CamelCase.ConvertName(reason.ToString());
        var marked = await MarkAsync(host, name, cancellationToken);
        if (!marked.TryGetValue(host, out var old)) return new(host, Succeeded: false, $"{host}: has no certificate; there is nothing to revoke", null);
        var serials = string.Join(", ", marked.Values.Select(credential => credential.SerialNumber).Distinct());
        if (marked.Count > 1) progress.Report($"{host}: certificate {serials} is served for {string.Join(", ", marked.Keys)}; all of them get another one");
        try
        {
            // 2. A key that others know is of no use to clients: revoked at once. Otherwise clients get the new one first.
            var compromised = reason == RevocationReason.KeyCompromise;
            if (compromised) await RevokeAtCaAsync();

            // 3. New certificates with new keys; where that fails now, the loop goes on trying.
            var renewed = await Task.WhenAll(
                marked.Keys.Select(each => renewals.RenewAsync(each, force: true, who, RenewalReasons.Revoked, progress, cancellationToken)));
            if (renewed.Where(each => !each.Succeeded).Select(each => each.Message).ToList() is { Count: > 0 } failures)
            {
                var why = string.Join(" · ", failures);
                return Result(succeeded: false, compromised
                    ? $"certificate {serials} is revoked, but there is no new one yet: {why}"
                    : $"certificate {serials} is not revoked, because there is no new one yet: {why}; once it is replaced, revoke it at the CA");
            }

            // 4. No client is shown it any more.
            if (!compromised) await RevokeAtCaAsync();
            return Result(succeeded: true, renewed is [var only]
                ? $"certificate {serials} is revoked; {only.SerialNumber} is served"
                : $"certificate {serials} is revoked; served are {string.Join(", ", renewed.Select(each => $"{each.SerialNumber} for {each.Host}"))}");
        }
        catch (IssuanceException e)
        {
            return Result(succeeded: false, $"certificate {serials} is not revoked: {e.Message}");
        }

        RenewResult Result(bool succeeded, string message) =>
            new(host, succeeded, $"{host}: {message}", installer.Served.GetValueOrDefault(host)?.Credential.SerialNumber) { Hosts = [.. marked.Keys] };

        async Task RevokeAtCaAsync()
        {
            foreach (var credential in marked.Values.DistinctBy(credential => credential.Fingerprint))
            {
                progress.Report($"{host}: revoking certificate {credential.SerialNumber}");
                await ca.Value.Authority.Revoke(credential.Leaf, reason, cancellationToken);
                foreach (var each in marked.Where(entry => entry.Value.Fingerprint == credential.Fingerprint)) audit.Revoked(each.Key, credential, new ChangeCause(RenewalReasons.Revoked, who), name);
            }
        }
    }

    /// <summary>Every host that serves the certificate, or another one for a key that others know, with what it serves. None: the host has no certificate.</summary>
    async Task<IReadOnlyDictionary<HostName, Credential>> MarkAsync(HostName host, string reason, CancellationToken cancellationToken)
    {
        using (await turn.TakeAsync(cancellationToken))
        {
            var served = installer.Served;
            if (!served.TryGetValue(host, out var old)) return new Dictionary<HostName, Credential>();
            store.Revoked.Add(old.Credential, reason, isKept: store.IsOurs);
            store.DestroyCompromised();
            // A file that still has it covers no host any more.
            files.Value.RejectAll(store.Revoked.Contains);
            var marked = served.Where(entry => IsSame(entry.Value.Credential))
                .ToDictionary(entry => entry.Key, entry => entry.Value.Credential);
            foreach (var each in marked.Keys) book.Save(each, book.Of(each) with { NextAttempt = null });
            return marked;

            bool IsSame(Credential other) =>
                other.Fingerprint == old.Credential.Fingerprint || (reason == RevokedCertificate.KeyCompromise && CertificatePins.Of(other) == CertificatePins.Of(old.Credential));
        }
    }
}
