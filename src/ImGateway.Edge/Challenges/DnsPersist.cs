using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Challenges;

/// <summary>A TXT record for the operator to create.</summary>
sealed record DnsRecord(string Name, string Value)
{
    /// <summary>The record as a line of a zone file.</summary>
    public override string ToString() => $"{Name}. IN TXT \"{Value}\"";
}

/// <summary>
/// dns-persist-01 (draft-ietf-acme-dns-persist): a permanent record names CA and account, so renewals need no change of it.
/// The operator creates the record of <see cref="RecordFor"/> once.
/// </summary>
sealed class DnsPersist : IChallengeResponder
{
    public string Type => ChallengeTypes.DnsPersist;

    public bool CanAnswer(HostName host) => !host.IsAddress;

    public Task<IAsyncDisposable> PresentAsync(ChallengeData offer, CancellationToken cancellationToken) =>
        Task.FromResult<IAsyncDisposable>(Withdrawal.None);

    /// <param name="host">The host. For a wildcard, the record of the parent domain needs the wildcard policy.</param>
    /// <param name="issuerDomain">The CA's issuer domain name, as in CAA records.</param>
    /// <param name="account">The account's URL.</param>
    public static DnsRecord RecordFor(HostName host, string issuerDomain, Uri account) => new(
        "_validation-persist." + host.Domain,
        $"{issuerDomain}; accounturi={account.AbsoluteUri}{(host.IsWildcard ? "; policy=wildcard" : "")}");
}
