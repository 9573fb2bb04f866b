using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace ImGateway.Testing;

/// <summary>A signed message in flattened JSON (RFC 7515 §7.2.2) with the limits of RFC 8555 §6.2.</summary>
sealed class Jws
{
    readonly JsonElement _header;
    readonly string _protected;
    readonly string _payload;

    Jws(JsonElement header, string @protected, string payload, byte[] signature)
    {
        _header = header;
        _protected = @protected;
        _payload = payload;
        Signature = signature;
    }

    public byte[] Signature { get; }

    public byte[] SigningInput => Encoding.ASCII.GetBytes($"{_protected}.{_payload}");

    public string Algorithm => Text("alg") ?? throw CaProblemException.Malformed("No alg.");

    public string? Nonce => Text("nonce");

    public string? Url => Text("url");

    public string? KeyId => Text("kid");

    public JsonElement? Key => _header.TryGetProperty("jwk", out var key) ? key : null;

    /// <summary>Null for POST-as-GET (RFC 8555 §6.3).</summary>
    public JsonElement? Payload
    {
        get
        {
            if (_payload.Length == 0) return null;
            var json = JsonElement.Parse(Base64Url.DecodeFromChars(_payload));
            return json.ValueKind == JsonValueKind.Object ? json : throw CaProblemException.Malformed("The payload is no object.");
        }
    }

    public static Jws Parse(JsonElement json)
    {
        if (json.TryGetProperty("header", out _)) throw CaProblemException.Malformed("Unprotected headers are not allowed.");
        if (json.TryGetProperty("signatures", out _)) throw CaProblemException.Malformed("One signature only.");
        var encoded = json.GetProperty("protected").GetString() ?? "";
        var header = JsonElement.Parse(Base64Url.DecodeFromChars(encoded));
        if (header.TryGetProperty("crit", out _) || header.TryGetProperty("b64", out _)) throw CaProblemException.Malformed("crit and b64 are not supported.");
        return new(
            header, encoded, json.GetProperty("payload").GetString() ?? "", Base64Url.DecodeFromChars(json.GetProperty("signature").GetString()));
    }

    /// <exception cref="CaProblemException">Not signed by this key.</exception>
    public void RequireSignatureOf(Jwk key)
    {
        if (!key.Verify(Algorithm, SigningInput, Signature)) throw new CaProblemException("malformed", "The signature is wrong.", 400);
    }

    public void RequireUrl(string url)
    {
        if (Url != url) throw new CaProblemException("unauthorized", $"The message is signed for {Url}, not {url}.", 401);
    }

    string? Text(string name) => _header.TryGetProperty(name, out var value) ? value.GetString() : null;
}
