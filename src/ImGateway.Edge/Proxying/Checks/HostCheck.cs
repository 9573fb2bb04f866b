using System.Diagnostics.CodeAnalysis;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Proxying.Checks;

/// <summary>Whether a connection may request a host; cached on the connection, because its requests nearly always name the same host.</summary>
/// <param name="Options">The configuration of the verdict; after a reload the host is checked again.</param>
sealed record HostCheckResult(string Host, bool IsServed, EdgeOptions Options);

/// <summary>Checks Host or :authority against the configured hosts and, over TLS, against the connection's certificate (RFC 9110 §7.4).</summary>
sealed class HostCheck(EdgeOptions options)
{
    /// <summary>
    /// A configured host that the certificate covers is accepted whatever the SNI was: browsers coalesce HTTP/2 connections
    /// (RFC 9113 §9.1.1).
    /// </summary>
    public bool IsServed(HttpContext context, ConnectionFactsFeature listener)
    {
        var host = context.Request.Headers.Host.ToString();
        var known = listener.Host;
        if (known is null || known.Host != host || !ReferenceEquals(known.Options, options))
        {
            var credential = context.Features.Get<TlsConnectionInfo>()?.Credential;
            listener.Host = known = new HostCheckResult(host, TryGetConfigured(host, out var name) && credential?.Covers(name) == true, options);
        }

        return known.IsServed;
    }

    /// <summary>The host of a Host header without its port, if it is configured.</summary>
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
        // An IPv6 address is in brackets (RFC 3986 §3.2.2), so a colon after the brackets, or without brackets, starts the port.
        return colon < 0 || authority[^1] == ']' || authority.AsSpan(colon + 1).ContainsAnyExceptInRange('0', '9') ? authority : authority[..colon];
    }
}
