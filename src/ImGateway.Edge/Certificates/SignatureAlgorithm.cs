using System.Formats.Asn1;
using System.Security.Cryptography;

namespace ImGateway.Edge.Certificates;

/// <summary>How a certificate or an OCSP response is signed.</summary>
/// <param name="Hash">What the signature is made over; null: an algorithm that is not known here.</param>
/// <param name="Padding">Where the key is RSA.</param>
readonly record struct SignatureAlgorithm(HashAlgorithmName? Hash, RSASignaturePadding Padding)
{
    const string RsaPss = "1.2.840.113549.1.1.10";

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

    /// <summary>Forging it costs more than anybody has: neither SHA-1 nor MD5.</summary>
    public bool IsStrong => Hash is { } hash && (hash == HashAlgorithmName.SHA256 || hash == HashAlgorithmName.SHA384 || hash == HashAlgorithmName.SHA512);

    /// <param name="algorithm">The inside of an AlgorithmIdentifier (RFC 5280 §4.1.1.2).</param>
    public static SignatureAlgorithm Read(AsnReader algorithm)
    {
        var oid = algorithm.ReadObjectIdentifier();
        // .NET takes a salt as long as the hash for granted, as the CA/Browser Forum prescribes (BR 7.1.3.2.1).
        var pss = oid == RsaPss;
        HashAlgorithmName? hash = Hashes.TryGetValue(pss ? PssHash(algorithm) : oid, out var known) ? known : null;
        return new(hash, pss ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);
    }

    /// <summary>RSASSA-PSS-params ::= SEQUENCE { [0] hashAlgorithm DEFAULT sha1, … } (RFC 4055 §3.1).</summary>
    static string PssHash(AsnReader algorithm)
    {
        var explicitHash = new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true);
        var parameters = algorithm.HasData ? algorithm.ReadSequence() : null;
        return parameters is { HasData: true } && parameters.PeekTag().HasSameClassAndValue(explicitHash)
            ? parameters.ReadSequence(explicitHash).ReadSequence().ReadObjectIdentifier()
            : "1.3.14.3.2.26";
    }
}
