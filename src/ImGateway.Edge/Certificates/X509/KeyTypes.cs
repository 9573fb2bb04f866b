using System.Security.Cryptography;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.X509;

static class KeyTypes
{
    /// <summary>Generates a key of this type; the caller disposes it.</summary>
    public static AsymmetricAlgorithm CreateKey(this KeyType type) => type switch
    {
        KeyType.P256 => ECDsa.Create(ECCurve.NamedCurves.nistP256),
        KeyType.P384 => ECDsa.Create(ECCurve.NamedCurves.nistP384),
        KeyType.RSA2048 => RSA.Create(2048),
        KeyType.RSA3072 => RSA.Create(3072),
        KeyType.RSA4096 => RSA.Create(4096),
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };
}
