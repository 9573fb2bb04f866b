using System.Text.Json;
using ImGateway.Acme;
using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>Revocation at the CA, with a new certificate in place of the revoked one.</summary>
sealed class Revocations(
    Current<IssuingCa> ca, CertificateInstaller installer, RenewalBook book, AcmeRenewals renewals, CertificateAudit audit)
{
    public async Task<RenewResult> RevokeAsync(
        HostName host, RevocationReason reason, string who, IProgress<string> progress, CancellationToken cancellationToken)
    {
        if (installer.Served.GetValueOrDefault(host)?.Credential is not { } old) return new(host, Succeeded: false, $"{host}: has no certificate; there is nothing to revoke", null);
        var cause = new ChangeCause(RenewalReasons.Revoked, who);
        try
        {
            // 1. A key that others know is of no use to clients: revoked at once. Otherwise clients get the new one first.
            var compromised = reason == RevocationReason.KeyCompromise;
            await book.ChangeAsync(host, state => state with { Revoked = true }, cancellationToken);
            if (compromised) await RevokeAsync();

            // 2. A new certificate with a new key; if that fails now, the loop goes on trying.
            var renewed = await renewals.RenewAsync(host, force: true, who, RenewalReasons.Revoked, progress, cancellationToken);
            if (!renewed.Succeeded)
            {
                return renewed with { Message = compromised
                    ? $"{host}: certificate {old.SerialNumber} is revoked, but there is no new one yet: {renewed.Message}"
                    : $"{host}: certificate {old.SerialNumber} is not revoked, because there is no new one yet: {renewed.Message}; once it is replaced, revoke it again" };
            }

            // 3. Nobody is shown it any more.
            if (!compromised) await RevokeAsync();
            return renewed with { Message = $"{host}: certificate {old.SerialNumber} is revoked; {renewed.SerialNumber} is served" };
        }
        catch (IssuanceException e)
        {
            return new(host, Succeeded: false, $"{host}: certificate {old.SerialNumber} is not revoked: {e.Message}", installer.Served.GetValueOrDefault(host)?.Credential.SerialNumber);
        }

        async Task RevokeAsync()
        {
            progress.Report($"{host}: revoking certificate {old.SerialNumber}");
            await ca.Value.Authority.Revoke(old.Leaf, reason, cancellationToken);
            audit.Revoked(host, old, cause, JsonNamingPolicy.CamelCase.ConvertName(reason.ToString()));
        }
    }
}
