using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.SelfSigned;

/// <summary>Certificates for source <c>SelfSigned</c>, from the development CA in DataDirectory.</summary>
sealed class SelfSignedSource(CurrentCertificateOptions options, IStorage storage, TimeProvider time)
{
    const string CertificateKey = StoreKeys.DevelopmentCa + "/ca.pem", KeyKey = StoreKeys.DevelopmentCaKey;

    public bool IsAllowed => options.Value.Certificates.Source == CertificateSource.SelfSigned;

    /// <summary>The reason why <paramref name="served"/> must be renewed, as in the metric; null if it is not due.</summary>
    public string? Due(HostCertificate served, DateTimeOffset now)
    {
        if (served.ByHand) return now > served.Credential.NotAfter ? RenewalReasons.Age : null;
        var policy = RenewalPolicy.Due(
            new Validity(served.Credential.NotBefore, served.Credential.NotAfter), RenewalState.For(null), RenewalSettings.Of(options.Value));
        // A certificate that is not valid yet was issued while the local clock was ahead: clients reject it until then.
        return now >= policy.At || served.Credential.NotBefore > now ? policy.Reason : null;
    }

    /// <exception cref="CertificateLoadException">The CA cannot be read or stored.</exception>
    public async Task<HostCertificate> IssueAsync(HostName host, CancellationToken cancellationToken) => (await IssueAsync([host], cancellationToken))[host];

    /// <summary>Issues a certificate for each host. The CA is read once.</summary>
    /// <exception cref="CertificateLoadException">The CA cannot be read or stored.</exception>
    public async Task<IReadOnlyDictionary<HostName, HostCertificate>> IssueAsync(IReadOnlyCollection<HostName> hosts, CancellationToken cancellationToken)
    {
        if (hosts.Count == 0) return new Dictionary<HostName, HostCertificate>();
        using var ca = await CaAsync(cancellationToken);
        var origin = storage.LocationOf(CertificateKey);
        return hosts.ToDictionary(host => host, host => new HostCertificate(ca.Issue([host], options.Value.Certificates.KeyType), HostCertificate.SelfSigned, origin));
    }

    /// <summary>The hosts in <paramref name="stored"/> whose certificate was issued by an earlier development CA.</summary>
    /// <exception cref="CertificateLoadException">The CA cannot be read or stored.</exception>
    public async Task<IReadOnlyList<HostName>> OfAnotherCaAsync(IReadOnlyDictionary<HostName, HostCertificate> stored, CancellationToken cancellationToken)
    {
        var own = stored.Where(entry => entry.Value.Source == HostCertificate.SelfSigned).ToList();
        if (own.Count == 0) return [];
        using var ca = await CaAsync(cancellationToken);
        return [.. own.Where(entry => !ca.Is(entry.Value.Credential.Delivered.Last())).Select(entry => entry.Key)];
    }

    /// <summary>The CA for all configured hosts, also those covered by files now, so that it does not change with the files.</summary>
    async Task<DevelopmentCa> CaAsync(CancellationToken cancellationToken)
    {
        try
        {
            var (key, certificate) = (await storage.ReadAsync(KeyKey, cancellationToken), await storage.ReadAsync(CertificateKey, cancellationToken));
            if (key is not null && certificate is not null && DevelopmentCa.TryLoad(certificate.Content, key.Content, options.Value.Hosts, time) is { } usable) return usable;
            var ca = DevelopmentCa.Create(options.Value.Hosts, time);
            // If another process writes the storage, the CA is used but not stored.
            if (storage.IsWriter) await storage.WriteAsync([new StorageChange(KeyKey, ca.KeyPem()), new StorageChange(CertificateKey, ca.CertificatePem())], lease: null, cancellationToken);
            return ca;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CertificateLoadException(
                [$"{storage.LocationOf(StoreKeys.DevelopmentCa)}: cannot be used: {e.Message.TrimEnd('.')}; make DataDirectory writable for the user {Environment.UserName}"]);
        }
    }
}
