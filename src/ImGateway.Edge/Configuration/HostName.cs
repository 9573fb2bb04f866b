using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Text;

namespace ImGateway.Edge.Configuration;

/// <summary>
/// A public name the edge serves, in canonical form: lower-case A-label DNS name (RFC 5890), <c>*.</c> wildcard of one label
/// (RFC 9525 §6.3), or IP address (RFC 8738).
/// </summary>
public sealed record HostName
{
    /// <summary>Upper bound of a name's length in any form.</summary>
    const int LongestText = 1024;

    /// <summary>ASCII characters are checked here instead: STD 3 rules would reject the underscore, which names in some networks have.</summary>
    static readonly IdnMapping Idn = new();

    /// <summary>
    /// Characters that have a composed form with the character before them: combining diacritics, Hangul jamo, kana voicing marks,
    /// hamza and madda.
    /// </summary>
    static readonly SearchValues<char> Composable = SearchValues.Create(
        [.. Range(0x0300, 0x036F), .. Range(0x0653, 0x0655), .. Range(0x1100, 0x11FF), '\u3099', '\u309A']);

    HostName(string value, bool isAddress) => (Value, IsAddress) = (value, isAddress);

    /// <summary>Canonical text: <c>gateway.example.com</c>, <c>*.example.com</c>, <c>192.0.2.1</c>, <c>2001:db8::1</c>.</summary>
    public string Value { get; }

    public bool IsAddress { get; }

    public bool IsWildcard => Value.StartsWith("*.", StringComparison.Ordinal);

    /// <summary>The name without a wildcard label: validation, CAA and DNSSEC are about this name.</summary>
    public string Domain => IsWildcard ? Value[2..] : Value;

    /// <summary>The name of the host's managed certificate and its folder: the host with <c>*</c> written <c>_</c>.</summary>
    public string CertificateName => Value.Replace('*', '_');

    /// <summary>The host in a URL's authority: IPv6 in brackets.</summary>
    public string UriHost => IsAddress && Value.Contains(':') ? $"[{Value}]" : Value;

    public static bool TryParse(string? text, [NotNullWhen(true)] out HostName? host)
    {
        host = null;
        if (string.IsNullOrWhiteSpace(text)) return false;
        var trimmed = text is ['[', .., ']'] ? text[1..^1] : text;
        if (IPAddress.TryParse(trimmed, out var address))
        {
            // "1", "0x7f.0.0.1" and "010.0.0.1" (8.0.0.1) also parse as addresses; only canonical spellings are accepted.
            if (!trimmed.Contains(':') && trimmed != address.ToString()) return false;
            host = new HostName(address.Unmapped().ToString(), isAddress: true);
            return true;
        }

        var wildcard = text.StartsWith("*.", StringComparison.Ordinal);
        var rest = (wildcard ? text[2..] : text).TrimEnd('.');
        if (rest.Length > LongestText || ToAscii(rest) is not { } ascii) return false;
        if (ascii.Length is 0 or > 251 || (wildcard && !ascii.Contains('.')) || ascii.Split('.').Any(label => !IsLabel(label))) return false;
        host = new HostName(wildcard ? "*." + ascii : ascii, isAddress: false);
        return true;
    }

    public static HostName Parse(string text) =>
        TryParse(text, out var host) ? host : throw new FormatException($"'{text}' is not a host name");

    /// <summary>Whether this name, from the configuration or a certificate, matches <paramref name="name"/> (RFC 9525 §6.3).</summary>
    public bool Matches(HostName name)
    {
        if (Value == name.Value) return true;
        if (!IsWildcard || name.IsWildcard || name.IsAddress) return false;
        var dot = name.Value.IndexOf('.');
        return dot > 0 && name.Value.AsSpan(dot).SequenceEqual(Value.AsSpan(1));
    }

    /// <summary>The values of the names that match this one: its own, and the wildcard above it.</summary>
    internal IEnumerable<string> MatchingValues()
    {
        yield return Value;
        if (!IsWildcard && !IsAddress && Value.IndexOf('.') is > 0 and var dot) yield return "*" + Value[dot..];
    }

    public override string ToString() => Value;

    /// <summary>Converts to lower-case A-labels (RFC 5891 §5); null if the conversion does not round-trip.</summary>
    static string? ToAscii(string name)
    {
        try
        {
            if (Ascii.IsValid(name)) return RoundTripped(name.ToLowerInvariant());
            // U-labels are lower-case and composed (RFC 5891 §4.2.1, RFC 5895 §2). Without culture data .NET cannot compose, so a name that
            // is not composed is rejected: it would differ from the name that looks the same.
            var lower = name.Normalize(NormalizationForm.FormC).ToLowerInvariant();
            if (lower.AsSpan().ContainsAny(Composable) || lower.EnumerateRunes().Any(IsNotText)) return null;
            return RoundTripped(Idn.GetAscii(lower).ToLowerInvariant());
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    static string? RoundTripped(string ascii)
    {
        if (!ascii.Contains("xn--", StringComparison.Ordinal)) return ascii;
        var back = Idn.GetUnicode(ascii);
        return Idn.GetAscii(back.ToLowerInvariant()) == ascii && !back.EnumerateRunes().Any(IsNotText) ? ascii : null;
    }

    static bool IsNotText(Rune rune) => rune == Rune.ReplacementChar || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control
        or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned;

    static IEnumerable<char> Range(int first, int last) => Enumerable.Range(first, last - first + 1).Select(code => (char)code);

    static bool IsLabel(string label) =>
        // The folder of a wildcard begins with "_": no host may have that name.
        label != "_" &&
        label.Length is > 0 and <= 63 && label[0] != '-' && label[^1] != '-' && label.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
}
