namespace ImGateway.Edge.Configuration.Reading;

/// <summary>Rules for <c>Headers</c>: a header for every response must not break framing or conflict with another setting.</summary>
static class HeaderRules
{
    const string ValueRemedy = "write visible ASCII characters";

    // Minimum max-age of the HSTS preload list.
    static readonly TimeSpan LeastPreloadAge = TimeSpan.FromDays(365);

    static readonly Dictionary<string, string> Refused = new(StringComparer.OrdinalIgnoreCase)
    {
        // Framing and hop-by-hop headers (RFC 9112 §6, RFC 9110 §7.6.1).
        ["Content-Length"] = "remove it", ["Transfer-Encoding"] = "remove it", ["Connection"] = "remove it", ["Keep-Alive"] = "remove it",
        ["Proxy-Connection"] = "remove it", ["Proxy-Authenticate"] = "remove it", ["TE"] = "remove it", ["Trailer"] = "remove it",
        ["Upgrade"] = "remove it", ["Content-Encoding"] = "remove it", ["Content-Range"] = "remove it",
        // Headers with their own configuration keys, which also decide when to send them.
        ["Strict-Transport-Security"] = "use Edge:Headers:Hsts", ["X-Frame-Options"] = "use Edge:Headers:FrameOptions",
        ["X-Content-Type-Options"] = "use Edge:Headers:ContentTypeOptions",
    };

    public static void Check(EdgeOptions options, ProblemCollector problems)
    {
        var headers = options.Headers;
        if (!IsValue(headers.FrameOptions)) problems.Invalid("Edge:Headers:FrameOptions", "cannot be sent in a header", ValueRemedy);
        if (!IsValue(headers.ContentTypeOptions)) problems.Invalid("Edge:Headers:ContentTypeOptions", "cannot be sent in a header", ValueRemedy);
        CheckHsts(headers.Hsts, problems);
        foreach (var (name, value) in headers.Custom) CheckCustom(name, value, problems);
    }

    static void CheckHsts(HstsSection hsts, ProblemCollector problems)
    {
        if (!hsts.Preload || !problems.IsValid("Edge:Headers:Hsts")) return;
        if (!hsts.IncludeSubDomains) problems.Invalid("Edge:Headers:Hsts:Preload", "needs IncludeSubDomains", "set it to true, or Preload to false");
        if (hsts.MaxAge >= LeastPreloadAge) return;
        problems.Invalid("Edge:Headers:Hsts:Preload", "needs a MaxAge of a year", $"set MaxAge to {LeastPreloadAge:c} or more, or Preload to false");
    }

    static void CheckCustom(string name, string value, ProblemCollector problems)
    {
        var key = $"Edge:Headers:Custom:{name}";
        if (name.Length == 0 || !name.All(IsTokenCharacter)) problems.Invalid(key, "is no header name", "write letters, digits and hyphens");
        else if (Refused.TryGetValue(name, out var remedy)) problems.Invalid(key, "is not a header to set here", remedy);
        else if (name.StartsWith("Sec-WebSocket-", StringComparison.OrdinalIgnoreCase)) problems.Invalid(key, "belongs to the WebSocket handshake", "remove it");
        else if (!IsValue(value)) problems.Invalid(key, "cannot be sent in a header", ValueRemedy);
    }

    // RFC 9110 §5.6.2
    static bool IsTokenCharacter(char c) => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c);

    // Kestrel would reject other characters only while it writes the response.
    static bool IsValue(string value) => value.All(c => c is >= ' ' and <= '~');
}
