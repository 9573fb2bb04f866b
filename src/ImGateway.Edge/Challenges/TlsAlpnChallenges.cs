using System.Collections.Immutable;
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

    readonly ServerCertificateSelector _selector;
    readonly TimeProvider _time;
    readonly Lock _lock = new();
    ImmutableDictionary<string, Credential> _pending = ImmutableDictionary.Create<string, Credential>(StringComparer.Ordinal);

    public TlsAlpnChallenges(ServerCertificateSelector selector, TimeProvider time)
    {
        (_selector, _time) = (selector, time);
        _selector.PublishApart(Protocol, _pending);
    }

    public string Type => ChallengeTypes.TlsAlpn;

    public bool CanAnswer(HostName host) => !host.IsWildcard;

    public Task<IAsyncDisposable> PresentAsync(ChallengeOffer offer, CancellationToken cancellationToken)
    {
        if (!CanAnswer(offer.Host)) throw new ChallengeException($"{offer.Host}: tls-alpn-01 proves no wildcards (RFC 8737 §3); use dns-01");
        var name = TlsAlpnCertificate.ServerNameOf(offer.Host);
        var credential = TlsAlpnCertificate.Create(offer.Host, offer.Digest.Span, _time.GetUtcNow());
        lock (_lock) Publish(_pending.SetItem(name, credential));
        return Task.FromResult<IAsyncDisposable>(new Withdrawal(() =>
        {
            lock (_lock)
            {
                // A later challenge for the same name may have taken the place. The certificate is left to the collector: a handshake may be using it.
                if (_pending.GetValueOrDefault(name) == credential) Publish(_pending.Remove(name));
            }

            return ValueTask.CompletedTask;
        }));
    }

    void Publish(ImmutableDictionary<string, Credential> pending)
    {
        _selector.PublishApart(Protocol, pending);
        _pending = pending;
    }
}
