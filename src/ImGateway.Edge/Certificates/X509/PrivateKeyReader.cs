using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.X509;

/// <summary>Reads one private key from a PEM file, plain or encrypted (PKCS#8, RFC 5958).</summary>
static class PrivateKeyReader
{
    const string Rsa = "1.2.840.113549.1.1.1";

    /// <returns>Null if the key cannot be read; <paramref name="problems"/> has the reasons.</returns>
    public static AsymmetricAlgorithm? Read(
        string path, byte[] content, IReadOnlyList<string> keys, Secret? password, List<CertificateProblem> problems)
    {
        if (content.AsSpan().IndexOf("Proc-Type: 4,ENCRYPTED"u8) >= 0)
        {
            // OpenSSL's traditional encrypted format: its key derivation is one round of MD5, and .NET does not support it.
            problems.Add(new(path, "the key is encrypted in OpenSSL's old format", Remedies.EncryptAnew(path, isOld: false)));
            return null;
        }

        if (keys.Count == 0)
        {
            problems.Add(UnsupportedFormats.OfKey(path, content) ?? new(path, "holds no private key", "name the PEM file that begins with BEGIN PRIVATE KEY as Key"));
            return null;
        }

        if (keys.Count > 1)
        {
            problems.Add(new(path, $"holds {keys.Count} private keys", "keep the certificate's own key alone in it"));
            return null;
        }

        var encrypted = keys[0].Contains("BEGIN ENCRYPTED");
        if (encrypted && Encryption(keys[0]) is { Unsupported: { } scheme, IsOld: var isOld })
        {
            problems.Add(new(path, $"the key is encrypted with {scheme}, which is not supported", Remedies.EncryptAnew(path, isOld)));
            return null;
        }

        if (encrypted && password is null)
        {
            problems.Add(new(path, "the key is encrypted", "set Password or PasswordFile for it"));
            return null;
        }

        return Import(path, keys[0], encrypted ? password : null, problems);
    }

    /// <summary>Reads an unencrypted key that the edge has written. Null if the file is damaged.</summary>
    public static AsymmetricAlgorithm? TryRead(string path, byte[] content)
    {
        try
        {
            return Read(path, content, PemDocument.KeysOf(content).Keys, password: null, []);
        }
        catch (PemException)
        {
            return null;
        }
    }

    static AsymmetricAlgorithm? Import(string path, string pem, Secret? password, List<CertificateProblem> problems)
    {
        // The error for a wrong algorithm depends on the OpenSSL version: try both, unless the key says that it is for ECDSA.
        if (password is null && IsEcdsa(pem) && TryImport(ECDsa.Create(), pem, password) is { } named) return named;
        if (TryImport(RSA.Create(), pem, password) is { } rsa) return rsa;
        if (TryImport(ECDsa.Create(), pem, password) is { } ecdsa) return ecdsa;
        var algorithm = password is null ? AlgorithmOf(pem) : Encryption(pem)?.AlgorithmWith(password);
        problems.Add(algorithm switch
        {
            null when password is not null && Encryption(pem) is null => new(path, "the private key is damaged", "fetch it anew from where it came from"),
            null when password is not null => new(path, "the private key cannot be decrypted", Remedies.TryKeyPassword(path)),
            null => new(path, "the private key is damaged or neither RSA nor ECDSA", "use a key of type P256, P384 or RSA of 2048 bits and more"),
            SignatureAlgorithm.RsaPss => new(path, "the private key is for RSA-PSS alone, which is not supported", Remedies.PlainRsaKey(path)),
            Rsa or Oids.EcPublicKey => new(path, "the private key is damaged", "fetch it anew from where it came from"),
            _ => new(path, $"the private key is neither RSA nor ECDSA but {Oids.NameOf(algorithm)}", "use a key of type P256, P384 or RSA of 2048 bits and more"),
        });
        return null;
    }

    static bool IsEcdsa(string pem) => pem.Contains("BEGIN EC PRIVATE KEY", StringComparison.Ordinal) || AlgorithmOf(pem) == Oids.EcPublicKey;

    /// <summary>PrivateKeyInfo ::= SEQUENCE { version, privateKeyAlgorithm AlgorithmIdentifier, … } (RFC 5958 §2).</summary>
    /// <exception cref="AsnContentException">The encoding is invalid.</exception>
    public static string AlgorithmOf(byte[] content)
    {
        var info = new AsnReader(content, AsnEncodingRules.BER).ReadSequence();
        info.ReadInteger();
        return info.ReadSequence().ReadObjectIdentifier();
    }

    /// <summary>Null if the key cannot be read, or is in an older format than PKCS#8.</summary>
    static string? AlgorithmOf(string pem) => Parsed(pem, AlgorithmOf);

    /// <summary>Null if the key cannot be read.</summary>
    static EncryptedKey? Encryption(string pem) => Parsed(pem, EncryptedKey.Parse);

    static T? Parsed<T>(string pem, Func<byte[], T> parse)
        where T : class
    {
        try
        {
            return parse(Convert.FromBase64String(pem[PemEncoding.Find(pem).Base64Data]));
        }
        catch (Exception e) when (e is AsnContentException or FormatException or ArgumentException)
        {
            return null;
        }
    }

    static T? TryImport<T>(T key, string pem, Secret? password)
        where T : AsymmetricAlgorithm
    {
        try
        {
            if (password is null) key.ImportFromPem(pem);
            else key.ImportFromEncryptedPem(pem, password.Reveal());
            return key;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            key.Dispose();
            return null;
        }
    }

    /// <summary>Whether the key belongs to <paramref name="certificate"/>, by comparing the subject public key info.</summary>
    public static bool Owns(this AsymmetricAlgorithm key, X509Certificate2 certificate) =>
        key.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(certificate.PublicKey.ExportSubjectPublicKeyInfo());

    public static X509Certificate2 Bind(this AsymmetricAlgorithm key, X509Certificate2 certificate) =>
        key is RSA rsa ? certificate.CopyWithPrivateKey(rsa) : certificate.CopyWithPrivateKey((ECDsa)key);

    /// <summary>The private key of a certificate as unencrypted PKCS#8.</summary>
    public static string KeyPem(this X509Certificate2 certificate)
    {
        using AsymmetricAlgorithm key = certificate.GetRSAPrivateKey() is { } rsa ? rsa : certificate.GetECDsaPrivateKey()!;
        return key.ExportPkcs8PrivateKeyPem();
    }
}
