using System.Buffers.Text;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Acme.Tests;

/// <summary>Messages that the library would never send, written by hand.</summary>
sealed class SignedRequest : IDisposable
{
    readonly HttpClient _client;
    readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    readonly Uri _base;

    public SignedRequest(ScriptableCa ca)
    {
        _base = ca.Directory;
        _client = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Issuer == ca.TrustedRoot.Subject },
        });
    }

    public string? Algorithm { get; init; }

    public string ContentType { get; init; } = "application/jose+json";

    /// <summary>Instead of the URL posted to.</summary>
    public string? SignedUrl { get; init; }

    /// <summary>One bit of the signature is wrong.</summary>
    public bool Tampered { get; init; }

    public async Task<string> NonceAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, new Uri(_base, "/new-nonce"));
        using var response = await _client.SendAsync(request);
        return response.Headers.GetValues("Replay-Nonce").Single();
    }

    /// <returns>The status, and the problem's type without its prefix.</returns>
    public async Task<(int Status, string? Problem)> PostAsync(string path, JsonObject payload, string? nonce = null, string? keyId = null)
    {
        var url = new Uri(_base, path);
        var header = new JsonObject { ["alg"] = Algorithm ?? "ES256", ["nonce"] = nonce ?? await NonceAsync(), ["url"] = SignedUrl ?? url.AbsoluteUri };
        if (keyId is not null) header["kid"] = keyId;
        else header["jwk"] = PublicKey();
        var (protectedText, payloadText) = (Encode(header), Encode(payload));
        var signature = _key.SignData(Encoding.ASCII.GetBytes($"{protectedText}.{payloadText}"), HashAlgorithmName.SHA256);
        if (Tampered) signature[10] ^= 1;
        var body = new JsonObject { ["protected"] = protectedText, ["payload"] = payloadText, ["signature"] = Base64Url.EncodeToString(signature) };
        using var content = new StringContent(body.ToJsonString());
        content.Headers.ContentType = new MediaTypeHeaderValue(ContentType);
        using var response = await _client.PostAsync(url, content);
        var answer = JsonSerializer.Deserialize<JsonElement>(await response.Content.ReadAsStringAsync());
        var problem = answer.TryGetProperty("type", out var type) ? type.GetString()?.Split(':')[^1] : null;
        return ((int)response.StatusCode, problem);
    }

    public void Dispose()
    {
        _client.Dispose();
        _key.Dispose();
    }

    JsonObject PublicKey()
    {
        var point = _key.ExportParameters(includePrivateParameters: false).Q;
        return new() { ["kty"] = "EC", ["crv"] = "P-256", ["x"] = Base64Url.EncodeToString(point.X), ["y"] = Base64Url.EncodeToString(point.Y) };
    }

    static string Encode(JsonObject json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
}
