using System.Diagnostics.CodeAnalysis;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Proxying;

/// <summary>Whether a connection may ask for a host, kept on the connection: its requests nearly always name the same one.</summary>
/// <param name="By">The configuration that says so: another one is asked anew.</param>
sealed record HostVerdict(string Host, bool IsServed, EdgeOptions By);

/// <summary>Host or :authority against what is configured and, over TLS, against the certificate of the connection (RFC 9110 §7.4).</summary>
sealed class HostCheck(EdgeOptions options)
{
    /// <summary>
    /// A configured host that the certificate covers is fine whatever name the handshake was for: HTTP/2 connections are shared so
    /// (RFC 9113 §9.1.1).
    /// </summary>
    public bool IsServed(HttpContext context, ListenerFeature listener)
    {
        var host = context.Request.Headers.Host.ToString();
        var known = listener.Host;
        if (known is null || known.Host != host || !ReferenceEquals(known.By, options))
        {
            var credential = context.Features.Get<TlsConnectionInfo>()?.Credential;
            listener.Host = known = new HostVerdict(host, TryGetConfigured(host, out var name) && credential?.Covers(name) == true, options);
        }

        return known.IsServed;
    }

    /// <summary>The host of a Host header, whatever its port, if it is a configured one.</summary>
    public bool TryGetConfigured(string authority, [NotNullWhen(true)] out HostName? host) =>
        HostName.TryParse(WithoutPort(authority), out host) && !host.IsWildcard && IsConfigured(host);

    bool IsConfigured(HostName name)
    {
        foreach (var host in options.Hosts)
        {
            if (host.Matches(name)) return true;
        }

        return false;
    }

    static string WithoutPort(string authority)
    {
        var colon = authority.LastIndexOf(':');
        // An IPv6 address stands in brackets (RFC 3986 §3.2.2), so that a colon after them or without any begins the port.
        return colon < 0 || authority[^1] == ']' || authority.AsSpan(colon + 1).ContainsAnyExceptInRange('0', '9') ? authority : authority[..colon];
    }
}
