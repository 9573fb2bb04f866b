using ImGateway.Acme;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.SelfSigned;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;

namespace ImGateway.Edge.Certificates;

/// <summary>Renewals, dry runs and revocations by operators, with the reasons why some are refused.</summary>
sealed class OperatorRenewals(
    CurrentCertificateOptions options,
    CertificateStore store,
    StoreWriter writer,
    StoreTakeover takeover,
    CertificateInstaller installer,
    Reloadable<FilesSource> files,
    SelfSignedRenewals selfSigned,
    AcmeRenewals renewals,
    Revocations revocations,
    Reloadable<IssuingCa> ca,
    RenewalProgress steps,
    AsyncLock certificateLock)
{
    bool IsSelfSigned => options.Value.Certificates.Source == CertificateSource.SelfSigned;

    /// <summary>Renews at the CA or the development CA, and serves the new certificate.</summary>
    /// <param name="force">Renews even if the certificate is not due.</param>
    /// <param name="staging">A dry run at the CA's staging directory, of which nothing is stored.</param>
    /// <param name="who">The user, for the audit log.</param>
    /// <param name="progress">Receives each step when it begins.</param>
    public async Task<RenewResult> RenewAsync(HostName host, bool force, bool staging, string who, IProgress<string> progress, CancellationToken cancellationToken)
    {
        if (await RefusalAsync(host, cancellationToken) is { } refusal) return refusal;
        return (IsSelfSigned, staging) switch
        {
            (true, true) => Refused(host, "its certificate is issued here, and no CA has a staging directory for it; leave out --staging"),
            (true, false) => await selfSigned.RenewAsync(host, force, who, cancellationToken),
            (false, true) => await DryRunAsync(host, progress, cancellationToken),
            (false, false) => await renewals.RenewAsync(host, force, who, RenewalReasons.Manual, progress, cancellationToken),
        };
    }

    /// <summary>Revokes the served certificate at the CA and replaces it by one with a new key.</summary>
    /// <param name="who">The user, for the audit log.</param>
    /// <param name="progress">Receives each step when it begins.</param>
    public async Task<RenewResult> RevokeAsync(HostName host, RevocationReason reason, string who, IProgress<string> progress, CancellationToken cancellationToken)
    {
        if (await RefusalAsync(host, cancellationToken) is { } refusal) return refusal;
        return IsSelfSigned
            ? Refused(host, "a development certificate cannot be revoked; remove DataDirectory/development-ca and trust the new CA instead")
            : await revocations.RevokeAsync(host, reason, who, progress, cancellationToken);
    }

    async Task<RenewResult> DryRunAsync(HostName host, IProgress<string> progress, CancellationToken cancellationToken)
    {
        try
        {
            var request = new IssueRequest(host, Current: null, store.PendingOrder(host), _ => Task.FromResult(false), () => { }, () => Task.CompletedTask) { Staging = true };
            var issued = await ca.Value.Authority.IssueAsync(request, steps.Of(host, progress), cancellationToken);
            using var leaf = issued.Credential.Leaf;
            return new(host, Succeeded: true, $"{host}: the staging directory issued a certificate; nothing of it is kept", leaf.SerialNumber);
        }
        catch (IssuanceException e)
        {
            return Refused(host, SingleLine.Escape(e.Message));
        }
    }

    /// <summary>The reason why no certificate can be ordered for the host.</summary>
    async Task<RenewResult?> RefusalAsync(HostName host, CancellationToken cancellationToken)
    {
        using (await certificateLock.AcquireAsync(cancellationToken))
        {
            if (!options.Value.Hosts.Contains(host)) return Refused(host, $"is none of the configured hosts ({string.Join(", ", options.Value.Hosts)}); name one of them");
            if (files.Value.Choose().TryGetValue(host, out var file)) return Refused(host, $"is served from {file.Origin}; replace that file, or remove it from Edge:Certificates:Files");
            if (options.Value.Certificates.Source == CertificateSource.Files) return Refused(host, "Certificates:Source is Files, so nothing is issued for it; replace its file");
            try
            {
                return await takeover.TryAsync(cancellationToken) ? null : Refused(host, writer.LockedMessage);
            }
            catch (CertificateLoadException e)
            {
                return Refused(host, string.Join(" · ", e.Lines));
            }
        }
    }

    RenewResult Refused(HostName host, string why) =>
        new(host, Succeeded: false, $"{host}: {why}", installer.Served.GetValueOrDefault(host)?.Credential.SerialNumber);
}
