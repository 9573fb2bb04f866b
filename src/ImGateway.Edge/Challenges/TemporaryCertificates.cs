using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Challenges;

/// <summary>
/// Temporary self-signed certificates for hosts without a certificate while http-01 is pending: a load balancer in front may redirect the CA
/// from port 80 to 443, and CAs follow redirects (RFC 8555 §8.3).
/// </summary>
sealed class TemporaryCertificates(ServerCertificateSelector selector, TimeProvider time)
{
    readonly PendingCredentials<HostName> _pending = new(selector.PublishTemporary);

    public Withdrawal Present(HostName host) =>
        selector.Served.Keys.Any(served => served.Matches(host)) ? Withdrawal.None : _pending.Add(host, ChallengeCertificate.Create(ChallengeTypes.Http, host, time.GetUtcNow()));
}
