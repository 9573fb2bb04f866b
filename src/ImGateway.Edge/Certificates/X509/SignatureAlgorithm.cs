using System.Formats.Asn1;
using System.Security.Cryptography;

namespace ImGateway.Edge.Certificates.X509;

/// <summary>The signature algorithm of a certificate or an OCSP response.</summary>
/// <param name="Hash">The hash; null for an unknown algorithm.</param>
/// <param name="Padding">The padding of an RSA signature; null otherwise.</param>
readonly record struct SignatureAlgorithm(HashAlgorithmName? Hash, RSASignaturePadding Padding)
{
    /// <summary>id-RSASSA-PSS: the OID of signatures, and of keys restricted to them.</summary>
    public const string RsaPss = "1.2.840.113549.1.1.10";

    static readonly Dictionary<string, HashAlgorithmName> Hashes = new()
    {
        ["1.2.840.113549.1.1.4"] = HashAlgorithmName.MD5,
        ["1.2.840.113549.1.1.5"] = HashAlgorithmName.SHA1,
        ["1.2.840.113549.1.1.11"] = HashAlgorithmName.SHA256,
        ["1.2.840.113549.1.1.12"] = HashAlgorithmName.SHA384,
        ["1.2.840.113549.1.1.13"] = HashAlgorithmName.SHA512,
        ["1.2.840.10045.4.1"] = HashAlgorithmName.SHA1,
        ["1.2.840.10045.4.3.2"] = HashAlgorithmName.SHA256,
        ["1.2.840.10045.4.3.3"] = HashAlgorithmName.SHA384,
        ["1.2.840.10045.4.3.4"] = HashAlgorithmName.SHA512,
        // Hash OIDs within RSASSA-PSS parameters (RFC 4055 §2.1).
        [Oids.Sha1] = HashAlgorithmName.SHA1,
        ["2.16.840.1.101.3.4.2.1"] = HashAlgorithmName.SHA256,
        ["2.16.840.1.101.3.4.2.2"] = HashAlgorithmName.SHA384,
        ["2.16.840.1.101.3.4.2.3"] = HashAlgorithmName.SHA512,
    };

    /// <summary>
    /// RSASSA-PSS parameters that TLS does not allow and .NET does not verify: the salt must be as long as the hash, and the mask use the same hash
    /// (RFC 8446 §4.2.3). Null if there is no such deviation.
    /// </summary>
    public string? Unsupported { get; private init; }

    /// <summary>Whether the algorithm is supported for verification.</summary>
    public bool IsVerifiable => Hash is not null && Unsupported is null;

    /// <summary>Whether the hash is collision-resistant: neither SHA-1 nor MD5.</summary>
    public bool IsStrong => Hash is { } hash && (hash == HashAlgorithmName.SHA256 || hash == HashAlgorithmName.SHA384 || hash == HashAlgorithmName.SHA512);

    /// <param name="algorithm">The content of an AlgorithmIdentifier (RFC 5280 §4.1.1.2).</param>
    public static SignatureAlgorithm Read(AsnReader algorithm)
    {
        var oid = algorithm.ReadObjectIdentifier();
        return oid == RsaPss ? Pss(algorithm.HasData ? algorithm.ReadSequence() : null) : new(HashOf(oid), RSASignaturePadding.Pkcs1);
    }

    /// <summary>RSASSA-PSS-params ::= SEQUENCE { [0] hash DEFAULT sha1, [1] mask DEFAULT mgf1SHA1, [2] saltLength DEFAULT 20, … } (RFC 4055 §3.1).</summary>
    static SignatureAlgorithm Pss(AsnReader? parameters)
    {
        var hash = HashOf(Tagged(parameters, 0)?.ReadSequence().ReadObjectIdentifier() ?? Oids.Sha1);
        var mask = Tagged(parameters, 1)?.ReadSequence();
        mask?.ReadObjectIdentifier();
        var maskHash = HashOf(mask?.ReadSequence().ReadObjectIdentifier() ?? Oids.Sha1);
        var salt = Tagged(parameters, 2)?.ReadInteger() ?? 20;
        return new(hash, RSASignaturePadding.Pss)
        {
            Unsupported = hash is not { } known ? null
                : maskHash != hash ? $"RSA-PSS with {known.Name} and a mask by {maskHash?.Name ?? "another hash"}"
                : salt != Bytes(known) ? $"RSA-PSS with {known.Name} and a salt of {salt} bytes"
                : null,
        };
    }

    static AsnReader? Tagged(AsnReader? parameters, int number)
    {
        var tag = new Asn1Tag(TagClass.ContextSpecific, number, isConstructed: true);
        return parameters is { HasData: true } && parameters.PeekTag().HasSameClassAndValue(tag) ? parameters.ReadSequence(tag) : null;
    }

    static HashAlgorithmName? HashOf(string oid) => Hashes.TryGetValue(oid, out var known) ? known : null;

    static int Bytes(HashAlgorithmName hash) => hash.Name switch { "MD5" => 16, "SHA1" => 20, "SHA384" => 48, "SHA512" => 64, _ => 32 };
}
