using System.Net.Security;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Challenges;

/// <summary>
/// tls-alpn-01 (RFC 8737, RFC 8738 §6): while a challenge is pending, clients that offer only <c>acme-tls/1</c> receive its certificate, and the connection
/// is closed after the handshake. Other clients of the same name are not affected.
/// </summary>
sealed class TlsAlpnChallenges : IChallengeResponder
{
    static readonly SslApplicationProtocol Protocol = new("acme-tls/1");

    readonly TimeProvider _time;
    readonly SharedChallenges _shared;
    readonly PendingCredentials<string> _pending;

    public TlsAlpnChallenges(ServerCertificateSelector selector, SharedChallenges shared, TimeProvider time)
    {
        (_time, _shared, _pending) = (time, shared, new(pending => selector.PublishForAlpn(Protocol, pending)));
        selector.PublishForAlpn(Protocol, new Dictionary<string, Credential>());
    }

    public string Type => ChallengeTypes.TlsAlpn;

    public bool CanAnswer(HostName host) => !host.IsWildcard;

    public async Task<IAsyncDisposable> PresentAsync(ChallengeData offer, CancellationToken cancellationToken)
    {
        if (!CanAnswer(offer.Host)) throw new ChallengeException($"{offer.Host}: tls-alpn-01 proves no wildcards (RFC 8737 §3); use dns-01");
        var here = Answer(offer.Host, offer.Digest.Span);
        return await _shared.PublishAsync(new SharedChallenge(Type, offer.Host.Value, offer.Token, Convert.ToBase64String(offer.Digest.Span)), here, cancellationToken);
    }

    /// <summary>Adds a certificate, also for the order of another edge, until the result is disposed. It needs only the digest.</summary>
    public Withdrawal Answer(HostName host, ReadOnlySpan<byte> digest) =>
        _pending.Add(TlsAlpnCertificate.ServerNameOf(host), TlsAlpnCertificate.Create(host, digest, _time.GetUtcNow()));
}
