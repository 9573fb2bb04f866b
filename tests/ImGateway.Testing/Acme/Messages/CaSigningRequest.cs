using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace ImGateway.Testing;

/// <summary>Checks a CSR against its order (RFC 8555 §7.4).</summary>
static class CaSigningRequest
{
    /// <returns>The key to certify.</returns>
    /// <exception cref="CaProblemException">badCSR.</exception>
    public static PublicKey KeyFor(CaOrder order, JsonElement payload)
    {
        var request = Load(payload.GetProperty("csr").GetString());
        if (request.SubjectName.Name.Length > 0) throw Bad("Names belong into the SAN alone: the subject is not empty.");
        var alternative = request.CertificateExtensions.OfType<X509SubjectAlternativeNameExtension>().SingleOrDefault() ?? throw Bad("It has no SAN.");
        var asked = alternative.EnumerateDnsNames().Concat(alternative.EnumerateIPAddresses().Select((IPAddress address) => address.ToString()));
        if (!asked.Order(StringComparer.Ordinal).SequenceEqual(order.Identifiers.Select(identifier => identifier.Value).Order(StringComparer.Ordinal)))
        {
            throw Bad("Its names are not those of the order.");
        }

        using var rsa = request.PublicKey.GetRSAPublicKey();
        using var ecdsa = request.PublicKey.GetECDsaPublicKey();
        if (rsa is { KeySize: < 2048 } || ecdsa is { KeySize: < 256 }) throw Bad("Its key is too weak.");
        if (rsa is null && ecdsa is null) throw Bad("Its key is of an unknown kind.");
        if (request.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(order.Account.Key.SubjectPublicKeyInfo))
        {
            throw Bad("Its key is the account's (RFC 8555 §11.1).");
        }

        return request.PublicKey;
    }

    static CertificateRequest Load(string? encoded)
    {
        try
        {
            // Checks the request's own signature too.
            return CertificateRequest.LoadSigningRequest(
                Base64Url.DecodeFromChars(encoded), HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
        }
        catch (Exception e) when (e is FormatException or CryptographicException or ArgumentException or NotSupportedException)
        {
            throw Bad(e.Message);
        }
    }

    static CaProblemException Bad(string detail) => new("badCSR", detail);
}
