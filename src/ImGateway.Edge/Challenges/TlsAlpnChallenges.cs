using System.Net.Security;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Challenges;

/// <summary>
/// tls-alpn-01 (RFC 8737, RFC 8738 §6): while a challenge is pending, whoever offers <c>acme-tls/1</c> alone is shown its certificate and
/// let go after the handshake. All others of the same name get what they always get.
/// </summary>
sealed class TlsAlpnChallenges : IChallengeResponder
{
    static readonly SslApplicationProtocol Protocol = new("acme-tls/1");

    readonly TimeProvider _time;
    readonly PendingCredentials<string> _pending;

    public TlsAlpnChallenges(ServerCertificateSelector selector, TimeProvider time)
    {
        (_time, _pending) = (time, new(pending => selector.PublishApart(Protocol, pending)));
        selector.PublishApart(Protocol, new Dictionary<string, Credential>());
    }

    public string Type => ChallengeTypes.TlsAlpn;

    public bool CanAnswer(HostName host) => !host.IsWildcard;

    public Task<IAsyncDisposable> PresentAsync(ChallengeOffer offer, CancellationToken cancellationToken)
    {
        if (!CanAnswer(offer.Host)) throw new ChallengeException($"{offer.Host}: tls-alpn-01 proves no wildcards (RFC 8737 §3); use dns-01");
        var name = TlsAlpnCertificate.ServerNameOf(offer.Host);
        return Task.FromResult<IAsyncDisposable>(_pending.Add(name, TlsAlpnCertificate.Create(offer.Host, offer.Digest.Span, _time.GetUtcNow())));
    }
}
