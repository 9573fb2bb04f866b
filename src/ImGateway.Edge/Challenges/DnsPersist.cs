using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Challenges;

/// <summary>A TXT record that an operator is to set.</summary>
sealed record DnsRecord(string Name, string Value)
{
    /// <summary>As a line of a zone file.</summary>
    public override string ToString() => $"{Name}. IN TXT \"{Value}\"";
}

/// <summary>
/// dns-persist-01 (draft-ietf-acme-dns-persist): the record names CA and account and stays, so there is nothing to do at each renewal.
/// <see cref="RecordFor"/> says which one to set, once and by hand.
/// </summary>
sealed class DnsPersist : IChallengeResponder
{
    public string Type => ChallengeTypes.DnsPersist;

    public bool CanAnswer(HostName host) => !host.IsAddress;

    public Task<IAsyncDisposable> PresentAsync(ChallengeOffer offer, CancellationToken cancellationToken) =>
        Task.FromResult<IAsyncDisposable>(Withdrawal.None);

    /// <param name="host">A wildcard needs the policy of that name in the record of its parent domain.</param>
    /// <param name="issuerDomain">By which the CA knows itself in CAA records, too.</param>
    /// <param name="account">The account's URL at the CA.</param>
    public static DnsRecord RecordFor(HostName host, string issuerDomain, Uri account) => new(
        "_validation-persist." + (host.IsWildcard ? host.Value[2..] : host.Value),
        $"{issuerDomain}; accounturi={account.AbsoluteUri}{(host.IsWildcard ? "; policy=wildcard" : "")}");
}
