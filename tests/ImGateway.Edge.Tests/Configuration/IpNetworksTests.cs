using System.Net;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Tests.Configuration;

public sealed class IpNetworksTests
{
    [Theory]
    [InlineData("10.0.0.0/8", "10.0.0.0/8")]
    [InlineData("10.1.2.3/8", "10.0.0.0/8")]
    [InlineData("10.1.2.3", "10.1.2.3/32")]
    [InlineData("0.0.0.0/0", "0.0.0.0/0")]
    [InlineData("2001:db8:1:2::3/64", "2001:db8:1:2::/64")]
    [InlineData("2001:db8::1", "2001:db8::1/128")]
    [InlineData("[2001:db8::1]", "2001:db8::1/128")]
    [InlineData("::ffff:10.1.2.3", "10.1.2.3/32")]
    [InlineData("::ffff:10.0.0.0/104", "10.0.0.0/8")]
    [InlineData("10.0.0.0/33", null)]
    [InlineData("10.0.0.0/", null)]
    [InlineData("name.example/8", null)]
    [InlineData("", null)]
    public void Parse_TakesNetworksAndSingleAddresses(string text, string? network) => Assert.Equal(network, IpNetworks.Parse(text)?.ToString());

    [Theory]
    [InlineData("10.255.255.255", true)]
    [InlineData("11.0.0.0", false)]
    [InlineData("192.0.2.1", true)]
    [InlineData("192.0.2.2", false)]
    [InlineData("2001:db8::ffff:1", true)]
    [InlineData("2001:db9::1", false)]
    [InlineData("::ffff:10.0.0.1", true)]
    [InlineData("::ffff:11.0.0.1", false)]
    public void AnyContains_ComparesAddressesOfOneFamily(string address, bool isContained) => Assert.Equal(
        isContained,
        ((IPNetwork[])[IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("192.0.2.1/32"), IPNetwork.Parse("2001:db8::/32")]).AnyContains(IPAddress.Parse(address)));

    [Theory]
    [InlineData("::ffff:10.0.0.1", "10.0.0.1")]
    [InlineData("10.0.0.1", "10.0.0.1")]
    [InlineData("2001:db8::1", "2001:db8::1")]
    public void Unmapped_IsTheAddressOfIPv4(string address, string unmapped) => Assert.Equal(unmapped, IPAddress.Parse(address).Unmapped().ToString());
}
