using System.Net;
using System.Net.Sockets;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections.Listening;

namespace ImGateway.Edge.Tests.Connections;

public sealed class ListenPlanTests
{
    [Fact]
    public void A_socket_stands_for_the_address_that_it_has()
    {
        using var first = Listen(IPAddress.Loopback);
        using var second = Listen(IPAddress.IPv6Loopback);
        var listen = Section([Address(first), "127.0.0.1:1"], [Address(second)]);

        var plan = Plan(listen, (second, null), (first, "imgw.socket"));

        Assert.Empty(plan.Problems);
        Assert.Equal([Port(first), null], plan.Https.Select(target => target.Inherited?.Address!.Port));
        Assert.Equal(Port(second), Assert.Single(plan.Http).Inherited!.Address!.Port);
        Assert.Null(Assert.Single(plan.Management).Inherited);
    }

    [Fact]
    public void An_asterisk_has_all_wildcards_of_its_port()
    {
        using var ipv4 = Listen(IPAddress.Any);
        using var ipv6 = Listen(IPAddress.IPv6Any, Port(ipv4));

        var plan = Plan(Section([$"*:{Port(ipv4)}"], []), (ipv4, null), (ipv6, null));

        Assert.Empty(plan.Problems);
        Assert.Equal([AddressFamily.InterNetwork, AddressFamily.InterNetworkV6], plan.Https.Select(target => target.Inherited!.Address!.AddressFamily));
    }

    [Fact]
    public void A_name_says_which_listener_a_socket_of_another_address_is_for()
    {
        using var first = Listen(IPAddress.Loopback);
        using var second = Listen(IPAddress.Loopback);

        var plan = Plan(Section(["127.0.0.1:0"], [Address(first)]), (first, "https"), (second, "http"));

        Assert.Empty(plan.Problems);
        Assert.Equal((Port(first), Port(second)), (plan.Https[0].Inherited!.Address!.Port, plan.Http[0].Inherited!.Address!.Port));
    }

    [Fact]
    public void A_socket_that_no_listener_takes_is_a_problem_that_says_what_to_do()
    {
        using var listening = Listen(IPAddress.Loopback);
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using var datagrams = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        using var extra = Listen(IPAddress.Loopback);

        var problems = Plan(Section(["127.0.0.1:0"], []), (listening, "gateway"), (silent, null), (datagrams, "https"), (extra, "http")).Problems;

        Assert.Equal(4, problems.Count);
        Assert.Contains($"'gateway', {Address(listening)}: no listener has this address", problems[0], StringComparison.Ordinal);
        Assert.Contains("no TCP socket that listens", problems[1], StringComparison.Ordinal);
        Assert.Contains("no TCP socket that listens", problems[2], StringComparison.Ordinal);
        Assert.Contains("add it to Edge:Listen", problems[3], StringComparison.Ordinal);
    }

    [Fact]
    public void Without_any_everything_is_bound()
    {
        var plan = Plan(new ListenSection());

        Assert.Empty(plan.Problems);
        Assert.All([.. plan.Https, .. plan.Http, .. plan.Management], target => Assert.Null(target.Inherited));
        Assert.Equal((1, 1, 2), (plan.Https.Count, plan.Http.Count, plan.Management.Count));
    }

    static ListenPlan Plan(ListenSection listen, params (Socket Socket, string? Name)[] inherited) => ListenPlan.For(
        listen, new InheritedSockets([.. inherited.Select(socket => InheritedSocket.Take(Duplicate((int)socket.Socket.Handle), socket.Name))]));

    static ListenSection Section(string[] https, string[] http) => new()
    {
        Https = [.. https.Select(ListenAddress.Parse)],
        Http = [.. http.Select(ListenAddress.Parse)],
        Management = [ListenAddress.Parse("127.0.0.1:0")],
    };

    static Socket Listen(IPAddress address, int port = 0)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (address.AddressFamily is AddressFamily.InterNetworkV6) socket.DualMode = false;
        socket.Bind(new IPEndPoint(address, port));
        socket.Listen();
        return socket;
    }

    static int Port(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    static string Address(Socket socket) => socket.LocalEndPoint!.ToString()!;

    [System.Runtime.InteropServices.DllImport("libc", EntryPoint = "dup")]
    [System.Runtime.InteropServices.DefaultDllImportSearchPaths(System.Runtime.InteropServices.DllImportSearchPath.SafeDirectories)]
    static extern int Duplicate(int descriptor);
}
