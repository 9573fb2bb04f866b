using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace ImGateway.Acme;

/// <summary>A key that signs requests: the account key (ES256), or a certificate's key for its revocation (ES256, ES384, RS256). Thread-safe.</summary>
public sealed class AcmeKey : IDisposable
{
    readonly Lock _lock = new();
    readonly AsymmetricAlgorithm _key;
    readonly HashAlgorithmName _hash;
    readonly bool _owned;

    AcmeKey(AsymmetricAlgorithm key, bool owned)
    {
        _key = key;
        _owned = owned;
        (Algorithm, _hash, Jwk) = Describe(key);
        Thumbprint = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Jwk)));
    }

    /// <summary>The JWK thumbprint (RFC 7638), which key authorizations contain.</summary>
    public string Thumbprint { get; }

    /// <summary>The JWS algorithm (RFC 7518 §3.1).</summary>
    internal string Algorithm { get; }

    /// <summary>The public key as a JWK in the canonical form of RFC 7638 §3, from which the thumbprint is computed.</summary>
    internal string Jwk { get; }

    /// <summary>Creates an account key on P-256.</summary>
    public static AcmeKey Create() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256), owned: true);

    /// <param name="pem">PKCS#8, SEC 1 or PKCS#1, unencrypted.</param>
    /// <exception cref="ArgumentException">The text is in none of these formats, or the key type is not supported.</exception>
    public static AcmeKey FromPem(string pem)
    {
        // The key type of a PKCS#8 document is found by trying both.
        return Read(ECDsa.Create(), pem) ?? Read(RSA.Create(), pem)
            ?? throw new ArgumentException("No unencrypted private key in PEM on P-256, P-384 or RSA was found.", nameof(pem));
    }

    /// <param name="key">Owned by the caller, who disposes of it after this object.</param>
    public static AcmeKey From(ECDsa key) => new(key, owned: false);

    /// <param name="key">Owned by the caller, who disposes of it after this object.</param>
    public static AcmeKey From(RSA key) => new(key, owned: false);

    /// <summary>The private key as unencrypted PKCS#8.</summary>
    public string ToPem() => _key.ExportPkcs8PrivateKeyPem() + "\n";

    /// <summary>The thumbprint, never the key.</summary>
    public override string ToString() => Thumbprint;

    public void Dispose()
    {
        if (_owned) _key.Dispose();
    }

    internal byte[] Sign(ReadOnlySpan<byte> data)
    {
        // Instances of .NET's asymmetric algorithms are not thread-safe.
        lock (_lock)
        {
            return _key is RSA rsa
                ? rsa.SignData(data, _hash, RSASignaturePadding.Pkcs1)
                : ((ECDsa)_key).SignData(data, _hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
    }

    static AcmeKey? Read(AsymmetricAlgorithm key, string pem)
    {
        try
        {
            key.ImportFromPem(pem);
            var read = new AcmeKey(key, owned: true);
            read.Sign([]);
            return read;
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            key.Dispose();
            return null;
        }
    }

    static (string Algorithm, HashAlgorithmName Hash, string Jwk) Describe(AsymmetricAlgorithm key)
    {
        if (key is RSA rsa)
        {
            var numbers = rsa.ExportParameters(includePrivateParameters: false);
            return ("RS256", HashAlgorithmName.SHA256, $$"""{"e":"{{Text(numbers.Exponent)}}","kty":"RSA","n":"{{Text(numbers.Modulus)}}"}""");
        }

        var point = ((ECDsa)key).ExportParameters(includePrivateParameters: false);
        var (algorithm, hash, curve) = point.Curve.Oid.Value switch
        {
            "1.2.840.10045.3.1.7" => ("ES256", HashAlgorithmName.SHA256, "P-256"),
            "1.3.132.0.34" => ("ES384", HashAlgorithmName.SHA384, "P-384"),
            _ => throw new ArgumentException("Keys on P-256 and P-384 can sign ACME requests, this one is on another curve.", nameof(key)),
        };
        return (algorithm, hash, $$"""{"crv":"{{curve}}","kty":"EC","x":"{{Text(point.Q.X)}}","y":"{{Text(point.Q.Y)}}"}""");
    }

    static string Text(byte[]? bytes) => Base64Url.EncodeToString(bytes);
}
