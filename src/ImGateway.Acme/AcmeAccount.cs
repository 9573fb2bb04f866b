using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ImGateway.Acme.Protocol;

namespace ImGateway.Acme;

/// <summary>An account at a CA. Stateless and thread-safe; errors are those of <see cref="AcmeServer"/>.</summary>
public sealed class AcmeAccount
{
    readonly AcmeServer _server;
    readonly JwsSigner _signer;

    internal AcmeAccount(AcmeServer server, AcmeKey key, Uri location)
    {
        _server = server;
        _signer = new JwsSigner(key, location);
        Key = key;
        Location = location;
    }

    /// <summary>The account's URL.</summary>
    public Uri Location { get; }

    public AcmeKey Key { get; }

    public async Task<AccountInfo> GetAsync(CancellationToken cancellationToken = default) =>
        AccountInfo.Parse(await PostAsync("account", Location, payload: default, cancellationToken), Location);

    /// <param name="contacts">The new contacts, in the form of <see cref="AccountRequest.Contacts"/>.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public async Task<AccountInfo> UpdateContactsAsync(IReadOnlyList<string> contacts, CancellationToken cancellationToken = default)
    {
        var payload = Json.Write(json => AccountPayload.WriteContacts(json, contacts));
        return AccountInfo.Parse(await PostAsync("account", Location, payload, cancellationToken), Location);
    }

    /// <summary>Deactivates the account permanently: neither the account nor its key can be used again (RFC 8555 §7.3.6).</summary>
    public Task DeactivateAsync(CancellationToken cancellationToken = default) =>
        PostAsync("account", Location, Deactivated, cancellationToken);

    /// <summary>Rolls the account over to a new key (RFC 8555 §7.3.5) and returns the account with that key. The CA rejects the old key afterwards.</summary>
    public async Task<AcmeAccount> RollOverKeyAsync(AcmeKey newKey, CancellationToken cancellationToken = default)
    {
        var url = _server.Directory.KeyChange
            ?? throw new AcmeException("keyChange", _server.DirectoryUri.Host, "the CA does not offer to change account keys");
        var change = Json.Write(json =>
        {
            json.WriteString("account", Location.OriginalString);
            Json.WriteRaw(json, "oldKey", Key.Jwk);
        });
        await PostAsync("keyChange", url, JsonWebSignature.Sign(new JwsSigner(newKey), url, nonce: null, change), cancellationToken);
        return new AcmeAccount(_server, newKey, Location);
    }

    public async Task<Order> CreateOrderAsync(OrderRequest request, CancellationToken cancellationToken = default)
    {
        var response = await PostAsync("newOrder", _server.Directory.NewOrder, OrderPayload.Write(request), cancellationToken);
        return Order.Parse(response, response.RequiredLocation);
    }

    /// <param name="order">An <see cref="Order.Location"/>.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public async Task<Order> GetOrderAsync(Uri order, CancellationToken cancellationToken = default) =>
        Order.Parse(await PostAsync("order", order, payload: default, cancellationToken), order);

    /// <param name="authorization">One of <see cref="Order.Authorizations"/>.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public async Task<Authorization> GetAuthorizationAsync(Uri authorization, CancellationToken cancellationToken = default) =>
        Authorization.Parse(await PostAsync("authorization", authorization, payload: default, cancellationToken), authorization);

    /// <summary>Deactivates an authorization (RFC 8555 §7.5.2): the next order needs a new one.</summary>
    public async Task<Authorization> DeactivateAuthorizationAsync(Uri authorization, CancellationToken cancellationToken = default) =>
        Authorization.Parse(await PostAsync("authorization", authorization, Deactivated, cancellationToken), authorization);

    /// <summary>
    /// Notifies the CA that the challenge response is in place (RFC 8555 §7.5.1). A challenge that was accepted before counts as accepted: a
    /// request may be sent again after its response was lost.
    /// </summary>
    public async Task<Challenge> AcceptChallengeAsync(Challenge challenge, CancellationToken cancellationToken = default)
    {
        try
        {
            return Challenge.Parse((await PostAsync("challenge", challenge.Url, Json.Write(_ => { }), cancellationToken)).Fields());
        }
        catch (AcmeException e) when (e.Problem?.Type == "conflict")
        {
            // Boulder since July 2026 answers 409 for a challenge that is no longer pending. The authorization has the result.
            return challenge with { Status = ChallengeStatus.Processing };
        }
    }

    /// <summary>Polls until the authorization is valid, at the interval that the CA names. Temporary failures do not end the polling.</summary>
    /// <exception cref="AcmeException">The authorization failed, with the challenge's problem; or the time-out elapsed.</exception>
    public Task<Authorization> WaitForAuthorizationAsync(Uri authorization, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        var polling = new Polling(_server.Transport.Options, "authorization", authorization, timeout);
        return polling.UntilAsync(
            () => GetAuthorizationAsync(authorization, cancellationToken),
            state =>
            {
                if (state.Status is not (AuthorizationStatus.Valid or AuthorizationStatus.Pending or AuthorizationStatus.Unknown))
                {
                    var failed = state.Challenges.FirstOrDefault(challenge => challenge.Error is not null);
                    throw Failure(
                        "challenge", authorization, $"{state.Identifier} is not proved, the authorization is {state.Status.ToString().ToLowerInvariant()}",
                        failed?.Error, failed?.Type);
                }

                return (state.Status == AuthorizationStatus.Valid, state.RetryAfter);
            },
            cancellationToken);
    }

    /// <summary>
    /// Sends the CSR (RFC 8555 §7.4). After a lost response, <see cref="GetOrderAsync"/> returns the order. An order that was
    /// finalized before is returned unchanged.
    /// </summary>
    public async Task<Order> FinalizeAsync(Order order, ReadOnlyMemory<byte> csrDer, CancellationToken cancellationToken = default)
    {
        var payload = Json.Write(json => json.WriteString("csr", Base64Url.EncodeToString(csrDer.Span)));
        try
        {
            return Order.Parse(await PostAsync("finalize", order.Finalize, payload, cancellationToken), order.Location);
        }
        catch (AcmeException e) when (e.Problem?.Type is "orderNotReady" or "conflict")
        {
            // A repeated request finds the order processing or valid (RFC 8555 §7.4): the first one was accepted.
            var now = await GetOrderAsync(order.Location, cancellationToken);
            if (now.Status is OrderStatus.Processing or OrderStatus.Valid) return now;
            throw;
        }
    }

    /// <summary>Polls until the order is ready or valid, at the interval that the CA names. Temporary failures do not end the polling.</summary>
    /// <param name="order">An <see cref="Order.Location"/>.</param>
    /// <param name="wanted"><see cref="OrderStatus.Ready"/> or <see cref="OrderStatus.Valid"/>. A later state is accepted too.</param>
    /// <param name="timeout">The longest time to poll.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="AcmeException">The order became invalid, with the order's problem; or the time-out elapsed.</exception>
    public Task<Order> WaitForOrderAsync(Uri order, OrderStatus wanted, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        if (wanted is not (OrderStatus.Ready or OrderStatus.Valid)) throw new ArgumentException("Only ready and valid can be waited for.", nameof(wanted));
        var polling = new Polling(_server.Transport.Options, "order", order, timeout);
        return polling.UntilAsync(
            () => GetOrderAsync(order, cancellationToken),
            state =>
            {
                if (state.Status == OrderStatus.Invalid) throw Failure("order", order, "the order is invalid", state.Error);
                return (state.Status >= wanted, state.RetryAfter);
            },
            cancellationToken);
    }

    /// <summary>Downloads the certificate of a valid order with all chains (RFC 8555 §7.4.2).</summary>
    public async Task<CertificateChains> DownloadAsync(Order order, CancellationToken cancellationToken = default)
    {
        var url = order.Certificate
            ?? throw new AcmeException("certificate", order.Location.Host, $"the order is {order.Status.ToString().ToLowerInvariant()} and has no certificate");
        var (chain, others) = await DownloadAsync(url, cancellationToken);
        List<string> alternates = [];
        AcmeException? failure = null;
        foreach (var other in others)
        {
            try
            {
                var (alternate, _) = await DownloadAsync(other, cancellationToken);
                if (PemChain.Read(alternate)[0].AsSpan().SequenceEqual(PemChain.Read(chain)[0])) alternates.Add(alternate);
                else failure = new AcmeException("certificate", other.Host, "an alternate chain is for another certificate");
            }
            catch (AcmeException e)
            {
                failure = e;
            }
        }

        return new CertificateChains(chain, alternates) { AlternateFailure = failure };
    }

    /// <summary>Revokes a certificate that this account ordered, or whose names it controls (RFC 8555 §7.6).</summary>
    public Task RevokeAsync(X509Certificate2 certificate, RevocationReason reason, CancellationToken cancellationToken = default) =>
        _server.RevokeAsync(certificate, _signer, reason, cancellationToken);

    /// <summary>The key authorization (RFC 8555 §8.1), which is the response body of http-01.</summary>
    /// <exception cref="ArgumentException">The token is not base64url.</exception>
    public string KeyAuthorization(string token) => AcmeToken.IsUsable(token)
        ? $"{token}.{Key.Thumbprint}"
        : throw new ArgumentException("Not a token: only up to 256 characters of base64url are.", nameof(token));

    /// <summary>The SHA-256 digest of the key authorization, for the certificate of tls-alpn-01 (RFC 8737 §3).</summary>
    public byte[] TlsAlpnDigest(string token) => SHA256.HashData(Encoding.ASCII.GetBytes(KeyAuthorization(token)));

    /// <summary>The same digest in base64url, for the TXT record of dns-01 (RFC 8555 §8.4).</summary>
    public string DnsTxtValue(string token) => Base64Url.EncodeToString(TlsAlpnDigest(token));

    static byte[] Deactivated => Json.Write(json => json.WriteString("status", "deactivated"));

    Task<AcmeResponse> PostAsync(string operation, Uri url, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken) =>
        _server.Transport.PostAsync(operation, url, _signer, payload, cancellationToken);

    async Task<(string Chain, IReadOnlyList<Uri> Alternates)> DownloadAsync(Uri url, CancellationToken cancellationToken)
    {
        var response = await _server.Transport.PostAsync(
            "certificate", url, _signer, payload: default, cancellationToken, accept: "application/pem-certificate-chain");
        return (PemChain.Clean(response.Body) ?? throw response.Failure("no certificates in PEM, or a part of them cannot be read"), response.Alternates);
    }

    static AcmeException Failure(string operation, Uri url, string what, AcmeProblem? problem, string? challenge = null) => new(
        operation, url.Host, $"{what}{(challenge is null ? "" : $" by {challenge}")}{(problem is null ? "" : $": {problem}")}",
        problem, problem?.IsTransient ?? false);
}
