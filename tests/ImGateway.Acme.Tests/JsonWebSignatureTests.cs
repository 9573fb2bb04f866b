using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ImGateway.Acme.Protocol;

namespace ImGateway.Acme.Tests;

public sealed class JsonWebSignatureTests
{
    static readonly Uri Url = new("https://ca.example/acme/new-order");

    [Fact]
    public void The_thumbprint_is_that_of_RFC_7638()
    {
        // RFC 7638 §3.1
        using var rsa = RSA.Create(new RSAParameters
        {
            Exponent = Base64Url.DecodeFromChars("AQAB"),
            Modulus = Base64Url.DecodeFromChars(
                "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W" +
                "-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qN" +
                "Lyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"),
        });
        using var key = AcmeKey.From(rsa);
        Assert.Equal("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", key.Thumbprint);
    }

    [Fact]
    public void The_key_of_RFC_7515_appendix_A3_signs_what_the_appendix_verifies()
    {
        using var ecdsa = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint
            {
                X = Base64Url.DecodeFromChars("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
                Y = Base64Url.DecodeFromChars("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"),
            },
            D = Base64Url.DecodeFromChars("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"),
        });
        const string input = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        const string signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        using var key = AcmeKey.From(ecdsa);
        Assert.True(ecdsa.VerifyData(Encoding.ASCII.GetBytes(input), Base64Url.DecodeFromChars(signature), HashAlgorithmName.SHA256));
        Assert.True(ecdsa.VerifyData(Encoding.ASCII.GetBytes(input), key.Sign(Encoding.ASCII.GetBytes(input)), HashAlgorithmName.SHA256));
        Assert.Equal("ES256", key.Algorithm);
    }

    [Fact]
    public void A_request_of_an_account_names_it_and_not_its_key()
    {
        using var key = AcmeKey.Create();
        var (header, payload, verified) = Open(JsonWebSignature.Sign(new JwsSigner(key, new Uri("https://ca.example/acct/1")), Url, "n-1", "{}"u8), key);
        Assert.True(verified);
        Assert.Equal(["alg", "nonce", "url", "kid"], header.EnumerateObject().Select(p => p.Name));
        Assert.Equal("https://ca.example/acct/1", header.GetProperty("kid").GetString());
        Assert.Equal(Url.AbsoluteUri, header.GetProperty("url").GetString());
        Assert.Equal("{}", payload);
    }

    [Fact]
    public void A_request_without_account_carries_the_public_key_only()
    {
        using var key = AcmeKey.Create();
        var (header, payload, verified) = Open(JsonWebSignature.Sign(new JwsSigner(key), Url, "n-1", default), key);
        Assert.True(verified);
        Assert.Equal(["crv", "kty", "x", "y"], header.GetProperty("jwk").EnumerateObject().Select(p => p.Name));
        Assert.Equal("", payload);
    }

    [Fact]
    public void An_external_account_is_bound_by_its_MAC_over_the_public_key()
    {
        using var key = AcmeKey.Create();
        var external = new ExternalAccount("kid-1", RandomNumberGenerator.GetBytes(32));
        var jws = JsonElement.Parse(JsonWebSignature.Bind(key, external, Url));
        var input = $"{jws.GetProperty("protected").GetString()}.{jws.GetProperty("payload").GetString()}";
        var mac = HMACSHA256.HashData(external.HmacKey, Encoding.ASCII.GetBytes(input));
        Assert.Equal(Base64Url.EncodeToString(mac), jws.GetProperty("signature").GetString());
        Assert.Equal(key.Jwk, Encoding.ASCII.GetString(Base64Url.DecodeFromChars(jws.GetProperty("payload").GetString())));
    }

    [Fact]
    public void Keys_have_no_printable_form_but_PEM()
    {
        using var key = AcmeKey.Create();
        using var again = AcmeKey.FromPem(key.ToPem());
        Assert.Equal(key.Thumbprint, again.Thumbprint);
        Assert.Equal(key.Thumbprint, key.ToString());
        Assert.DoesNotContain(Convert.ToBase64String([1, 2, 3, 4]), new ExternalAccount("kid-1", [1, 2, 3, 4]).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_that_cannot_sign_are_refused_without_being_quoted()
    {
        using var key = AcmeKey.Create();
        using var p256 = ECDsa.Create();
        p256.ImportFromPem(key.ToPem());
        using var p521 = ECDsa.Create(ECCurve.NamedCurves.nistP521);
        foreach (var pem in (string[])["", "hello", p256.ExportSubjectPublicKeyInfoPem(), p521.ExportPkcs8PrivateKeyPem(), key.ToPem()[..100]])
        {
            var e = Assert.Throws<ArgumentException>(() => AcmeKey.FromPem(pem));
            Assert.DoesNotContain("BEGIN", e.Message, StringComparison.Ordinal);
        }
    }

    static (JsonElement Header, string Payload, bool Verified) Open(byte[] jws, AcmeKey key)
    {
        var json = JsonElement.Parse(jws);
        var (first, second) = (json.GetProperty("protected").GetString()!, json.GetProperty("payload").GetString()!);
        using var ecdsa = ECDsa.Create();
        ecdsa.ImportFromPem(key.ToPem());
        var signature = Base64Url.DecodeFromChars(json.GetProperty("signature").GetString());
        return (
            JsonElement.Parse(Base64Url.DecodeFromChars(first)),
            Encoding.UTF8.GetString(Base64Url.DecodeFromChars(second)),
            ecdsa.VerifyData(Encoding.ASCII.GetBytes($"{first}.{second}"), signature, HashAlgorithmName.SHA256));
    }
}
