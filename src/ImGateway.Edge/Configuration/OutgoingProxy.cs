using System.Net;

namespace ImGateway.Edge.Configuration;

/// <summary>
/// The HTTP proxy for the edge's own outgoing requests: to the CA and its OCSP responders. Connections to the gateway never use it.
/// </summary>
/// <param name="options">Read at each connection, so that a reload applies to existing HTTP clients.</param>
sealed class OutgoingProxy(Func<EdgeOptions> options) : IWebProxy, ICredentials
{
    public ICredentials? Credentials
    {
        get => this;
        set => throw new NotSupportedException("The login is a part of the configured URL.");
    }

    /// <summary>The proxy for <paramref name="destination"/>; null = direct connection.</summary>
    public static OutgoingProxyAddress? For(Uri destination, EdgeOptions options)
    {
        if (options.OutgoingProxy is { } own) return own;
        var environment = options.ProxyEnvironment;
        var proxy = destination.Scheme == Uri.UriSchemeHttps ? environment.Https : environment.Http;
        return proxy is null || environment.Except.Contain(destination) ? null : proxy;
    }

    public Uri? GetProxy(Uri destination) => For(destination, options())?.Uri;

    public bool IsBypassed(Uri host) => For(host, options()) is null;

    /// <summary>Credentials by proxy: HTTPS_PROXY and HTTP_PROXY may have different ones.</summary>
    public NetworkCredential? GetCredential(Uri uri, string authType)
    {
        var now = options();
        OutgoingProxyAddress?[] proxies = [now.OutgoingProxy, now.ProxyEnvironment.Https, now.ProxyEnvironment.Http];
        return Array.Find(proxies, proxy => proxy?.Uri.Equals(uri) is true)?.Credentials();
    }
}
