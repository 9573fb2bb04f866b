using System.Net;
using ImGateway.Edge.Configuration;
using Microsoft.Extensions.Primitives;

namespace ImGateway.Edge.Proxying.Checks;

/// <summary>The peer of a connection, with IPv4-mapped addresses as IPv4; cached on the connection.</summary>
/// <param name="Options">The configuration that determined the trust; after a reload the peer is evaluated again.</param>
sealed record Peer(IPAddress? Address, string Text, bool IsTrusted, EdgeOptions Options);

/// <param name="Client">The rightmost hop that is not a trusted proxy.</param>
/// <param name="Chain">The value of X-Forwarded-For for the upstream.</param>
readonly record struct ClientHops(string Client, string Chain);

/// <summary>Determines the client of a request: the peer or, behind trusted proxies, the rightmost untrusted hop.</summary>
sealed class ClientAddress(EdgeOptions options)
{
    public ClientHops Of(HttpContext context, ConnectionFactsFeature listener)
    {
        var peer = PeerOf(context, listener);
        if (!peer.IsTrusted) return new ClientHops(peer.Text, peer.Text);
        var headers = context.Request.Headers;
        var hops = Hops(headers["X-Forwarded-For"]);
        // Forwarded (RFC 7239) counts only without X-Forwarded-For, so that there is one result.
        if (hops.Count == 0) hops = ForwardedFor(headers["Forwarded"]);
        if (hops.Count == 0) return new ClientHops(peer.Text, peer.Text);
        return new ClientHops(ClientOf(hops, peer.Text), string.Join(", ", hops.Append(peer.Text)));
    }

    /// <summary>The client for rate limits; null if the connection has no address.</summary>
    public IPAddress? AddressOf(HttpContext context, ConnectionFactsFeature listener)
    {
        var peer = PeerOf(context, listener);
        return peer.IsTrusted && IPAddress.TryParse(Of(context, listener).Client, out var client) ? client : peer.Address;
    }

    /// <summary>Parses the address of one hop, with optional brackets, quotes and port; null if it is not an address.</summary>
    public static IPAddress? ParseHop(ReadOnlySpan<char> hop)
    {
        hop = hop.Trim().Trim('"');
        if (hop is ['[', ..])
        {
            var end = hop.IndexOf(']');
            hop = end < 0 ? [] : hop[1..end];
        }
        else if (hop.Count(':') == 1)
        {
            hop = hop[..hop.IndexOf(':')];
        }

        // "1" and "0x7f.1" parse as addresses too; only canonical spellings are accepted.
        if (!hop.Contains(':') && hop.Count('.') != 3) return null;
        return IPAddress.TryParse(hop, out var address) ? address.Unmapped() : null;
    }

    string ClientOf(IReadOnlyList<string> hops, string peer)
    {
        var client = peer;
        for (var i = hops.Count - 1; i >= 0; i--)
        {
            // A hop that is not an address ends the chain.
            if (ParseHop(hops[i]) is not { } address) break;
            client = address.ToString();
            if (!options.TrustedProxies.AnyContains(address)) break;
        }

        return client;
    }

    /// <summary>Evaluated once for each connection, and again after a reload, which may change the trusted proxies.</summary>
    Peer PeerOf(HttpContext context, ConnectionFactsFeature listener)
    {
        var peer = listener.Peer;
        if (peer is null || !ReferenceEquals(peer.Options, options)) listener.Peer = peer = PeerAt(context.Connection.RemoteIpAddress);
        return peer;
    }

    Peer PeerAt(IPAddress? remote)
    {
        var address = remote?.Unmapped();
        return new Peer(address, address?.ToString() ?? "unknown", address is not null && options.TrustedProxies.AnyContains(address), options);
    }

    static List<string> Hops(StringValues values)
    {
        var hops = new List<string>();
        foreach (var value in values)
        {
            hops.AddRange((value ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        }

        return hops;
    }

    static List<string> ForwardedFor(StringValues values)
    {
        var hops = new List<string>();
        foreach (var element in Hops(values))
        {
            foreach (var pair in element.Split(';', StringSplitOptions.TrimEntries))
            {
                if (pair.StartsWith("for=", StringComparison.OrdinalIgnoreCase)) hops.Add(ParseHop(pair.AsSpan(4))?.ToString() ?? "unknown");
            }
        }

        return hops;
    }
}
