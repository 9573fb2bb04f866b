using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace ImGateway.Edge.Certificates.X509;

/// <summary>Finds algorithms of a PFX file (PKCS#12, RFC 7292) that .NET does not support.</summary>
static partial class PfxAlgorithms
{
    const string Pbmac1 = "1.2.840.113549.1.5.14";

    /// <summary>.NET names an unsupported algorithm only by the OID in its message. Null if all algorithms are supported.</summary>
    public static (string Name, bool IsIntegrityCode)? UnknownOf(CryptographicException e) => Oid().Match(e.Message) is not { Success: true, Groups: var groups } ? null
        : groups["oid"].Value is Pbmac1 ? ("PBMAC1", true)
        : (Oids.NameOf(groups["oid"].Value), false);

    [GeneratedRegex(@"'(?<oid>[0-2](?:\.\d+){3,})'", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Oid();
}
