using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Proxying;

/// <summary>A gateway whose name has several addresses, in a network namespace with a hosts file or a name server of its own.</summary>
public sealed class UpstreamAddressesTests
{
    const int Port = 9000, Sockets = 10;
    const string Host = "gateway.test", Upstream = "http://upstream.test:9000";

    static readonly IPEndPoint Dns = new(IPAddress.Loopback, 53);
    static readonly IPEndPoint First = new(IPAddress.Parse("127.0.0.2"), Port), Second = new(IPAddress.Parse("127.0.0.3"), Port);
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_address_that_drops_packets_keeps_no_request_from_the_next_one_and_is_remembered(bool byDns)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var zones = new DnsZones().Add("upstream.test", $"@ A {First.Address}", $"@ A {Second.Address}", "@ AAAA ::1");
        await using var space = byDns ? await NetworkNamespace.CreateAsync(50_000, 50_999, "127.0.0.1 localhost\n", Dns.Address) : await CreateAsync();
        await using var names = byDns ? await NameServer.StartAsync(zones, Dns, space) : null;
        using var silent = await SilentListener.StartAsync(space, First, limit.Token);
        await using var gateway = await DemoGatewayProcess.StartAsync(Second, space);
        await using var edge = await EdgeProcess.StartAsync(Setup(space));

        await using var first = await OpenAsync(edge, space, limit.Token);
        var dropped = await silent.DroppedAsync();
        List<LeanWebSocket> others = [];
        for (var i = 0; i < Sockets; i++) others.Add(await OpenAsync(edge, space, limit.Token));

        // Each WebSocket has a connection of its own: only the first has met the silent address.
        Assert.InRange(dropped, 1, int.MaxValue);
        Assert.Equal(dropped, await silent.DroppedAsync());
        Assert.Equal(Sockets + 1, (await edge.GetMetricsAsync()).Sum("imgw_upstream_ports_used", ("destination", Upstream)));
        Assert.Equal(0, (await edge.GetMetricsAsync()).Sum("imgw_upstream_errors_total"));
        foreach (var socket in others) await socket.DisposeAsync();
    }

    [Fact]
    public async Task An_address_that_refuses_costs_nothing()
    {
        using var limit = new CancellationTokenSource(Patience);
        await using var space = await CreateAsync();
        await using var gateway = await DemoGatewayProcess.StartAsync(Second, space);
        await using var edge = await EdgeProcess.StartAsync(Setup(space));

        await using var socket = await OpenAsync(edge, space, limit.Token);

        Assert.Equal(1, (await edge.GetMetricsAsync()).Sum("imgw_upstream_ports_used", ("destination", Upstream)));
    }

    [Fact]
    public async Task Where_no_address_connects_the_answer_is_502_and_nothing_stays_counted()
    {
        using var limit = new CancellationTokenSource(Patience);
        await using var space = await CreateAsync();
        await using var edge = await EdgeProcess.StartAsync(Setup(space));

        var failure = await Assert.ThrowsAsync<IOException>(() => OpenAsync(edge, space, limit.Token));

        Assert.Contains("HTTP/1.1 502", failure.Message);
        var metrics = await edge.GetMetricsAsync();
        Assert.Equal(0, metrics.Sum("imgw_upstream_ports_used", ("destination", Upstream)));
        Assert.Equal(1, metrics.Sum("imgw_upstream_errors_total", ("error", "connect")));
    }

    static Task<NetworkNamespace> CreateAsync() =>
        NetworkNamespace.CreateAsync(50_000, 50_999, $"127.0.0.1 localhost\n{First.Address} upstream.test\n{Second.Address} upstream.test\n");

    static EdgeSetup Setup(NetworkNamespace space) => new()
    {
        Namespace = space,
        Json = $$"""{ "Edge": { "Hosts": ["{{Host}}"], "Certificates": { "Source": "SelfSigned", "AllowSelfSigned": true } } }""",
        Settings = new Dictionary<string, JsonNode?>
        {
            ["Upstreams"] = new JsonArray(Upstream),
            ["Listen:Https"] = new JsonArray("127.0.0.1:8443"),
            ["Listen:Http"] = new JsonArray("127.0.0.1:8080"),
            ["Listen:Management"] = new JsonArray("127.0.0.1:9180"),
        },
    };

    static async Task<LeanWebSocket> OpenAsync(EdgeProcess edge, NetworkNamespace space, CancellationToken cancellationToken)
    {
        using var root = edge.DevelopmentRoot();
        var socket = await space.ConnectAsync(new IPEndPoint(IPAddress.Loopback, edge.HttpsPort), cancellationToken);
        var wire = await TlsWire.ConnectAsync(socket, TlsWire.Options(Host, root), cancellationToken);
        try
        {
            return await LeanWebSocket.OpenAsync(wire, Host, cancellationToken);
        }
        catch
        {
            await wire.DisposeAsync();
            throw;
        }
    }

    /// <summary>An address that drops packets: the kernel does so where the queue of a listener that does not accept is full.</summary>
    sealed class SilentListener(NetworkNamespace space, Socket listener) : IDisposable
    {
        Socket? _waiting;

        public static async Task<SilentListener> StartAsync(NetworkNamespace space, IPEndPoint address, CancellationToken cancellationToken)
        {
            var silent = new SilentListener(space, space.CreateSocket());
            silent.Bind(address);
            silent._waiting = await space.ConnectAsync(address, cancellationToken);
            return silent;
        }

        void Bind(IPEndPoint address)
        {
            listener.Bind(address);
            listener.Listen(0);
        }

        /// <summary>How many connection requests the kernel has dropped in the namespace.</summary>
        public async Task<int> DroppedAsync()
        {
            var read = await ExternalTool.RunAsync(space.Prefix[0], [.. space.Prefix.Skip(1), "cat", "/proc/net/netstat"]);
            var lines = read.Output.Split('\n').Where(line => line.StartsWith("TcpExt:", StringComparison.Ordinal)).Select(line => line.Split(' ')).ToList();
            return int.Parse(lines[1][Array.IndexOf(lines[0], "ListenOverflows")], System.Globalization.CultureInfo.InvariantCulture);
        }

        public void Dispose()
        {
            _waiting?.Dispose();
            listener.Dispose();
        }
    }
}
