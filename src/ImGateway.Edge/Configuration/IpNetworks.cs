using System.Net;
using System.Net.Sockets;

namespace ImGateway.Edge.Configuration;

/// <summary>Parses and matches networks in CIDR notation (RFC 4632, RFC 4291 §2.3).</summary>
static class IpNetworks
{
    /// <summary>Parses <c>address/length</c> (bits after the length are ignored) or a single address; null if the text is neither.</summary>
    public static IPNetwork? Parse(string text) =>
        IPAddress.TryParse(text, out var address) ? Of(address) : IPNetwork.TryParse(text, out var network) ? network.Unmapped() : null;

    /// <summary>The network of this one address.</summary>
    public static IPNetwork Of(IPAddress address) => new IPNetwork(address, address.AddressFamily is AddressFamily.InterNetwork ? 32 : 128).Unmapped();

    /// <summary>Whether one of the networks contains the address. An IPv4-mapped address counts as IPv4.</summary>
    public static bool AnyContains(this IReadOnlyList<IPNetwork> networks, IPAddress address)
    {
        address = address.Unmapped();
        for (var i = 0; i < networks.Count; i++)
        {
            if (networks[i].Contains(address)) return true;
        }

        return false;
    }

    /// <summary>Converts an IPv4-mapped address to IPv4 (RFC 4291 §2.5.5.2): a dual-stack socket reports IPv4 clients as mapped addresses.</summary>
    public static IPAddress Unmapped(this IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    /// <summary>Converts a network of IPv4-mapped addresses to IPv4, because <see cref="IPNetwork.Contains"/> would find no IPv4 address in it.</summary>
    public static IPNetwork Unmapped(this IPNetwork network) => network.BaseAddress.IsIPv4MappedToIPv6 && network.PrefixLength >= 96
        ? new IPNetwork(network.BaseAddress.MapToIPv4(), network.PrefixLength - 96)
        : network;
}
