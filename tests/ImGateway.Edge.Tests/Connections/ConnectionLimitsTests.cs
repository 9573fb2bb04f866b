using System.Net;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections.Limits;

namespace ImGateway.Edge.Tests.Connections;

public sealed class ConnectionLimitsTests
{
    [Fact]
    public void Nothing_is_known_of_an_address_after_its_last_connection()
    {
        var limits = new ConnectionLimits(new CurrentOptions(new EdgeOptions()));
        var clients = Enumerable.Range(0, 10_000).Select(i => Client($"10.{i >> 16}.{(i >> 8) & 255}.{i & 255}")).ToList();
        foreach (var client in clients.Concat(clients)) Assert.Equal(ConnectionRefusal.None, limits.Enter(client));
        Assert.Equal(10_000, limits.Clients);

        foreach (var client in clients) limits.Leave(client);
        Assert.Equal(10_000, limits.Clients);
        foreach (var client in clients) limits.Leave(client);
        Assert.Equal(0, limits.Clients);
    }

    [Fact]
    public void The_limits_in_force_count_whatever_held_when_a_connection_came()
    {
        var current = new CurrentOptions(new EdgeOptions());
        var limits = new ConnectionLimits(current);
        Assert.Equal(ConnectionRefusal.None, limits.Enter(Client("192.0.2.1")));
        Assert.Equal(ConnectionRefusal.None, limits.Enter(Client("192.0.2.1")));

        current.Replace(new EdgeOptions { Limits = new LimitsSection { ConnectionsPerAddress = 2, Connections = 3 } });
        Assert.Equal(ConnectionRefusal.ConnectionsPerAddress, limits.Enter(Client("192.0.2.1")));
        Assert.Equal(ConnectionRefusal.None, limits.Enter(Client("192.0.2.2")));
        Assert.Equal(ConnectionRefusal.Connections, limits.Enter(Client("192.0.2.3")));
        limits.Leave(Client("192.0.2.1"));
        Assert.Equal(ConnectionRefusal.None, limits.Enter(Client("192.0.2.1")));
    }

    [Fact]
    public void A_client_is_an_IPv4_address_or_a_slash_64()
    {
        Assert.Equal(Client("192.0.2.1"), Client("::ffff:192.0.2.1"));
        Assert.NotEqual(Client("192.0.2.1"), Client("192.0.2.2"));
        Assert.Equal(Client("2001:db8:1:2::1"), Client("2001:db8:1:2:ffff::"));
        Assert.NotEqual(Client("2001:db8:1:2::1"), Client("2001:db8:1:3::1"));
        Assert.NotEqual(Client("0.0.0.1"), Client("0:0:0:1::"));
    }

    static ClientNetwork? Client(string address) => ClientNetwork.Of(new IPEndPoint(IPAddress.Parse(address), 1));
}
