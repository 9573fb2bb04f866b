using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace ImGateway.Edge.Certificates;

/// <summary>What a PFX file (PKCS#12, RFC 7292) is protected by and .NET does not know.</summary>
static partial class PfxAlgorithms
{
    const string Pbmac1 = "1.2.840.113549.1.5.14";

    /// <summary>.NET says by the OID in its message alone that it does not know an algorithm. Null where it knows all of them.</summary>
    public static (string Name, bool IsIntegrityCode)? UnknownOf(CryptographicException e) => Oid().Match(e.Message) is not { Success: true, Groups: var groups } ? null
        : groups["oid"].Value is Pbmac1 ? ("PBMAC1", true)
        : (EncryptedKey.Name(groups["oid"].Value), false);

    [GeneratedRegex(@"'(?<oid>[0-2](?:\.\d+){3,})'", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Oid();
}
