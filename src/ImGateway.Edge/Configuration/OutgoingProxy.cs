using System.Net;

namespace ImGateway.Edge.Configuration;

/// <summary>
/// The proxy for what the edge itself asks on the Internet: the CA and its OCSP responders. The way to the gateway never leads through it.
/// </summary>
/// <param name="options">Read at each connection, so that a reload reaches clients that outlive it.</param>
sealed class OutgoingProxy(Func<EdgeOptions> options) : IWebProxy, ICredentials
{
    public ICredentials? Credentials
    {
        get => this;
        set => throw new NotSupportedException("The login is a part of the configured URL.");
    }

    /// <summary>The proxy on the way to <paramref name="destination"/>; null: there is none.</summary>
    public static ProxyAddress? For(Uri destination, EdgeOptions options)
    {
        if (options.OutgoingProxy is { } own) return own;
        var environment = options.ProxyEnvironment;
        var proxy = destination.Scheme == Uri.UriSchemeHttps ? environment.Https : environment.Http;
        return proxy is null || environment.Except.Contain(destination) ? null : proxy;
    }

    public Uri? GetProxy(Uri destination) => For(destination, options())?.Uri;

    public bool IsBypassed(Uri host) => For(host, options()) is null;

    /// <summary>For the proxy itself: HTTPS_PROXY and HTTP_PROXY may want different ones.</summary>
    public NetworkCredential? GetCredential(Uri uri, string authType)
    {
        var now = options();
        ProxyAddress?[] proxies = [now.OutgoingProxy, now.ProxyEnvironment.Https, now.ProxyEnvironment.Http];
        return Array.Find(proxies, proxy => proxy?.Uri.Equals(uri) is true)?.Credentials();
    }
}
