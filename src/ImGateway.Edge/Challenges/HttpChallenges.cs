using System.Collections.Concurrent;
using System.Text;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Challenges;

/// <summary>http-01 (RFC 8555 §8.3): the pending responses for ports 80 and 443. Also for IP addresses (RFC 8738 §4), not for wildcards.</summary>
sealed class HttpChallenges(TemporaryCertificates temporary, SharedChallenges shared) : IChallengeResponder
{
    const string Folder = "/.well-known/acme-challenge/";

    readonly ConcurrentDictionary<string, byte[]> _answers = new(StringComparer.Ordinal);

    public string Type => ChallengeTypes.Http;

    public bool CanAnswer(HostName host) => !host.IsWildcard;

    public async Task<IAsyncDisposable> PresentAsync(ChallengeData offer, CancellationToken cancellationToken)
    {
        if (!CanAnswer(offer.Host)) throw new ChallengeException($"{offer.Host}: http-01 proves no wildcards (RFC 8555 §7.1.4); use dns-01");
        if (!Base64UrlText.IsToken(offer.Token)) throw new ChallengeException($"{offer.Host}: the CA's http-01 token is not base64url; it cannot be a path");
        if (!IsKeyAuthorization(offer)) throw new ChallengeException($"{offer.Host}: the key authorization is not one for the CA's token");
        var here = Answer(offer.Host, offer.Token, offer.KeyAuthorization);
        return await shared.PublishAsync(new SharedChallenge(Type, offer.Host.Value, offer.Token, offer.KeyAuthorization), here, cancellationToken);
    }

    /// <summary>Adds a response, also for the order of another edge, until the result is disposed.</summary>
    public Withdrawal Answer(HostName host, string token, string keyAuthorization)
    {
        var answer = Encoding.ASCII.GetBytes(keyAuthorization);
        // A CA may reuse a pending authorization for a later order, which then removes the token.
        _answers[token] = answer;
        var certificate = temporary.Present(host);
        return new Withdrawal(() =>
        {
            _answers.TryRemove(KeyValuePair.Create(token, answer));
            return certificate.DisposeAsync();
        });
    }

    /// <summary>
    /// Whether <paramref name="path"/> is exactly that of a token; if so, <paramref name="answer"/> is the key authorization, null for a token
    /// that is not pending.
    /// </summary>
    public bool IsChallenge(ReadOnlySpan<char> path, out byte[]? answer)
    {
        answer = null;
        if (!path.StartsWith(Folder, StringComparison.Ordinal) || !Base64UrlText.IsToken(path[Folder.Length..])) return false;
        _answers.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(path[Folder.Length..], out answer);
        return true;
    }

    static bool IsKeyAuthorization(ChallengeData offer) =>
        offer.KeyAuthorization.StartsWith(offer.Token + ".", StringComparison.Ordinal)
        && Base64UrlText.IsToken(offer.KeyAuthorization.AsSpan(offer.Token.Length + 1));
}
