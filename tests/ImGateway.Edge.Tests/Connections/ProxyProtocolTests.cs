using System.Net;
using System.Net.Sockets;
using System.Text;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tests.Challenges;
using ImGateway.Edge.Tests.Proxying;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Connections;

public sealed class ProxyProtocolTests
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    static readonly byte[] Signature = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task The_client_is_whom_the_header_names(TestedEngine engine)
    {
        await using var upstream = RecordingUpstream.Start();
        await using var edge = await StartAsync(upstream.Address, engine);
        byte[][] headers =
        [
            Text("PROXY TCP4 192.0.2.7 203.0.113.2 12345 443\r\n"),
            Text("PROXY TCP6 2001:db8::7 2001:db8::2 12345 443\r\n"),
            Text("PROXY TCP6 ::ffff:192.0.2.7 ::ffff:203.0.113.2 12345 443\r\n"),
            [.. Signature, 0x21, 0x11, 0, 15, 192, 0, 2, 7, 203, 0, 113, 2, 0x30, 0x39, 0x01, 0xbb, 4, 0, 0],
        ];
        foreach (var header in headers)
        {
            await using var client = await RawTls.ConnectAsync(edge, before: header);
            Assert.Equal("HTTP/1.1 200 OK", await client.GetAsync("/api"));
        }

        Assert.Equal(["192.0.2.7", "2001:db8::7", "192.0.2.7", "192.0.2.7"], upstream.Requests.Select(head => Value(head, "X-Forwarded-For")));
    }

    [Fact]
    public async Task A_header_cut_anywhere_is_read()
    {
        await using var upstream = RecordingUpstream.Start();
        await using var edge = await StartAsync(upstream.Address);
        byte[] header = [.. Signature, 0x21, 0x11, 0, 12, 192, 0, 2, 7, 203, 0, 113, 2, 0x30, 0x39, 0x01, 0xbb];

        await using var client = await RawTls.ConnectAsync(edge, before: [.. header.Select(one => new[] { one })]);

        Assert.Equal("HTTP/1.1 200 OK", await client.GetAsync("/api"));
        Assert.Equal("192.0.2.7", Value(upstream.Requests.Single(), "X-Forwarded-For"));
    }

    [Fact]
    public async Task Local_and_unknown_connections_are_the_proxys_own()
    {
        await using var upstream = RecordingUpstream.Start();
        await using var edge = await StartAsync(upstream.Address);
        foreach (var header in (byte[][])[Text("PROXY UNKNOWN\r\n"), [.. Signature, 0x20, 0, 0, 0], [.. Signature, 0x21, 0x31, 0, 216, .. new byte[216]]])
        {
            await using var client = await RawTls.ConnectAsync(edge, before: header);
            Assert.Equal("HTTP/1.1 200 OK", await client.GetAsync("/api"));
        }

        Assert.All(upstream.Requests, head => Assert.Equal("127.0.0.1", Value(head, "X-Forwarded-For")));
    }

    [Fact]
    public async Task Whom_the_header_names_is_not_trusted_for_that()
    {
        await using var upstream = RecordingUpstream.Start();
        await using var edge = await StartAsync(upstream.Address);
        using var direct = await RawClient.ConnectAsync(edge.Plain);
        await direct.SendAsync("PROXY TCP4 192.0.2.7 203.0.113.2 12345 80\r\nGET / HTTP/1.1\r\nHost: gateway.test\r\n\r\n");
        Assert.Equal(301, (await direct.ReadResponseAsync()).Status);

        await using var client = await RawTls.ConnectAsync(edge, before: Text("PROXY TCP4 192.0.2.7 203.0.113.2 12345 443\r\n"));
        Assert.Equal("HTTP/1.1 200 OK", await client.GetAsync("/api HTTP/1.1\r\nX-Forwarded-For: 198.51.100.1\r\nX-Unused:"));
        Assert.Equal("192.0.2.7", Value(upstream.Requests.Single(), "X-Forwarded-For"));
    }

    [Fact]
    public async Task Without_a_header_from_a_trusted_proxy_a_connection_is_closed_and_counted()
    {
        await using var edge = await StartAsync(new Uri("http://127.0.0.1:9"));

        foreach (var server in (IPEndPoint[])[edge.Tls, edge.Plain])
        {
            // 1. No header at all, whichever protocol it is.
            Assert.Equal("", await SayAsync(server, "127.0.0.1", RawHello.ForTls13(ProxyHost.Host).ToRecords()));
            Assert.Equal("", await SayAsync(server, "127.0.0.1", Text("GET / HTTP/1.1\r\nHost: gateway.test\r\n\r\n")));
            // 2. From elsewhere, whatever it says.
            Assert.Equal("", await SayAsync(server, "127.0.0.2", Text("PROXY TCP4 127.0.0.1 203.0.113.2 12345 443\r\n")));
            // 3. A binary one that is too long.
            Assert.Equal("", await SayAsync(server, "127.0.0.1", [.. Signature, 0x21, 0x11, 0xff, 0xff]));
        }

        var metrics = await edge.MetricsAsync();
        Assert.Equal(8, metrics.Sum("imgw_refused_total", ("reason", "proxy_protocol")));
        Assert.Equal(4, metrics.Sum("imgw_tls_handshake_failures_total", ("reason", "refused")));
        var line = Assert.Single(edge.Warnings, line => line.Message.Contains("proxy_protocol", StringComparison.Ordinal));
        Assert.Contains("switch it on there", line.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_health_check_of_a_balancer_is_not_counted_as_refused()
    {
        await using var edge = await StartAsync(new Uri("http://127.0.0.1:9"));
        using (var client = await RawClient.ConnectAsync(edge.Tls))
        {
            client.FinishSending();
            Assert.Equal("", await client.ReadToEndAsync());
        }

        Assert.Equal(0, (await edge.MetricsAsync()).Sum("imgw_refused_total"));
    }

    [Fact]
    public async Task A_header_that_does_not_end_is_given_as_long_as_a_handshake()
    {
        await using var edge = await StartAsync(new Uri("http://127.0.0.1:9"), handshakeTimeout: TimeSpan.FromSeconds(0.3));
        foreach (var server in (IPEndPoint[])[edge.Tls, edge.Plain]) Assert.Equal("", await SayAsync(server, "127.0.0.1", Text("PROXY TCP4 ")));
        Assert.Equal(2, (await edge.MetricsAsync()).Sum("imgw_refused_total", ("reason", "proxy_protocol")));
    }

    [Fact]
    public async Task A_CA_behind_a_balancer_finds_its_answer()
    {
        await using var edge = await StartAsync(new Uri("http://127.0.0.1:9"));
        var offer = Offers.For(ProxyHost.Host);
        await using var presented = await edge.Challenges.Single(responder => responder.Type == "http-01").PresentAsync(offer, TestContext.Current.CancellationToken);

        var answer = await RawClient.ExchangeAsync(
            edge.Plain, $"PROXY TCP4 192.0.2.7 203.0.113.2 12345 80\r\nGET /.well-known/acme-challenge/{offer.Token} HTTP/1.1\r\nHost: gateway.test\r\n\r\n");

        Assert.Equal(offer.KeyAuthorization, answer.Body);
    }

    [Theory]
    [InlineData("send-proxy")]
    [InlineData("send-proxy-v2")]
    [InlineData("send-proxy-v2-ssl-cn")]
    public async Task Clients_behind_haproxy_are_seen(string how)
    {
        await using var upstream = RecordingUpstream.Start();
        await using var edge = await StartAsync(upstream.Address);
        using var directory = new TemporaryDirectory();
        var port = FreePort.Next();
        await File.WriteAllTextAsync(directory["haproxy.cfg"], $"""
            defaults
              mode tcp
              timeout connect 5s
              timeout client 20s
              timeout server 20s
            listen edge
              bind 127.0.0.1:{port}
              server edge {edge.Tls} {how}

            """, TestContext.Current.CancellationToken);
        await using var haproxy = await ExternalProcess.StartAsync("haproxy", ["-db", "-f", directory["haproxy.cfg"]], new Dictionary<string, string>(), () => AnswersAsync(port));

        var seen = await ExternalTool.RunAsync(ExternalTool.Curl,
        [
            "--silent", "--show-error", "--insecure", "--noproxy", "*", "--interface", "127.0.0.77", "--resolve", $"{ProxyHost.Host}:{port}:127.0.0.1",
            "--header", "X-Forwarded-For: 198.51.100.1", $"https://{ProxyHost.Host}:{port}/api",
        ]);

        Assert.True(seen.ExitCode == 0, seen.All);
        Assert.Equal("hello", seen.Output);
        Assert.Equal("127.0.0.77", Value(upstream.Requests.Single(), "X-Forwarded-For"));
    }

    static Task<ProxyHost> StartAsync(Uri upstream, TestedEngine? engine = null, TimeSpan? handshakeTimeout = null) => ProxyHost.StartAsync(
        ProxyHost.Options(upstream) with
        {
            Listen = new ListenSection { ProxyProtocol = true },
            TrustedProxies = [IPNetwork.Parse("127.0.0.1/32")],
            Tls = new TlsSection { HandshakeTimeout = handshakeTimeout ?? TimeSpan.FromSeconds(10) },
        },
        engine: engine);

    /// <summary>What comes until the connection ends.</summary>
    static async Task<string> SayAsync(IPEndPoint server, string from, byte[] bytes)
    {
        using var limit = new CancellationTokenSource(Limit);
        await using var stream = await RawTls.OpenAsync(server, from, limit.Token, bytes);
        using var all = new MemoryStream();
        try
        {
            await stream.CopyToAsync(all, limit.Token);
        }
        catch (IOException)
        {
            // Reset.
        }

        return Encoding.Latin1.GetString(all.ToArray());
    }

    static async Task<bool> AnswersAsync(int port)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    static byte[] Text(string header) => Encoding.ASCII.GetBytes(header);

    static string Value(string head, string name) => new RawResponse(head, "").Values(name).Single();
}
