using System.Formats.Asn1;
using System.Security.Cryptography;

namespace ImGateway.Edge.Certificates;

/// <summary>How a certificate or an OCSP response is signed.</summary>
/// <param name="Hash">What the signature is made over; null: an algorithm that is not known here.</param>
/// <param name="Padding">Where the key is RSA.</param>
readonly record struct SignatureAlgorithm(HashAlgorithmName? Hash, RSASignaturePadding Padding)
{
    /// <summary>id-RSASSA-PSS: of signatures, and of keys that are for nothing else.</summary>
    public const string RsaPss = "1.2.840.113549.1.1.10";

    const string Sha1 = "1.3.14.3.2.26";

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
        // As digests, within RSASSA-PSS parameters (RFC 4055 §2.1).
        ["1.3.14.3.2.26"] = HashAlgorithmName.SHA1,
        ["2.16.840.1.101.3.4.2.1"] = HashAlgorithmName.SHA256,
        ["2.16.840.1.101.3.4.2.2"] = HashAlgorithmName.SHA384,
        ["2.16.840.1.101.3.4.2.3"] = HashAlgorithmName.SHA512,
    };

    /// <summary>
    /// What TLS does not allow and .NET does not verify: RSASSA-PSS with other parameters than a salt as long as the hash and a mask by the same hash
    /// (RFC 8446 §4.2.3). Null where there is no such thing.
    /// </summary>
    public string? Unsupported { get; private init; }

    /// <summary>Whether a signature of this kind can be verified here at all.</summary>
    public bool IsVerifiable => Hash is not null && Unsupported is null;

    /// <summary>Forging it costs more than anybody has: neither SHA-1 nor MD5.</summary>
    public bool IsStrong => Hash is { } hash && (hash == HashAlgorithmName.SHA256 || hash == HashAlgorithmName.SHA384 || hash == HashAlgorithmName.SHA512);

    /// <param name="algorithm">The inside of an AlgorithmIdentifier (RFC 5280 §4.1.1.2).</param>
    public static SignatureAlgorithm Read(AsnReader algorithm)
    {
        var oid = algorithm.ReadObjectIdentifier();
        return oid == RsaPss ? Pss(algorithm.HasData ? algorithm.ReadSequence() : null) : new(HashOf(oid), RSASignaturePadding.Pkcs1);
    }

    /// <summary>RSASSA-PSS-params ::= SEQUENCE { [0] hash DEFAULT sha1, [1] mask DEFAULT mgf1SHA1, [2] saltLength DEFAULT 20, … } (RFC 4055 §3.1).</summary>
    static SignatureAlgorithm Pss(AsnReader? parameters)
    {
        var hash = HashOf(Tagged(parameters, 0)?.ReadSequence().ReadObjectIdentifier() ?? Sha1);
        var mask = Tagged(parameters, 1)?.ReadSequence();
        mask?.ReadObjectIdentifier();
        var maskHash = HashOf(mask?.ReadSequence().ReadObjectIdentifier() ?? Sha1);
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
