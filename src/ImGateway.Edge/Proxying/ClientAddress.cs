using System.Net;
using ImGateway.Edge.Configuration;
using Microsoft.Extensions.Primitives;

namespace ImGateway.Edge.Proxying;

/// <summary>Who is at the other end of a connection, IPv4-mapped addresses as IPv4; kept on the connection.</summary>
/// <param name="By">The configuration that says whom to trust: another one is asked anew.</param>
sealed record Peer(IPAddress? Address, string Text, bool IsTrusted, EdgeOptions By);

/// <param name="Client">The rightmost hop that is no trusted proxy.</param>
/// <param name="Chain">What X-Forwarded-For says to the upstream.</param>
readonly record struct ClientHops(string Client, string Chain);

/// <summary>Where a request comes from: the peer or, behind trusted proxies, the rightmost hop they do not vouch for as one of them.</summary>
sealed class ClientAddress(EdgeOptions options)
{
    public ClientHops Of(HttpContext context, ListenerFeature listener)
    {
        var peer = PeerOf(context, listener);
        if (!peer.IsTrusted) return new ClientHops(peer.Text, peer.Text);
        var headers = context.Request.Headers;
        var hops = Hops(headers["X-Forwarded-For"]);
        // Forwarded (RFC 7239) counts where the older header is absent: nobody should find two answers.
        if (hops.Count == 0) hops = ForwardedFor(headers["Forwarded"]);
        if (hops.Count == 0) return new ClientHops(peer.Text, peer.Text);
        return new ClientHops(ClientOf(hops, peer.Text), string.Join(", ", hops.Append(peer.Text)));
    }

    /// <summary>Whose share of a limit a request takes; null where the connection has no address.</summary>
    public IPAddress? AddressOf(HttpContext context, ListenerFeature listener)
    {
        var peer = PeerOf(context, listener);
        return peer.IsTrusted && IPAddress.TryParse(Of(context, listener).Client, out var client) ? client : peer.Address;
    }

    /// <summary>The address of one hop: brackets, quotes and a port tolerated; null if it is none.</summary>
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

        // "1" and "0x7f.1" parse as addresses too; only the usual spellings are meant.
        if (!hop.Contains(':') && hop.Count('.') != 3) return null;
        return IPAddress.TryParse(hop, out var address) ? address.Unmapped() : null;
    }

    string ClientOf(IReadOnlyList<string> hops, string peer)
    {
        var client = peer;
        for (var i = hops.Count - 1; i >= 0; i--)
        {
            // Whatever a trusted proxy wrote that is no address ends what can be known.
            if (ParseHop(hops[i]) is not { } address) break;
            client = address.ToString();
            if (!options.TrustedProxies.AnyContains(address)) break;
        }

        return client;
    }

    /// <summary>Found once a connection, and again after a reload: who is trusted may have changed.</summary>
    Peer PeerOf(HttpContext context, ListenerFeature listener)
    {
        var peer = listener.Peer;
        if (peer is null || !ReferenceEquals(peer.By, options)) listener.Peer = peer = PeerAt(context.Connection.RemoteIpAddress);
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
