using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Tls;

public sealed class HandshakeMetricsTests(TlsFixture tls)
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Theory, MemberData(nameof(Engines.OfProduct), MemberType = typeof(Engines))]
    public async Task Handshakes_are_counted_by_protocol_cipher_resumption_and_application_protocol(TestedEngine engine)
    {
        await using var edge = await EdgeProcess.StartAsync(tls.Setup(engine));
        using var directory = new TemporaryDirectory();
        string[] suites = ["-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256", "-alpn", "http/1.1"];

        await ConnectAsync(edge, [.. suites, "-sess_out", directory["13"]]);
        await ConnectAsync(edge, [.. suites, "-sess_in", directory["13"]]);
        await ConnectAsync(edge, ["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305", "-sess_out", directory["12"]]);
        await ConnectAsync(edge, ["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305", "-sess_in", directory["12"]]);
        using var overHttp2 = await new EdgeClient(edge.Https, tls.Root.Certificate).GetAsync(TlsFixture.Gateway, "/api", HttpVersion.Version20);

        var metrics = await edge.WaitForMetricsAsync(m => m.Sum("imgw_tls_handshakes_total") >= 5, Limit);
        double Count(string protocol, string cipher, string resumed, string alpn) => metrics.Sum("imgw_tls_handshakes_total",
            ("protocol", protocol), ("cipher", cipher), ("resumed", resumed), ("alpn", alpn));
        Assert.Equal(1, Count("TLSv1.3", "TLS_AES_128_GCM_SHA256", "false", "http/1.1"));
        Assert.Equal(1, Count("TLSv1.3", "TLS_AES_128_GCM_SHA256", "true", "http/1.1"));
        Assert.Equal(1, Count("TLSv1.2", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "false", "none"));
        Assert.Equal(1, Count("TLSv1.2", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "true", "none"));
        Assert.Equal(1, metrics.Sum("imgw_tls_handshakes_total", ("alpn", "h2")));
        Assert.Equal(5, metrics.Sum("imgw_tls_handshakes_total"));
        Assert.Equal(1, metrics.Sum("imgw_tls_handshake_duration_seconds_count", ("protocol", "TLSv1.2"), ("resumed", "true")));
        Assert.Equal(0, metrics.Sum("imgw_tls_handshake_failures_total"));
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Failures_are_counted_by_reason(TestedEngine engine)
    {
        await using var edge = await EdgeProcess.StartAsync(tls.Setup(engine));
        var hello = new RawHello { ServerName = TlsFixture.Gateway };

        await ExpectAsync("unsupported_protocol", () => (hello with { LegacyVersion = RawHello.Tls11 }).SendAsync(edge.Https));
        await ExpectAsync("no_shared_cipher", () => (hello with { CipherSuites = [0xc013] }).SendAsync(edge.Https));
        await ExpectAsync("unknown_name", () => (hello with { ServerName = "unknown.test" }).SendAsync(edge.Https));
        // What a client that does not know the CA says: unknown_ca (RFC 5246 §7.2).
        await ExpectAsync("client_alert", () => SendAndCloseAsync(edge.Https, [.. hello.ToRecords(), 21, 3, 3, 0, 2, 2, 48]));
        await ExpectAsync("closed", () => SendAndCloseAsync(edge.Https, hello.ToRecords()[..20]));
        await ExpectAsync("not_tls", () => SendAndCloseAsync(edge.Https, "GET / HTTP/1.1\r\nHost: gateway.test\r\n\r\n"u8.ToArray()));

        async Task ExpectAsync(string reason, Func<Task> act)
        {
            var before = (await edge.GetMetricsAsync()).Sum("imgw_tls_handshake_failures_total");
            await act();
            var metrics = await edge.WaitForMetricsAsync(m => m.Sum("imgw_tls_handshake_failures_total") > before, Limit);
            Assert.True(metrics.Sum("imgw_tls_handshake_failures_total", ("reason", reason)) == 1, $"{reason}:\n{metrics.Of("imgw_tls_handshake_failures_total")}");
        }
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Plain_HTTP_on_the_TLS_port_is_answered_and_closed(TestedEngine engine)
    {
        var edge = await tls.EdgeAsync(engine);

        var result = await ExternalTool.RunAsync(ExternalTool.Curl, ["-si", $"http://127.0.0.1:{edge.HttpsPort}/api"]);

        Assert.StartsWith("HTTP/1.1 400 ", result.Output, StringComparison.Ordinal);
        Assert.Contains("https://", result.Output, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_silent_client_is_let_go_after_the_handshake_timeout(TestedEngine engine)
    {
        await using var edge = await EdgeProcess.StartAsync(
            tls.Setup(engine) with { Settings = new Dictionary<string, JsonNode?> { ["Tls:HandshakeTimeout"] = "00:00:03" } });
        var started = Stopwatch.GetTimestamp();

        // Says nothing, says half a hello, says a hello and never finishes.
        var hello = new RawHello { ServerName = TlsFixture.Gateway }.ToRecords();
        await Task.WhenAll(UntilClosedAsync(edge.Https, []), UntilClosedAsync(edge.Https, hello[..50]), UntilClosedAsync(edge.Https, hello));

        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.FromSeconds(2.8), TimeSpan.FromSeconds(10));
        var metrics = await edge.WaitForMetricsAsync(m => m.Sum("imgw_tls_handshake_failures_total") >= 3, Limit);
        Assert.Equal(3, metrics.Sum("imgw_tls_handshake_failures_total", ("reason", "timeout")));
        Assert.Equal(0, metrics.Sum("imgw_tls_handshakes_in_progress"));
    }

    async Task ConnectAsync(EdgeProcess edge, string[] options)
    {
        var result = await ExternalTool.RunAsync(ExternalTool.OpenSsl,
            ["s_client", "-connect", edge.Https.ToString(), "-servername", TlsFixture.Gateway, "-CAfile", tls.RootFile, "-ign_eof", .. options],
            $"GET /health HTTP/1.1\r\nHost: {TlsFixture.Gateway}\r\nConnection: close\r\n\r\n");
        Assert.True(result.ExitCode == 0, result.All);
    }

    static async Task SendAndCloseAsync(IPEndPoint server, byte[] bytes)
    {
        using var socket = await ConnectAsync(server, bytes);
        socket.Shutdown(SocketShutdown.Send);
        await UntilClosedAsync(socket);
    }

    static async Task UntilClosedAsync(IPEndPoint server, byte[] bytes)
    {
        using var socket = await ConnectAsync(server, bytes);
        await UntilClosedAsync(socket);
    }

    static async Task<Socket> ConnectAsync(IPEndPoint server, byte[] bytes)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server);
        await socket.SendAsync(bytes);
        return socket;
    }

    static async Task UntilClosedAsync(Socket socket)
    {
        using var limit = new CancellationTokenSource(Limit);
        var buffer = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(buffer, limit.Token) > 0) { }
        }
        catch (SocketException)
        {
            // A reset closes as well.
        }
    }
}
