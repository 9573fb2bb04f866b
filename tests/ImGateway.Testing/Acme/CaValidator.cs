using System.Buffers.Text;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Text;

namespace ImGateway.Testing;

/// <summary>Validates a challenge at the address of its identifier: here always 127.0.0.1.</summary>
sealed class CaValidator(CaState state) : IDisposable
{
    static readonly TimeSpan RepeatAfter = TimeSpan.FromMilliseconds(100);

    readonly CaHttpValidation _http = new();

    public int HttpPort { get; set; } = 80;

    public int TlsPort { get; set; } = 443;

    /// <returns>What is wrong; null if nothing is.</returns>
    public async Task<CaProblemException?> ValidateAsync(CaChallenge challenge, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(state.Options.ValidationTimeout);
        using var timer = new PeriodicTimer(RepeatAfter);
        while (true)
        {
            var problem = await ValidateOnceAsync(challenge, timeout.Token);
            if (problem is null || !state.Options.RepeatsValidation || timeout.IsCancellationRequested) return problem;
            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }

    async Task<CaProblemException?> ValidateOnceAsync(CaChallenge challenge, CancellationToken cancellationToken)
    {
        var identifier = challenge.Authorization.Identifier;
        string keyAuthorization, account;
        lock (state.Lock)
        {
            keyAuthorization = $"{challenge.Token}.{challenge.Authorization.Account.Key.Thumbprint}";
            account = state.Url($"account/{challenge.Authorization.Account.Id}");
        }

        var digest = SHA256.HashData(Encoding.ASCII.GetBytes(keyAuthorization));
        try
        {
            switch (challenge.Type)
            {
                case "http-01":
                    await _http.ValidateAsync(identifier, challenge.Token, keyAuthorization, HttpPort, cancellationToken);
                    break;
                case "tls-alpn-01":
                    await CaTlsAlpnValidation.ValidateAsync(identifier, digest, TlsPort, cancellationToken);
                    break;
                case "dns-01":
                    if (!Txt("_acme-challenge." + identifier.Base).Contains(Base64Url.EncodeToString(digest)))
                    {
                        throw new CaProblemException("unauthorized", $"No TXT record of _acme-challenge.{identifier.Base} has the right value.", 403);
                    }

                    break;
                case "dns-persist-01":
                    if (!Txt("_validation-persist." + identifier.Base).Any(record => Persists(record, account, identifier)))
                    {
                        throw new CaProblemException("unauthorized", $"No TXT record of _validation-persist.{identifier.Base} names this account.", 403);
                    }

                    break;
                default:
                    throw new CaProblemException("malformed", $"Challenges of type {challenge.Type} can't be validated.");
            }

            return null;
        }
        catch (CaProblemException problem)
        {
            return problem;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException or OperationCanceledException)
        {
            return new CaProblemException("connection", $"{challenge.Type} for {identifier.Value}: {e.Message}");
        }
        catch (AuthenticationException e)
        {
            return new CaProblemException("tls", $"{challenge.Type} for {identifier.Value}: {e.Message}");
        }
    }

    public void Dispose() => _http.Dispose();

    string[] Txt(string name)
    {
        lock (state.Lock)
        {
            return state.Txt.TryGetValue(name, out var values) ? values : throw new CaProblemException("dns", $"NXDOMAIN for TXT {name}");
        }
    }

    bool Persists(string record, string account, CaIdentifier identifier)
    {
        var parts = record.Split(';', StringSplitOptions.TrimEntries);
        return parts[0] == state.Options.CaaIdentity && parts.Contains("accounturi=" + account)
            && (!identifier.IsWildcard || parts.Contains("policy=wildcard"));
    }
}
