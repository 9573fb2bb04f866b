using System.Diagnostics.CodeAnalysis;

namespace ImGateway.Edge.Configuration.Reading;

/// <summary>Rules for <c>Upstreams</c>: scheme, host and port only. The path comes from the client (RFC 9112 §3.2); credentials are not supported.</summary>
static class UpstreamRules
{
    const string Upstreams = "Edge:Upstreams";

    public static void Check(EdgeOptions options, ProblemCollector problems)
    {
        if (options.Upstreams.Count == 0) problems.Missing(Upstreams, "list the gateway's http://host:port");

        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < options.Upstreams.Count; i++)
        {
            var upstream = options.Upstreams[i];
            var key = problems.KeyOf(options.Upstreams, i, Upstreams);
            if (Fault(upstream) is { } fault) problems.Invalid(key, fault, "write http://host:port and nothing more");
            else if (!seen.Add(upstream.Authority)) problems.Invalid(key, $"'{upstream.Authority}' is listed twice", "remove one");
        }
    }

    public static bool TryParse(string text, [NotNullWhen(true)] out Uri? upstream, [NotNullWhen(false)] out string? fault)
    {
        fault = Uri.TryCreate(text, UriKind.Absolute, out upstream) ? Fault(upstream) : $"{SingleLine.Quote(text)} is not a URL";
        if (fault is not null) upstream = null;
        return upstream is not null;
    }

    // No value is quoted before it is known to contain no password.
    static string? Fault(Uri upstream) => upstream switch
    {
        { UserInfo.Length: > 0 } => "has user information",
        { Scheme: not "http" } => $"{SingleLine.Quote(upstream.OriginalString)} is not http://",
        { Host: "" } => "has no host",
        { Port: < 1 } => "has no usable port",
        { HostNameType: UriHostNameType.IPv4 } when !upstream.OriginalString.Contains($"//{upstream.Host}", StringComparison.Ordinal) =>
            $"{SingleLine.Quote(upstream.OriginalString)} is {upstream.Host} in another spelling",
        { AbsolutePath: not "/" } => $"{SingleLine.Quote(upstream.OriginalString)} has a path",
        _ when upstream.OriginalString.Contains('?') => "has a query",
        _ when upstream.OriginalString.Contains('#') => "has a fragment",
        _ => null,
    };
}
