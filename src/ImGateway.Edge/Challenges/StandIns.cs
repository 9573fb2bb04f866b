using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Challenges;

/// <summary>
/// What a host without any certificate shows on 443 while its http-01 is pending: a balancer or a rule of HSTS in front may send the CA there
/// from port 80, and CAs follow that (RFC 8555 §8.3).
/// </summary>
sealed class StandIns(ServerCertificateSelector selector, TimeProvider time)
{
    readonly PendingCredentials<HostName> _pending = new(selector.PublishStandIns);

    public Withdrawal Present(HostName host) =>
        selector.Served.Keys.Any(served => served.Matches(host)) ? Withdrawal.None : _pending.Add(host, ChallengeCertificate.Create(ChallengeTypes.Http, host, time.GetUtcNow()));
}
