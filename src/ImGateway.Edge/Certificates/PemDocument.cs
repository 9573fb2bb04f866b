using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates;

/// <summary>
/// All certificates and private keys of a PEM file (RFC 7468), whatever stands between them; but every BEGIN and END line belongs to a block that
/// could be read. A block that is passed over would be a chain that is too short, or another certificate than the one that was meant.
/// </summary>
/// <param name="Keys">The blocks as text, for <see cref="PrivateKeyReader"/>.</param>
sealed partial record PemDocument(IReadOnlyList<X509Certificate2> Certificates, IReadOnlyList<string> Keys)
{
    /// <exception cref="PemException">A part cannot be read, or a certificate block does not hold one.</exception>
    public static PemDocument Parse(byte[] content) => Parse(content, keysOnly: false);

    /// <summary>For a file of which only the keys matter: certificates in it may be anything.</summary>
    /// <exception cref="PemException">A part cannot be read.</exception>
    public static PemDocument KeysOf(byte[] content) => Parse(content, keysOnly: true);

    public override string ToString() => $"{Certificates.Count} certificates, {Keys.Count} keys";

    static PemDocument Parse(byte[] content, bool keysOnly)
    {
        List<X509Certificate2> certificates = [];
        List<string> keys = [];
        // Latin-1 keeps any comment between the blocks from failing the file; the blocks themselves are ASCII.
        var text = Encoding.Latin1.GetString(ByteOrderMark.Skip(content));
        var at = 0;
        while (PemEncoding.TryFind(text.AsSpan(at), out var block))
        {
            keys.AddRange(OldKeysBetween(text, at, at + block.Location.Start.Value));
            var rest = text.AsSpan(at);
            var label = rest[block.Label];
            if (label is "CERTIFICATE" or "X509 CERTIFICATE")
            {
                if (!keysOnly) certificates.Add(Certificate(rest[block.Base64Data].ToString(), text, at + block.Location.Start.Value));
            }
            else if (label.EndsWith("PRIVATE KEY", StringComparison.Ordinal))
            {
                keys.Add(rest[block.Location].ToString());
            }

            at += block.Location.End.Value;
        }

        keys.AddRange(OldKeysBetween(text, at, text.Length));
        return new PemDocument(certificates, keys);
    }

    static X509Certificate2 Certificate(string base64, string text, int start)
    {
        try
        {
            return X509CertificateLoader.LoadCertificate(Convert.FromBase64String(base64));
        }
        catch (CryptographicException)
        {
            throw new PemException(LineOf(text, start), "holds a damaged certificate");
        }
    }

    /// <summary>Encrypted keys in OpenSSL's old format have headers, and are no PEM by RFC 7468: <see cref="PrivateKeyReader"/> names them.</summary>
    /// <exception cref="PemException">There is another block, or a part of one.</exception>
    static List<string> OldKeysBetween(string text, int start, int end)
    {
        List<string> keys = [];
        while (Marker().Match(text, start, end - start) is { Success: true } marker)
        {
            var old = OldKey().Match(text, marker.Index, end - marker.Index);
            if (!old.Success) throw new PemException(LineOf(text, marker.Index + marker.Value.IndexOf('-')), Fault(marker));
            keys.Add(old.Value);
            start = old.Index + old.Length;
        }

        return keys;
    }

    static string Fault(Match marker) =>
        !marker.Groups["whole"].Success ? "this line is not written as a BEGIN or END line is, with five hyphens before and behind"
        : marker.Groups["whole"].Value == "BEGIN" ? "the block that begins here cannot be read: its END line is missing or differs, or what stands between is no base64"
        : "this END line has no BEGIN line";

    static int LineOf(string text, int index) => 1 + text.AsSpan(0, Math.Max(0, index)).Count('\n');

    /// <summary>A BEGIN or END line wherever the reader of blocks takes it for one, or a line that was meant to be one: with other dashes or too few.</summary>
    [GeneratedRegex(@"(?<=^|\s)-----(?<whole>BEGIN|END) [^\r\n-]*-----(?=\s|$)|^[ \t]*[-\u0080-\u00FF]{2,}[ \t]*(?:BEGIN|END) [A-Z0-9 ]*(?:CERTIFICATE|PRIVATE KEY)", RegexOptions.Multiline | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Marker();

    [GeneratedRegex(@"\G-----BEGIN (?<label>[A-Z0-9 ]*PRIVATE KEY)-----\s+Proc-Type:(?:(?!-----)[\s\S])*-----END \k<label>-----", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex OldKey();
}
