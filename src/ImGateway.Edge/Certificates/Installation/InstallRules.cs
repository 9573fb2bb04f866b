using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Installation;

/// <summary>Which certificates may replace others: the same rules for a running edge and for a verb without one.</summary>
static class InstallRules
{
    /// <summary>Why <paramref name="changes"/> must not be installed; null if they may be.</summary>
    /// <param name="current">What is served, or stored if no edge is running. Even a certificate that is not valid yet may replace a revoked one.</param>
    /// <param name="isRollback">Whether an operator chose the previous certificate, with the chain that it has.</param>
    public static InstallFailure? Refusal(
        IReadOnlyDictionary<HostName, HostCertificate> changes,
        IReadOnlyDictionary<HostName, HostCertificate> current,
        RevokedCertificates revoked,
        bool isRollback,
        DateTimeOffset now)
    {
        if (changes.Values.Select(offer => revoked.Refusal(offer.Credential)).FirstOrDefault(why => why is not null) is { } refusal) return new(refusal, IsStorage: false);
        var valid = current.Where(entry => !revoked.Contains(entry.Value.Credential)).ToDictionary();
        var swaps = changes.Where(entry => !current.TryGetValue(entry.Key, out var old) || !old.Credential.HasSameCertificates(entry.Value.Credential)).ToDictionary();
        if (WhyTooEarly(swaps, valid, now) is { } early) return new(early, IsStorage: false) { IsEarly = true };
        return !isRollback && WhyChainIsWorse(swaps, valid, now) is { } gap ? new(gap, IsStorage: false) : null;
    }

    /// <summary>The problem if a valid certificate would be replaced by one that is not valid yet.</summary>
    static string? WhyTooEarly(IReadOnlyDictionary<HostName, HostCertificate> changes, IReadOnlyDictionary<HostName, HostCertificate> current, DateTimeOffset now) =>
        changes.Where(entry => entry.Value.Credential.HasToWait(current.GetValueOrDefault(entry.Key)?.Credential, now))
            .Select(entry => $"the certificate is not valid before {entry.Value.Credential.NotBefore:u} (the clock here says {now:u}), and that of {entry.Key} is valid now")
            .FirstOrDefault();

    /// <summary>The problem if a complete chain would be replaced by one that may be incomplete, usually <c>fullchain.pem</c> by <c>cert.pem</c>.</summary>
    static string? WhyChainIsWorse(IReadOnlyDictionary<HostName, HostCertificate> changes, IReadOnlyDictionary<HostName, HostCertificate> current, DateTimeOffset now) =>
        (from change in changes
         let old = current.GetValueOrDefault(change.Key)
         where old is not null && old.Credential.Covers(change.Key) && old.Credential.NotAfter >= now && HasWorseChain(change.Value, old)
         let warning = ChainWarning.Of(change.Value)
         where warning is not null
         select $"{warning.Message}, and the chain served for {change.Key} {(old.Credential.Chain is ChainState.Complete ? "is complete" : "has its issuer")}; {warning.Remedy}").FirstOrDefault();

    /// <summary>
    /// Whether the chain of <paramref name="next"/> is worse than that of <paramref name="old"/>: a leaf without issuer after one with its issuer; or, for a file
    /// or import, an incomplete chain after a complete one. Not for a certificate that a CA issued with an issuer: its root may be unknown to this machine, and
    /// another order would not change that. Any certificate may replace a self-signed one.
    /// </summary>
    static bool HasWorseChain(HostCertificate next, HostCertificate old) => old is { Source: not HostCertificate.SelfSigned, Credential.IsSelfSigned: false }
        && ((next.Credential.Issuers.Count == 0 && old.Credential.Issuers.Count > 0)
            || (next.Source is HostCertificate.Files or HostCertificate.Import && old.Credential.Chain is ChainState.Complete));
}
