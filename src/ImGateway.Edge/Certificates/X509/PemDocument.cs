using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography;
using System.Text;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.X509;

/// <summary>
/// All certificates and private keys of a PEM file (RFC 7468), with any text between them; but every BEGIN and END line must belong to a block that
/// can be read. Skipping a block could shorten the chain or select another certificate.
/// </summary>
/// <param name="Keys">The key blocks as text, for <see cref="PrivateKeyReader"/>.</param>
sealed record PemDocument(IReadOnlyList<X509Certificate2> Certificates, IReadOnlyList<string> Keys)
{
    /// <exception cref="PemException">A block cannot be read, or a certificate block contains no certificate.</exception>
    public static PemDocument Parse(byte[] content) => Parse(content, keysOnly: false);

    /// <summary>Reads only the keys; the content of certificate blocks is not checked.</summary>
    /// <exception cref="PemException">A block cannot be read.</exception>
    public static PemDocument KeysOf(byte[] content) => Parse(content, keysOnly: true);

    public override string ToString() => $"{Certificates.Count} certificates, {Keys.Count} keys";

    static PemDocument Parse(byte[] content, bool keysOnly)
    {
        List<X509Certificate2> certificates = [];
        List<string> keys = [];
        // Latin-1, so that no comment between blocks fails the decoding; the blocks themselves are ASCII.
        var text = Encoding.Latin1.GetString(ByteOrderMark.Skip(content));
        for (var at = 0; PemMarker.FirstIn(text, at) is { } begin;)
        {
            // 1. A block: from its BEGIN to the next marker, which must be its END.
            if (begin.Kind is not PemMarkerKind.Begin || PemMarker.FirstIn(text, begin.End) is not { Kind: PemMarkerKind.End } end || end.Label != begin.Label)
                throw new PemException(LineOf(text, begin.Start), Fault(begin.Kind));
            at = end.End;

            // 2. Its content. Convert ignores white space, as RFC 7468 §3 allows.
            var base64 = text[begin.End..end.Start];
            var isKey = begin.Label.EndsWith("PRIVATE KEY", StringComparison.Ordinal);
            if (!IsBase64(base64) && !(isKey && IsOldKey(base64))) throw new PemException(LineOf(text, begin.Start), Fault(begin.Kind));
            if (isKey) keys.Add(text[begin.Start..end.End]);
            else if (!keysOnly && begin.Label is ("CERTIFICATE" or "X509 CERTIFICATE")) certificates.Add(Certificate(base64, text, begin.Start));
        }

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

    /// <summary>Encrypted keys in OpenSSL's traditional format have headers, which RFC 7468 does not allow; <see cref="PrivateKeyReader"/> reports them.</summary>
    static bool IsOldKey(string content) => content.TrimStart().StartsWith("Proc-Type:", StringComparison.Ordinal);

    static bool IsBase64(string content) => Convert.TryFromBase64String(content, new byte[content.Length], out _);

    static string Fault(PemMarkerKind kind) => kind switch
    {
        PemMarkerKind.Begin => "the block that begins here cannot be read: its END line is missing or differs, or what stands between is no base64",
        PemMarkerKind.End => "this END line has no BEGIN line",
        _ => "this line is not written as a BEGIN or END line is, with five hyphens before and behind",
    };

    static int LineOf(string text, int index) => 1 + text.AsSpan(0, index).Count('\n');
}

/// <summary>A part of a PEM file cannot be read.</summary>
/// <param name="line">The line at which the part begins, counted from 1.</param>
/// <param name="what">The problem, without any content, which may be a key.</param>
sealed class PemException(int line, string what) : CryptographicException($"line {line}: {what}");
