using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Audit;

/// <summary>Writes events of certificates and accounts to the audit log.</summary>
sealed class CertificateAudit(IStorage storage, AuditLog log, CurrentCertificateOptions options, TimeProvider time)
{
    /// <summary>Other certificates are served from now on.</summary>
    public Task ChangedAsync(IEnumerable<(HostName Host, Credential? Old, HostCertificate Served)> changed, InstallCause cause) =>
        WriteAsync([.. changed.Select(change => Changed(change.Host, change.Old, change.Served, cause))]);

    AuditEntry Changed(HostName host, Credential? old, HostCertificate served, InstallCause cause)
    {
        var byCa = served.Source is HostCertificate.Acme or HostCertificate.SelfSigned;
        var action = cause.IsRollback ? AuditActions.RolledBack : byCa ? AuditActions.Renewed : AuditActions.Installed;
        return new AuditEntry(
            time.GetUtcNow(),
            action,
            host.Value,
            cause.IsRollback ? "rollback" : cause.Reason,
            SingleLine.Escape(cause.ActorOf(served)),
            old?.SerialNumber,
            served.Credential.SerialNumber,
            CertificatePins.Of(served.Credential),
            SingleLine.Escape(served.Credential.Leaf.Issuer),
            served.Credential.Issuers.Count + 1,
            served is { Source: HostCertificate.Acme, WithoutProfile: null } ? options.Value.Acme.Profile : null,
            // An order has one name; a file may have many.
            served.Source == HostCertificate.Acme && served.OtherNames(host) is { } others ? $"also covers {others}, which was not ordered" : null);
    }

    /// <summary>The certificate of a failed reload was withdrawn, and the previous one is served again.</summary>
    public Task TakenBackAsync(HostName host, Credential taken, Credential? served) => WriteAsync(new AuditEntry(
        time.GetUtcNow(), AuditActions.RenewalFailed, host.Value, RenewalReasons.File, InstallCause.Loop, taken.SerialNumber, served?.SerialNumber,
        Detail: "taken back, because the reload that brought it was refused"));

    public Task RenewalFailedAsync(HostName host, Credential? current, InstallCause cause, string why) => WriteAsync(new AuditEntry(
        time.GetUtcNow(), AuditActions.RenewalFailed, host.Value, cause.Reason, SingleLine.Escape(cause.Who), current?.SerialNumber, Detail: why));

    public Task RevokedAsync(HostName host, string serialNumber, InstallCause cause, string reason) => WriteAsync(new AuditEntry(
        time.GetUtcNow(), AuditActions.Revoked, host.Value, cause.Reason, SingleLine.Escape(cause.Who), serialNumber, Detail: reason));

    public Task FileRefusedAsync(HostName host, string file, string why) => WriteAsync(new AuditEntry(
        time.GetUtcNow(), AuditActions.FileRefused, host.Value, RenewalReasons.File, SingleLine.Escape(file), Detail: why));

    public Task FileMendedAsync(HostName host, string file) => WriteAsync(new AuditEntry(
        time.GetUtcNow(), AuditActions.FileMended, host.Value, RenewalReasons.File, SingleLine.Escape(file)));

    /// <summary>The CA rejected the configured contact.</summary>
    public Task AccountUpdateFailedAsync(Uri account, string why) => WriteAsync(new AuditEntry(
        time.GetUtcNow(), AuditActions.AccountUpdateFailed, Host: null, RenewalReasons.Manual, InstallCause.Loop, Detail: $"{account.AbsoluteUri}: {why}"));

    /// <param name="action">One of the account actions of <see cref="AuditActions"/>.</param>
    /// <param name="why">One of <see cref="RenewalReasons"/>; <c>lost</c> or <c>deactivated</c> if the account replaces another one.</param>
    /// <param name="account">The account's URL.</param>
    public Task AccountAsync(string action, string why, Uri account) => WriteAsync(new AuditEntry(
        time.GetUtcNow(), action, Host: null, why, InstallCause.Loop, Detail: account.AbsoluteUri));

    /// <summary>If another process writes the storage, that process also writes the audit log.</summary>
    Task WriteAsync(params IReadOnlyList<AuditEntry> entries) => storage.IsWriter ? log.WriteAsync(entries) : Task.CompletedTask;
}
