using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace ImGateway.Testing;

/// <summary>Who sent a POST: signature, nonce, url and the choice of jwk or kid (RFC 8555 §6.2–6.5).</summary>
sealed class CaAuthentication(CaState state, CaNonces nonces)
{
    const int BodyLimit = 64 * 1024;

    public async Task AuthenticateAsync(HttpRequest request, CaCall call, CancellationToken cancellationToken)
    {
        if (request.ContentType != "application/jose+json") throw new CaProblemException("malformed", "The type is application/jose+json.", 415);
        if (request.ContentLength > BodyLimit) throw new CaProblemException("malformed", "The body is too long.", 413);
        var body = await JsonSerializer.DeserializeAsync<JsonElement>(request.Body, cancellationToken: cancellationToken);
        lock (state.Lock) Authenticate(Jws.Parse(body), call);
    }

    void Authenticate(Jws jws, CaCall call)
    {
        if (jws.Algorithm is not ("ES256" or "ES384" or "RS256"))
        {
            throw new CaProblemException("badSignatureAlgorithm", $"{jws.Algorithm} is not accepted.");
        }

        var key = jws switch
        {
            { Key: not null, KeyId: not null } => throw CaProblemException.Malformed("Either jwk or kid."),
            { Key: { } jwk } when MayCarryKey(call) => Jwk.Parse(jwk),
            { KeyId: { } id } when call.Operation is not CaOperation.NewAccount => AccountOf(id, call).Key,
            _ => throw CaProblemException.Malformed("newAccount is signed with jwk, everything else with kid."),
        };
        jws.RequireSignatureOf(key);
        nonces.Use(jws.Nonce);
        jws.RequireUrl(call.Url);
        call.Key = key;
        call.Payload = jws.Payload;
        if (call.Account is { Status: not "valid" }) throw new CaProblemException("unauthorized", $"The account is {call.Account.Status}.", 401);
    }

    CaAccount AccountOf(string url, CaCall call)
    {
        var account = state.Accounts.Values.SingleOrDefault(account => state.Url($"account/{account.Id}") == url);
        return call.Account = account ?? throw new CaProblemException("accountDoesNotExist", "The account is not known here.");
    }

    static bool MayCarryKey(CaCall call) => call.Operation is CaOperation.NewAccount or CaOperation.RevokeCertificate;
}
