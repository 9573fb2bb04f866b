using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace ImGateway.Edge.Configuration;

/// <summary>
/// A public name the edge serves, in canonical form: lower-case A-label DNS name (RFC 5890), <c>*.</c> wildcard of one label
/// (RFC 9525 §6.3), or IP address (RFC 8738).
/// </summary>
public sealed record HostName
{
    static readonly IdnMapping Idn = new() { UseStd3AsciiRules = true };

    HostName(string value, bool isAddress) => (Value, IsAddress) = (value, isAddress);

    /// <summary>Canonical text: <c>gateway.example.com</c>, <c>*.example.com</c>, <c>192.0.2.1</c>, <c>2001:db8::1</c>.</summary>
    public string Value { get; }

    public bool IsAddress { get; }

    public bool IsWildcard => Value.StartsWith("*.", StringComparison.Ordinal);

    /// <summary>The name of its managed certificate and of the folder that holds it: the host with <c>*</c> written <c>_</c>.</summary>
    public string CertificateName => Value.Replace('*', '_');

    /// <summary>As it stands in a URL's authority: IPv6 in brackets.</summary>
    public string UriHost => IsAddress && Value.Contains(':') ? $"[{Value}]" : Value;

    public static bool TryParse(string? text, [NotNullWhen(true)] out HostName? host)
    {
        host = null;
        if (string.IsNullOrWhiteSpace(text)) return false;
        var trimmed = text is ['[', .., ']'] ? text[1..^1] : text;
        if (IPAddress.TryParse(trimmed, out var address))
        {
            // "1", "0x7f.0.0.1" and "010.0.0.1", which is 8.0.0.1, also parse as addresses; only the usual spellings are meant.
            if (!trimmed.Contains(':') && trimmed != address.ToString()) return false;
            host = new HostName((address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString(), isAddress: true);
            return true;
        }

        var wildcard = text.StartsWith("*.", StringComparison.Ordinal);
        var rest = (wildcard ? text[2..] : text).TrimEnd('.');
        string ascii;
        try
        {
            ascii = Idn.GetAscii(rest).ToLowerInvariant();
        }
        catch (ArgumentException)
        {
            return false;
        }

        if (ascii.Length is 0 or > 251 || (wildcard && !ascii.Contains('.')) || ascii.Split('.').Any(label => !IsLabel(label))) return false;
        host = new HostName(wildcard ? "*." + ascii : ascii, isAddress: false);
        return true;
    }

    public static HostName Parse(string text) =>
        TryParse(text, out var host) ? host : throw new FormatException($"'{text}' is not a host name");

    /// <summary>Whether this name, as configured or as it stands in a certificate, stands for <paramref name="name"/>.</summary>
    public bool Matches(HostName name)
    {
        if (Value == name.Value) return true;
        if (!IsWildcard || name.IsWildcard || name.IsAddress) return false;
        var dot = name.Value.IndexOf('.');
        return dot > 0 && name.Value.AsSpan(dot).SequenceEqual(Value.AsSpan(1));
    }

    public override string ToString() => Value;

    static bool IsLabel(string label) =>
        label.Length is > 0 and <= 63 && label[0] != '-' && label[^1] != '-' && label.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
}
