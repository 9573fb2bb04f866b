namespace ImGateway.Edge.Configuration;

/// <summary><c>WebSockets:AllowedOrigins</c>, compared byte for byte with what browsers send (RFC 6454 §6.2).</summary>
static class OriginRules
{
    const string AllowedOrigins = "Edge:WebSockets:AllowedOrigins";

    public static void Check(EdgeOptions options, ProblemCollector problems)
    {
        var origins = options.WebSockets.AllowedOrigins;
        for (var i = 0; i < origins.Count; i++)
        {
            var key = problems.KeyOf(origins, i, AllowedOrigins);
            var quoted = OneLine.Quote(origins[i]);
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
        var (host, port) = (origin[(end + 3)..], "");
        var colon = host.LastIndexOf(':');
        if (colon > host.LastIndexOf(']'))
        {
            if (!ushort.TryParse(host.AsSpan(colon + 1), out var number) || number == 0) return null;
            if ((scheme, number) is not (("https", 443) or ("http", 80))) port = $":{number}";
            host = host[..colon];
        }

        return HostName.TryParse(host, out var name) && !name.IsWildcard ? $"{scheme}://{name.UriHost}{port}" : null;
    }
}
