using System.Net;
using System.Net.Sockets;

namespace ImGateway.Edge.Configuration;

/// <summary>Networks written as address and prefix length (RFC 4632, RFC 4291 §2.3), and which addresses are in them.</summary>
static class Networks
{
    /// <summary><c>address/length</c>, whose bits behind the length do not count, or a single address; null if the text is neither.</summary>
    public static IPNetwork? Parse(string text) =>
        IPAddress.TryParse(text, out var address) ? Of(address) : IPNetwork.TryParse(text, out var network) ? network.Unmapped() : null;

    /// <summary>The network of this one address.</summary>
    public static IPNetwork Of(IPAddress address) => new IPNetwork(address, address.AddressFamily is AddressFamily.InterNetwork ? 32 : 128).Unmapped();

    /// <summary>Whether one of the networks holds the address. An IPv4-mapped address counts as IPv4.</summary>
    public static bool AnyContains(this IReadOnlyList<IPNetwork> networks, IPAddress address)
    {
        address = address.Unmapped();
        for (var i = 0; i < networks.Count; i++)
        {
            if (networks[i].Contains(address)) return true;
        }

        return false;
    }

    /// <summary>An IPv4-mapped address as the IPv4 address it stands for (RFC 4291 §2.5.5.2): a socket of both families reports clients of IPv4 so.</summary>
    public static IPAddress Unmapped(this IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    /// <summary>A network of IPv4-mapped addresses as the network of IPv4: <see cref="IPNetwork.Contains"/> finds nothing in it otherwise.</summary>
    public static IPNetwork Unmapped(this IPNetwork network) => network.BaseAddress.IsIPv4MappedToIPv6 && network.PrefixLength >= 96
        ? new IPNetwork(network.BaseAddress.MapToIPv4(), network.PrefixLength - 96)
        : network;
}
