using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.X509;

/// <summary>
/// Finds out why an encrypted private key cannot be read: .NET reports an unsupported scheme or key type like a wrong password.
/// EncryptedPrivateKeyInfo ::= SEQUENCE { encryptionAlgorithm AlgorithmIdentifier, encryptedData OCTET STRING } (RFC 5958 §3).
/// </summary>
sealed class EncryptedKey
{
    const string Pbes2 = "1.2.840.113549.1.5.13", Pbkdf2 = "1.2.840.113549.1.5.12", HmacSha1 = "1.2.840.113549.2.7";

    /// <summary>The supported schemes of PKCS#5 v1.5 and PKCS#12: DES, RC2 and triple DES, not RC4.</summary>
    static readonly string[] OldSchemes =
    [
        "1.2.840.113549.1.5.3", "1.2.840.113549.1.5.6", "1.2.840.113549.1.5.10", "1.2.840.113549.1.5.11",
        "1.2.840.113549.1.12.1.3", "1.2.840.113549.1.12.1.4", "1.2.840.113549.1.12.1.5", "1.2.840.113549.1.12.1.6",
    ];

    static readonly Dictionary<string, HashAlgorithmName> Hashes = new()
    {
        [HmacSha1] = HashAlgorithmName.SHA1,
        ["1.2.840.113549.2.9"] = HashAlgorithmName.SHA256,
        ["1.2.840.113549.2.10"] = HashAlgorithmName.SHA384,
        ["1.2.840.113549.2.11"] = HashAlgorithmName.SHA512,
    };

    static readonly Dictionary<string, int> AesKeyBytes = new()
    {
        ["2.16.840.1.101.3.4.1.2"] = 16,
        ["2.16.840.1.101.3.4.1.22"] = 24,
        ["2.16.840.1.101.3.4.1.42"] = 32,
    };

    /// <summary>DES, triple DES, RC2.</summary>
    static readonly string[] OtherCiphers = ["1.3.14.3.2.7", "1.2.840.113549.3.7", "1.2.840.113549.3.2"];

    readonly Func<Secret, byte[]>? _decrypt;

    EncryptedKey(string? unsupported, bool isOld, Func<Secret, byte[]>? decrypt) => (Unsupported, IsOld, _decrypt) = (unsupported, isOld, decrypt);

    /// <summary>The unsupported part of the encryption; null if all parts are supported.</summary>
    public string? Unsupported { get; }

    /// <summary>A scheme from before PKCS#5 v2, which current programs use only on request.</summary>
    public bool IsOld { get; }

    /// <exception cref="AsnContentException">The encoding is invalid.</exception>
    public static EncryptedKey Parse(byte[] content)
    {
        var info = new AsnReader(content, AsnEncodingRules.BER).ReadSequence();
        var algorithm = info.ReadSequence();
        var data = info.ReadOctetString();
        var scheme = algorithm.ReadObjectIdentifier();
        if (scheme != Pbes2) return new(OldSchemes.Contains(scheme) ? null : Oids.NameOf(scheme), isOld: true, decrypt: null);

        // PBES2-params ::= SEQUENCE { keyDerivationFunc, encryptionScheme } (RFC 8018 §A.4).
        var parameters = algorithm.ReadSequence();
        var (derivation, cipher) = (parameters.ReadSequence(), parameters.ReadSequence());
        var (function, cipherName) = (derivation.ReadObjectIdentifier(), cipher.ReadObjectIdentifier());
        if (function != Pbkdf2) return new(Oids.NameOf(function), isOld: false, decrypt: null);
        var (salt, iterations, random) = Pbkdf2Parameters(derivation.ReadSequence());
        if (!Hashes.TryGetValue(random, out var hash)) return new(Oids.NameOf(random), isOld: false, decrypt: null);
        if (OtherCiphers.Contains(cipherName)) return new(unsupported: null, isOld: false, decrypt: null);
        if (!AesKeyBytes.TryGetValue(cipherName, out var keyBytes)) return new(Oids.NameOf(cipherName), isOld: false, decrypt: null);
        var vector = cipher.ReadOctetString();
        return new(unsupported: null, isOld: false, password =>
        {
            using var aes = Aes.Create();
            aes.Key = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password.Reveal()), salt, iterations, hash, keyBytes);
            return aes.DecryptCbc(data, vector);
        });
    }

    /// <summary>The key's algorithm; null if the password is wrong or the scheme is not supported here.</summary>
    public string? AlgorithmWith(Secret password)
    {
        if (_decrypt is null) return null;
        byte[] plain = [];
        try
        {
            plain = _decrypt(password);
            return PrivateKeyReader.AlgorithmOf(plain);
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException)
        {
            return null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    /// <summary>PBKDF2-params ::= SEQUENCE { salt, iterationCount, keyLength OPTIONAL, prf DEFAULT hmacWithSHA1 } (RFC 8018 §A.2).</summary>
    static (byte[] Salt, int Iterations, string Random) Pbkdf2Parameters(AsnReader parameters)
    {
        var salt = parameters.ReadOctetString();
        if (!parameters.TryReadInt32(out var iterations) || iterations < 1) throw new AsnContentException();
        if (parameters.HasData && parameters.PeekTag() == Asn1Tag.Integer) parameters.ReadInteger();
        return (salt, iterations, parameters.HasData ? parameters.ReadSequence().ReadObjectIdentifier() : HmacSha1);
    }
}
