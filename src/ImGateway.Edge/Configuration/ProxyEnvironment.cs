namespace ImGateway.Edge.Configuration;

/// <summary>The proxies that the environment names, for what has no <c>OutgoingProxy</c>.</summary>
/// <param name="Https">For <c>https://</c> URLs; null: directly.</param>
/// <param name="Http">For <c>http://</c> URLs; null: directly.</param>
/// <param name="Except">Connected to directly.</param>
sealed record ProxyEnvironment(ProxyAddress? Https, ProxyAddress? Http, ProxyExceptions Except)
{
    const string HttpsKey = "HTTPS_PROXY", HttpKey = "HTTP_PROXY", ExceptKey = "NO_PROXY";

    public static readonly ProxyEnvironment None = new(null, null, ProxyExceptions.None);

    /// <summary>What is not usable is a warning at start: these variables are not the edge's alone.</summary>
    /// <param name="configuration">Has the environment in it, and does not tell <c>https_proxy</c> from <c>HTTPS_PROXY</c>.</param>
    /// <param name="hasOwn">Whether <c>OutgoingProxy</c> stands in their place.</param>
    public static ProxyEnvironment Read(IConfiguration configuration, bool hasOwn, ProblemCollector problems)
    {
        return hasOwn ? None : new ProxyEnvironment(Proxy(HttpsKey), Proxy(HttpKey), new ProxyExceptions(configuration[ExceptKey] ?? ""));

        ProxyAddress? Proxy(string key)
        {
            if (configuration[key] is not { Length: > 0 } text) return null;
            if (ProxyAddress.TryParse(text.Trim(), out var proxy)) return proxy;
            problems.Ignored(key, $"is not {ProxyAddress.What} and is not used", $"{ProxyAddress.Remedy}, or set Edge:OutgoingProxy");
            return null;
        }
    }

    /// <summary>For people.</summary>
    public IEnumerable<string> Lines()
    {
        if (Https is not null) yield return $"{HttpsKey} = {Https}";
        if (Http is not null) yield return $"{HttpKey} = {Http}";
        if ((Https ?? Http) is not null && Except.Text.Length > 0) yield return $"{ExceptKey} = {Except.Text}";
    }
}
