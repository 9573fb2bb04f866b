using ImGateway.Edge.Configuration;
using ImGateway.Edge.Configuration.Reading;

namespace ImGateway.Edge.Proxying.Checks;

/// <summary>The route label of metrics, bounded: routes with custom names are <see cref="Other"/>.</summary>
enum RouteLabel
{
    Ws,
    Api,
    Health,
    Other,
}

/// <param name="Id">The id in the ReverseProxy section: <c>/ws</c> is <c>ws</c>, <c>/a/b</c> is <c>a-b</c>.</param>
/// <param name="Prefix">The prefix without a trailing slash.</param>
sealed record ProxyRoute(string Id, string Prefix, RouteLabel Label)
{
    public static ProxyRoute Parse(string prefix)
    {
        var id = RouteRules.IdOf(prefix);
        var label = id switch
        {
            "ws" => RouteLabel.Ws,
            "api" => RouteLabel.Api,
            "health" => RouteLabel.Health,
            _ => RouteLabel.Other,
        };
        return new ProxyRoute(id, prefix, label);
    }

    /// <summary>Matches the raw path, case-sensitively and by whole segments.</summary>
    public bool Matches(ReadOnlySpan<char> path) =>
        path.StartsWith(Prefix, StringComparison.Ordinal) && (path.Length == Prefix.Length || path[Prefix.Length] == '/');
}

/// <summary>The routes of Edge:Routes, longest prefix first.</summary>
sealed class RouteTable(EdgeOptions options)
{
    readonly ProxyRoute[] _routes = Sorted(options.Routes);
    readonly ProxyRoute[] _webSockets = Sorted(options.WebSockets.Routes);

    public IReadOnlyList<ProxyRoute> Routes => _routes;

    public ProxyRoute? Match(ReadOnlySpan<char> path)
    {
        foreach (var route in _routes)
        {
            if (route.Matches(path)) return route;
        }

        return null;
    }

    public bool MayUpgrade(ReadOnlySpan<char> path)
    {
        foreach (var route in _webSockets)
        {
            if (route.Matches(path)) return true;
        }

        return false;
    }

    static ProxyRoute[] Sorted(IEnumerable<string> prefixes) =>
        [.. prefixes.Select(ProxyRoute.Parse).DistinctBy(route => route.Prefix, StringComparer.Ordinal).OrderByDescending(route => route.Prefix.Length)];
}
