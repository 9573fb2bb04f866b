using System.Security.Cryptography;

namespace ImGateway.Edge.Certificates.X509;

/// <summary>Object identifiers that several files need.</summary>
static class Oids
{
    /// <summary>id-ecPublicKey (RFC 5480 §2.1.1).</summary>
    public const string EcPublicKey = "1.2.840.10045.2.1";

    /// <summary>id-sha1 (RFC 4055 §2.1).</summary>
    public const string Sha1 = "1.3.14.3.2.26";

    /// <summary>id-kp-serverAuth (RFC 5280 §4.2.1.12).</summary>
    public const string ServerAuth = "1.3.6.1.5.5.7.3.1";

    /// <summary>The name for messages; the OID itself if .NET knows none.</summary>
    public static string NameOf(string oid) => new Oid(oid).FriendlyName is { Length: > 0 } name ? name : oid;
}
