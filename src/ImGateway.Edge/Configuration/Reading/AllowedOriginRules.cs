namespace ImGateway.Edge.Configuration.Reading;

/// <summary>Rules for <c>WebSockets:AllowedOrigins</c>, which are compared byte for byte with the <c>Origin</c> header (RFC 6454 §6.2).</summary>
static class AllowedOriginRules
{
    const string AllowedOrigins = "Edge:WebSockets:AllowedOrigins";

    public static void Check(EdgeOptions options, ProblemCollector problems)
    {
        var origins = options.WebSockets.AllowedOrigins;
        for (var i = 0; i < origins.Count; i++)
        {
            var key = problems.KeyOf(origins, i, AllowedOrigins);
            var quoted = SingleLine.Quote(origins[i]);
            if (Canonical(origins[i]) is not { } canonical)
            {
                problems.Invalid(key, $"{quoted} is not an origin", "write scheme://host or scheme://host:port, without a path or wildcard");
            }
            else if (canonical != origins[i])
            {
                problems.Invalid(key, $"{quoted} is not how browsers send it", $"write {canonical}");
            }
        }
    }

    static string? Canonical(string origin)
    {
        var end = origin.IndexOf("://", StringComparison.Ordinal);
        if (end <= 0 || !char.IsAsciiLetter(origin[0]) || !origin[..end].All(c => char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '.')) return null;
        var scheme = origin[..end].ToLowerInvariant();
        var rest = origin[(end + 3)..];
        if (scheme is not ("http" or "https")) return rest.All(IsOpaque) ? $"{scheme}://{rest}" : null;
        var (host, port) = (rest, "");
        var colon = host.LastIndexOf(':');
        if (colon > host.LastIndexOf(']'))
        {
            if (!ushort.TryParse(host.AsSpan(colon + 1), out var number) || number == 0) return null;
            if ((scheme, number) is not (("https", 443) or ("http", 80))) port = $":{number}";
            host = host[..colon];
        }

        return HostOf(host) is { } canonical ? $"{scheme}://{canonical}{port}" : null;
    }

    /// <summary>Browsers accept names that are not valid host names, for example with <c>_</c>.</summary>
    static string? HostOf(string host)
    {
        if (HostName.TryParse(host, out var name)) return name.IsWildcard ? null : name.UriHost;
        return host.Contains('_') && host.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') ? host.ToLowerInvariant() : null;
    }

    /// <summary>Origins of app schemes (<c>file://</c>, <c>app://-</c>) are compared as text; a path or wildcard is not allowed.</summary>
    static bool IsOpaque(char c) => c is > ' ' and < (char)127 and not ('/' or '*' or '?' or '#' or '@' or '\\' or ',');
}
