using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace ImGateway.Acme.Protocol;

/// <summary>The signer of a request: a bare key (<c>jwk</c>), or the key of a registered account (<c>kid</c>).</summary>
sealed record JwsSigner(AcmeKey Key, Uri? Account = null);

/// <summary>A JWS in flattened JSON serialization (RFC 7515 §7.2.2), as RFC 8555 §6.2 requires.</summary>
static class JsonWebSignature
{
    /// <param name="signer">Identified by <c>kid</c> for an account, otherwise by <c>jwk</c>.</param>
    /// <param name="url">The URL of the request.</param>
    /// <param name="nonce">Null only in the inner JWS of a key change (RFC 8555 §7.3.5).</param>
    /// <param name="payload">Empty: POST-as-GET (RFC 8555 §6.3).</param>
    public static byte[] Sign(JwsSigner signer, Uri url, string? nonce, ReadOnlySpan<byte> payload)
    {
        var header = Json.Write(json =>
        {
            json.WriteString("alg", signer.Key.Algorithm);
            if (nonce is not null) json.WriteString("nonce", nonce);
            json.WriteString("url", url.AbsoluteUri);

            // The account's URL unchanged: the CA compares it byte for byte.
            if (signer.Account is { } account) json.WriteString("kid", account.OriginalString);
            else Json.WriteRaw(json, "jwk", signer.Key.Jwk);
        });
        return Assemble(header, payload, signer.Key.Sign);
    }

    /// <summary>External account binding: a JWS over the account's public key with the external account's HMAC key (RFC 8555 §7.3.4).</summary>
    public static byte[] Bind(AcmeKey key, ExternalAccount external, Uri url)
    {
        var header = Json.Write(json =>
        {
            json.WriteString("alg", "HS256");
            json.WriteString("kid", external.KeyId);
            json.WriteString("url", url.AbsoluteUri);
        });
        return Assemble(header, Encoding.ASCII.GetBytes(key.Jwk), input => HMACSHA256.HashData(external.HmacKey, input));
    }

    delegate byte[] Signature(ReadOnlySpan<byte> input);

    static byte[] Assemble(byte[] header, ReadOnlySpan<byte> payload, Signature sign)
    {
        var (first, second) = (Base64Url.EncodeToString(header), Base64Url.EncodeToString(payload));
        var signature = sign(Encoding.ASCII.GetBytes($"{first}.{second}"));
        return Json.Write(json =>
        {
            json.WriteString("protected", first);
            json.WriteString("payload", second);
            json.WriteString("signature", Base64Url.EncodeToString(signature));
        });
    }
}

/// <summary>Writes the JSON objects of requests.</summary>
static class Json
{
    public static byte[] Write(Action<Utf8JsonWriter> fields)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            fields(json);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <param name="json">The writer.</param>
    /// <param name="name">The field's name.</param>
    /// <param name="value">Raw JSON.</param>
    public static void WriteRaw(Utf8JsonWriter json, string name, string value)
    {
        json.WritePropertyName(name);
        json.WriteRawValue(value);
    }
}
