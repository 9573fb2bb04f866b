using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace ImGateway.Testing;

/// <summary>A public key of RFC 7517 with its thumbprint (RFC 7638): P-256, P-384 or RSA.</summary>
sealed record Jwk(string Algorithm, string Thumbprint, byte[] SubjectPublicKeyInfo)
{
    public static Jwk Parse(JsonElement json)
    {
        try
        {
            return json.GetProperty("kty").GetString() switch
            {
                "EC" => ParseEllipticCurve(json),
                "RSA" => ParseRsa(json),
                var other => throw new CaProblemException("badPublicKey", $"Keys of type {other} are not accepted."),
            };
        }
        catch (Exception e) when (e is KeyNotFoundException or FormatException or CryptographicException or InvalidOperationException)
        {
            throw new CaProblemException("badPublicKey", e.Message);
        }
    }

    public bool Verify(string algorithm, byte[] data, byte[] signature)
    {
        if (algorithm != Algorithm) throw new CaProblemException("badSignatureAlgorithm", $"The key signs with {Algorithm}, not {algorithm}.");
        if (algorithm == "RS256")
        {
            using var rsa = RSA.Create();
            rsa.ImportSubjectPublicKeyInfo(SubjectPublicKeyInfo, out _);
            return rsa.VerifyData(data, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }

        using var ecdsa = ECDsa.Create();
        ecdsa.ImportSubjectPublicKeyInfo(SubjectPublicKeyInfo, out _);
        return ecdsa.VerifyData(data, signature, algorithm == "ES256" ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA384);
    }

    public bool Equals(Jwk? other) => other?.Thumbprint == Thumbprint;

    public override int GetHashCode() => Thumbprint.GetHashCode(StringComparison.Ordinal);

    static Jwk ParseEllipticCurve(JsonElement json)
    {
        var name = json.GetProperty("crv").GetString();
        var (curve, algorithm, size) = name switch
        {
            "P-256" => (ECCurve.NamedCurves.nistP256, "ES256", 32),
            "P-384" => (ECCurve.NamedCurves.nistP384, "ES384", 48),
            _ => throw new CaProblemException("badPublicKey", $"The curve {name} is not accepted."),
        };
        var (x, y) = (Bytes(json, "x"), Bytes(json, "y"));
        // Coordinates have the curve's full length, leading zeros included (RFC 7518 §6.2.1.2).
        if (x.Length != size || y.Length != size) throw new CaProblemException("badPublicKey", "A coordinate has the wrong length.");
        using var key = ECDsa.Create(new ECParameters { Curve = curve, Q = new ECPoint { X = x, Y = y } });
        return new(algorithm, Hash($$"""{"crv":"{{name}}","kty":"EC","x":"{{Text(x)}}","y":"{{Text(y)}}"}"""), key.ExportSubjectPublicKeyInfo());
    }

    static Jwk ParseRsa(JsonElement json)
    {
        var (e, n) = (Bytes(json, "e"), Bytes(json, "n"));
        using var key = RSA.Create(new RSAParameters { Exponent = e, Modulus = n });
        if (key.KeySize < 2048) throw new CaProblemException("badPublicKey", "RSA keys have 2048 bits at least.");
        return new("RS256", Hash($$"""{"e":"{{Text(e)}}","kty":"RSA","n":"{{Text(n)}}"}"""), key.ExportSubjectPublicKeyInfo());
    }

    static byte[] Bytes(JsonElement json, string name) => Base64Url.DecodeFromChars(json.GetProperty(name).GetString());

    static string Text(byte[] bytes) => Base64Url.EncodeToString(bytes);

    static string Hash(string canonical) => Text(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)));
}
