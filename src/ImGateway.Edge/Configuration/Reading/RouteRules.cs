namespace ImGateway.Edge.Configuration.Reading;

/// <summary>Rules for <c>Routes</c> and <c>WebSockets:Routes</c>: prefixes of whole path segments, compared with the raw request target.</summary>
static class RouteRules
{
    const string Routes = "Edge:Routes";
    const string WebSocketRoutes = "Edge:WebSockets:Routes";

    /// <summary>The YARP route id of a prefix: <c>/ws</c> is <c>ws</c>, <c>/api/v2</c> is <c>api-v2</c>.</summary>
    public static string IdOf(string prefix) => prefix.TrimStart('/').Replace('/', '-');

    public static void Check(EdgeOptions options, ProblemCollector problems)
    {
        if (options.Routes.Count == 0 && problems.IsValid(Routes)) problems.Invalid(Routes, "nothing would be forwarded", "list path prefixes, such as /ws");

        var prefixes = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < options.Routes.Count; i++)
        {
            var prefix = options.Routes[i];
            var key = problems.KeyOf(options.Routes, i, Routes);
            if (Fault(prefix) is { } fault) problems.Invalid(key, $"{SingleLine.Quote(prefix)} {fault}", "write a prefix such as /api or /api/v2");
            else if (prefixes.TryAdd(IdOf(prefix), prefix)) continue;
            else if (prefixes[IdOf(prefix)] == prefix) problems.Invalid(key, $"'{prefix}' is listed twice", "remove one");
            else problems.Invalid(key, $"'{prefix}' and '{prefixes[IdOf(prefix)]}' would both be route '{IdOf(prefix)}'", "remove one");
        }

        if (problems.IsValid(Routes)) CheckWebSockets(options, problems);
    }

    static void CheckWebSockets(EdgeOptions options, ProblemCollector problems)
    {
        for (var i = 0; i < options.WebSockets.Routes.Count; i++)
        {
            var prefix = options.WebSockets.Routes[i];
            if (options.Routes.Contains(prefix, StringComparer.Ordinal)) continue;
            problems.Invalid(
                problems.KeyOf(options.WebSockets.Routes, i, WebSocketRoutes),
                $"{SingleLine.Quote(prefix)} is not among {Routes}",
                $"add it there, or list in {WebSocketRoutes} those of them that take WebSockets");
        }
    }

    static string? Fault(string prefix)
    {
        if (!prefix.StartsWith('/')) return "does not begin with /";
        if (prefix == "/") return "would forward everything";
        if (prefix.EndsWith('/')) return "ends with /";
        var segments = prefix[1..].Split('/');
        if (segments.Contains("", StringComparer.Ordinal)) return "has an empty segment";
        if (segments.Any(segment => segment is "." or "..")) return "has a dot segment";
        return segments.All(segment => segment.All(IsUnreserved)) ? null : "has characters besides letters, digits and - . _ ~";
    }

    // Unreserved characters (RFC 3986 §2.3) have only one spelling, so that prefixes can be compared byte for byte.
    static bool IsUnreserved(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '~';
}
