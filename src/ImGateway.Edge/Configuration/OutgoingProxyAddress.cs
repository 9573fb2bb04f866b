using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace ImGateway.Edge.Configuration;

/// <summary>An HTTP proxy for outgoing connections, <c>http://[user:password@]host:port</c>. User and password are never printed.</summary>
public sealed class OutgoingProxyAddress
{
    internal const string What = "the URL of an HTTP proxy";

    internal const string Remedy = "write http://host:port or http://user:password@host:port, special characters of user and password percent-encoded";

    readonly Secret? _login;

    OutgoingProxyAddress(Uri uri, Secret? login) => (Uri, _login) = (uri, login);

    /// <summary>The proxy's URL without user and password, so that no library's message can contain them.</summary>
    public Uri Uri { get; }

    internal Secret? Login => _login;

    /// <summary>The scheme may be omitted, as it often is in environment variables.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out OutgoingProxyAddress? proxy)
    {
        proxy = null;
        var url = text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}";
        if (!Uri.TryCreate(url, UriKind.Absolute, out var parsed) || !IsUsable(parsed)) return false;
        var login = parsed.UserInfo.Length == 0 ? null : new Secret(parsed.UserInfo);
        proxy = new OutgoingProxyAddress(new UriBuilder(Uri.UriSchemeHttp, parsed.IdnHost, parsed.Port).Uri, login);
        return true;
    }

    /// <summary>The credentials; null if none are configured.</summary>
    internal NetworkCredential? Credentials()
    {
        if (_login is null) return null;
        var parts = _login.Reveal().Split(':', 2);
        return new NetworkCredential(Uri.UnescapeDataString(parts[0]), Uri.UnescapeDataString(parts is [_, var password] ? password : ""));
    }

    public override string ToString() => $"{Uri.Scheme}://{(_login is null ? "" : $"{_login}@")}{Uri.Host}:{Uri.Port}";

    static bool IsUsable(Uri url) =>
        url is { Scheme: "http", Host.Length: > 0, Port: > 0, AbsolutePath: "/", Query: "", Fragment: "" } && !url.OriginalString.Any(char.IsControl)
        // Non-canonical spellings such as 0x7f.1 or 010.0.0.1 are rejected.
        && (url.HostNameType is not UriHostNameType.IPv4 || url.OriginalString.Contains($"/{url.Host}", StringComparison.Ordinal)
            || url.OriginalString.Contains($"@{url.Host}", StringComparison.Ordinal));
}
