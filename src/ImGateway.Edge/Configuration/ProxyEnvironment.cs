namespace ImGateway.Edge.Configuration;

/// <summary>The proxies from environment variables, used if <c>OutgoingProxy</c> is not set.</summary>
/// <param name="Https">The proxy for <c>https://</c> URLs; null = direct connection.</param>
/// <param name="Http">The proxy for <c>http://</c> URLs; null = direct connection.</param>
/// <param name="Except">Destinations that bypass the proxy.</param>
sealed record ProxyEnvironment(OutgoingProxyAddress? Https, OutgoingProxyAddress? Http, NoProxyList Except)
{
    const string HttpsKey = "HTTPS_PROXY", HttpKey = "HTTP_PROXY", ExceptKey = "NO_PROXY";

    public static readonly ProxyEnvironment None = new(null, null, NoProxyList.None);

    /// <summary>An unusable value is a warning at start, not an error: other programs read these variables too.</summary>
    /// <param name="configuration">Contains the environment variables; names are case-insensitive, so <c>https_proxy</c> equals <c>HTTPS_PROXY</c>.</param>
    /// <param name="hasOwn">Whether <c>OutgoingProxy</c> is set and overrides the variables.</param>
    public static ProxyEnvironment Read(IConfiguration configuration, bool hasOwn, ProblemCollector problems)
    {
        return hasOwn ? None : new ProxyEnvironment(Proxy(HttpsKey), Proxy(HttpKey), new NoProxyList(configuration[ExceptKey] ?? ""));

        OutgoingProxyAddress? Proxy(string key)
        {
            if (configuration[key] is not { Length: > 0 } text) return null;
            if (OutgoingProxyAddress.TryParse(text.Trim(), out var proxy)) return proxy;
            problems.Ignored(key, $"is not {OutgoingProxyAddress.What} and is not used", $"{OutgoingProxyAddress.Remedy}, or set Edge:OutgoingProxy");
            return null;
        }
    }

    /// <summary>Text for log lines and reports.</summary>
    public IEnumerable<string> Lines()
    {
        if (Https is not null) yield return $"{HttpsKey} = {Https}";
        if (Http is not null) yield return $"{HttpKey} = {Http}";
        if ((Https ?? Http) is not null && Except.Text.Length > 0) yield return $"{ExceptKey} = {Except.Text}";
    }
}
