using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Operations;

/// <summary>How an edge that runs as a process stops.</summary>
public sealed class DrainTests : IDisposable
{
    const string Host = "gateway.test";
    const int ServiceRestart = 1012;

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    readonly CancellationTokenSource _patience = new(Patience);
    readonly TaskCompletionSource _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    readonly SemaphoreSlim _arrived = new(0);

    public static TheoryData<TestedEngine, string> EnginesAndVersions =>
        [.. from engine in Enum.GetValues<TestedEngine>() from version in (string[])["1.1", "2.0"] select Engines.Row(engine, version)];

    public static TheoryData<TestedEngine, bool> EnginesWithAndWithoutNohup =>
        [.. from engine in Enum.GetValues<TestedEngine>() from underNohup in (bool[])[false, true] select Engines.Row(engine, underNohup)];

    CancellationToken Patient => _patience.Token;

    public void Dispose()
    {
        _patience.Dispose();
        _arrived.Dispose();
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task After_a_signal_it_is_not_ready_and_serves_on_for_the_delay(TestedEngine engine)
    {
        await using var upstream = await EchoUpstream.StartAsync();
        await using var edge = await StartAsync(engine, upstream.Address, delay: 3600);
        using var root = edge.DevelopmentRoot();
        var client = new EdgeClient(edge.Https, root);
        Assert.Equal(0, (await edge.GetMetricsAsync()).Sum("imgw_draining"));

        edge.Signal(PosixSignal.SIGTERM);
        await LogAsync(edge, "Draining: not ready");

        using var ready = await edge.GetManagementAsync("/readyz");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Contains("\"draining\"", await ready.Content.ReadAsStringAsync(Patient));
        Assert.Equal(1, (await edge.GetMetricsAsync()).Sum("imgw_draining"));
        using var answer = await client.GetAsync(Host, "/api/x");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        using var socket = await client.OpenWebSocketAsync(Host);
        Assert.Equal(WebSocketState.Open, socket.State);
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Requests_under_way_are_answered_while_no_client_can_connect_any_more(TestedEngine engine)
    {
        await using var upstream = RecordingUpstream.Start(AnswerWhenTold);
        await using var edge = await StartAsync(engine, upstream.Address);
        using var root = edge.DevelopmentRoot();
        var client = new EdgeClient(edge.Https, root);
        var h1 = client.GetAsync(Host, "/api/1");
        var h2 = client.GetAsync(Host, "/api/2", HttpVersion.Version20);
        // A body that is half sent when the drain begins.
        await using var posting = await TlsWire.ConnectAsync(edge.Https, TlsWire.Options(Host, root), Patient);
        await posting.SendAsync($"POST /api/3 HTTP/1.1\r\nHost: {Host}\r\nContent-Length: 10\r\n\r\n01234", Patient);
        await ArrivedAsync(3);

        edge.Signal(PosixSignal.SIGINT);
        await LogAsync(edge, "Draining: no more connections");

        Assert.Equal(SocketError.ConnectionRefused, await ConnectErrorAsync(edge.Https));
        Assert.Equal(SocketError.ConnectionRefused, await ConnectErrorAsync(edge.Http));
        using (var ready = await edge.GetManagementAsync("/readyz")) Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.False(h1.IsCompleted || h2.IsCompleted);
        await posting.SendAsync("56789", Patient);
        _answer.SetResult();
        using var first = await h1;
        using var second = await h2;
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal(HttpStatusCode.OK, second.StatusCode);
        Assert.Equal(true, first.Headers.ConnectionClose);
        Assert.StartsWith("HTTP/1.1 200 ", await posting.ReadHeadAsync(Patient));
        Assert.Equal("done", await posting.ReadToEndAsync(Patient));
        Assert.True(posting.EndedInOrder);
        Assert.Equal(0, await edge.WaitForExitAsync(Patience));
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Over_HTTP2_a_client_gets_GOAWAY_and_its_responses(TestedEngine engine)
    {
        await using var upstream = RecordingUpstream.Start(AnswerWhenTold);
        await using var edge = await StartAsync(engine, upstream.Address);
        using var root = edge.DevelopmentRoot();
        await using var wire = await TlsWire.ConnectAsync(edge.Https, TlsWire.Options(Host, root, SslApplicationProtocol.Http2), Patient);
        await wire.SendAsync(RawHttp2.Get(Host, "/api/x"), Patient);
        await ArrivedAsync(1);

        edge.Signal(PosixSignal.SIGTERM);
        // RFC 9113 §6.8: the highest stream there can be, so that what the client has sent meanwhile is answered too.
        Assert.Equal((int.MaxValue, 0), await RawHttp2.ReadGoAwayAsync(wire, Patient));
        _answer.SetResult();

        Assert.True(await RawHttp2.ReadToEndOfStreamAsync(wire, Patient));
        Assert.Equal((1, 0), await RawHttp2.ReadGoAwayAsync(wire, Patient));
        Assert.Equal("", await wire.ReadToEndAsync(Patient));
        Assert.True(wire.EndedInOrder);
        Assert.Equal(0, await edge.WaitForExitAsync(Patience));
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task An_idle_connection_ends_at_once_and_a_fresh_one_after_its_first_request(TestedEngine engine)
    {
        await using var upstream = await EchoUpstream.StartAsync();
        await using var edge = await StartAsync(engine, upstream.Address, spread: 10);
        using var root = edge.DevelopmentRoot();
        var tls = TlsWire.Options(Host, root);
        await using var idle = await TlsWire.ConnectAsync(edge.Https, tls, Patient);
        await idle.SendAsync(Request("/api/x"), Patient);
        Assert.DoesNotContain("Connection: close", await idle.ReadHeadAsync(Patient));
        await using var fresh = await TlsWire.ConnectAsync(edge.Https, tls, Patient);
        await using var unasked = await TlsWire.ConnectAsync(edge.Https, tls, Patient);

        edge.Signal(PosixSignal.SIGTERM);
        await LogAsync(edge, "Draining: no more connections");

        Assert.EndsWith("}", (await idle.ReadToEndAsync(Patient)).TrimEnd('\r', '\n', '0'));
        Assert.True(idle.EndedInOrder);
        await fresh.SendAsync(Request("/api/y"), Patient);
        var head = await fresh.ReadHeadAsync(Patient);
        Assert.StartsWith("HTTP/1.1 200 ", head);
        Assert.Contains("Connection: close", head);
        await fresh.ReadToEndAsync(Patient);
        Assert.True(fresh.EndedInOrder);
        // It may become a WebSocket too, which is closed like the others.
        await using var socket = await LeanWebSocket.OpenAsync(unasked, Host, Patient);
        var end = await socket.UntilEndAsync(Patient);
        Assert.Equal((ServiceRestart, true), (end.Code, end.InOrder));
        Assert.Equal(0, await edge.WaitForExitAsync(Patience));
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Connections_on_which_nothing_was_asked_do_not_keep_it(TestedEngine engine)
    {
        await using var edge = await StartAsync(engine, new Uri("http://127.0.0.1:9"), timeout: 3600);
        using var root = edge.DevelopmentRoot();
        await using var silent = await TlsWire.ConnectAsync(edge.Https, TlsWire.Options(Host, root), Patient);
        await using var silentH2 = await TlsWire.ConnectAsync(edge.Https, TlsWire.Options(Host, root, SslApplicationProtocol.Http2), Patient);

        edge.Signal(PosixSignal.SIGTERM);

        Assert.Equal("", await silent.ReadToEndAsync(Patient));
        Assert.True(silent.EndedInOrder);
        Assert.Equal(0, await edge.WaitForExitAsync(Patience));
    }

    [Theory, MemberData(nameof(EnginesAndVersions))]
    public async Task A_WebSocket_is_closed_with_1012_and_its_echo_ends_it(TestedEngine engine, string version)
    {
        await using var upstream = await EchoUpstream.StartAsync();
        await using var edge = await StartAsync(engine, upstream.Address);
        using var root = edge.DevelopmentRoot();
        using var socket = await new EdgeClient(edge.Https, root).OpenWebSocketAsync(Host, new Version(version));

        edge.Signal(PosixSignal.SIGTERM);
        var close = await socket.ReceiveAsync(new byte[10].AsMemory(), Patient);

        Assert.Equal(WebSocketMessageType.Close, close.MessageType);
        Assert.Equal(ServiceRestart, (int?)socket.CloseStatus);
        await socket.CloseOutputAsync(socket.CloseStatus!.Value, null, Patient);
        Assert.Equal(0, await edge.WaitForExitAsync(Patience));
        Assert.Contains("1 WebSockets closed, 0 cut", (await LogAsync(edge, "Drained")).Message);
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_client_that_never_answers_the_Close_is_cut_when_the_time_is_over(TestedEngine engine)
    {
        await using var upstream = await EchoUpstream.StartAsync();
        await using var edge = await StartAsync(engine, upstream.Address, timeout: 8);
        using var root = edge.DevelopmentRoot();
        var tls = TlsWire.Options(Host, root);
        await using var polite = await LeanWebSocket.OpenAsync(edge.Https, tls, Patient);
        await using var rude = await LeanWebSocket.OpenAsync(edge.Https, tls, Patient);
        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_websocket_connections") == 2, Patience);

        edge.Signal(PosixSignal.SIGTERM);

        Assert.Equal(ServiceRestart, await rude.ReadFrameAsync(Patient));
        var end = await polite.UntilEndAsync(Patient);
        Assert.Equal((ServiceRestart, true), (end.Code, end.InOrder));
        // Operators can watch it go.
        var metrics = await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_websocket_closed_total", ("by", "drain")) == 1, Patience);
        Assert.Equal((1, 1), (metrics.Sum("imgw_draining"), metrics.Sum("imgw_websocket_connections")));
        Assert.Equal(0, await edge.WaitForExitAsync(Patience));
        Assert.Contains("1 WebSockets closed, 1 cut", (await LogAsync(edge, "Drained")).Message);
    }

    [Theory, MemberData(nameof(EnginesWithAndWithoutNohup))]
    public async Task A_hangup_ends_nothing_and_a_second_signal_ends_everything_at_once(TestedEngine engine, bool underNohup)
    {
        await using var upstream = await EchoUpstream.StartAsync();
        await using var edge = await StartAsync(engine, upstream.Address, delay: 3600, timeout: 7200, hangupIgnored: underNohup);
        using var root = edge.DevelopmentRoot();
        await using var socket = await LeanWebSocket.OpenAsync(edge.Https, TlsWire.Options(Host, root), Patient);

        edge.Signal(PosixSignal.SIGHUP);
        await LogAsync(edge, "SIGHUP received");
        await socket.SendAsync("still there", Patient);
        Assert.Null(await socket.ReadFrameAsync(Patient));
        using (var ready = await edge.GetManagementAsync("/readyz")) Assert.Equal(HttpStatusCode.OK, ready.StatusCode);

        edge.Signal(PosixSignal.SIGTERM);
        await LogAsync(edge, "Draining: not ready");
        edge.Signal(PosixSignal.SIGTERM);

        Assert.Equal(0, await edge.WaitForExitAsync(Patience));
        Assert.Contains("0 WebSockets closed, 1 cut", (await LogAsync(edge, "Drained")).Message);
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task The_verb_follows_it_to_the_end_and_says_where_none_runs(TestedEngine engine)
    {
        await using var upstream = await EchoUpstream.StartAsync();
        await using var edge = await StartAsync(engine, upstream.Address, spread: 1);
        using var root = edge.DevelopmentRoot();
        await using var socket = await LeanWebSocket.OpenAsync(edge.Https, TlsWire.Options(Host, root), Patient);
        var end = socket.SpeakUntilEndAsync(TimeSpan.FromMilliseconds(20), Patient);

        var verb = await EdgeVerb.RunAsync("drain", "--config", edge.ConfigFile);

        Assert.Equal(ServiceRestart, (await end).Code);
        Assert.Equal((0, ""), (verb.ExitCode, verb.Error));
        var lines = verb.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith("draining: not ready from now on, 1 WebSockets open", lines[0]);
        Assert.StartsWith("no more connections; closing 1 WebSockets", lines[1]);
        Assert.Matches("^drained in .* s: 1 WebSockets closed, 0 cut$", lines[^1]);
        Assert.Equal(0, await edge.WaitForExitAsync(Patience));

        var again = await EdgeVerb.RunAsync("drain", "--config", edge.ConfigFile);
        Assert.Equal((1, ""), (again.ExitCode, again.Output));
        Assert.Contains("no edge runs with this DataDirectory", Assert.Single(again.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)));
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_signal_after_the_verb_joins_it(TestedEngine engine)
    {
        await using var upstream = await EchoUpstream.StartAsync();
        await using var edge = await StartAsync(engine, upstream.Address, delay: 3600, timeout: 7200);
        var verb = EdgeVerb.RunAsync("drain", "--config", edge.ConfigFile);
        await LogAsync(edge, "Draining: not ready");

        edge.Signal(PosixSignal.SIGTERM);
        await LogAsync(edge, "SIGTERM received");
        using (var live = await edge.GetManagementAsync("/livez")) Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        edge.Signal(PosixSignal.SIGTERM);

        Assert.Equal(0, (await verb).ExitCode);
        Assert.Equal(0, await edge.WaitForExitAsync(Patience));
    }

    static Task<EdgeProcess> StartAsync(TestedEngine engine, Uri upstream, int delay = 0, int spread = 0, int timeout = 0, bool hangupIgnored = false) => EdgeProcess.StartAsync(new EdgeSetup
    {
        Engine = engine,
        Hosts = [Host],
        HangupIgnored = hangupIgnored,
        Upstream = upstream,
        Settings = new Dictionary<string, JsonNode?>
        {
            ["Drain:Delay"] = Seconds(delay),
            ["Drain:Spread"] = Seconds(spread),
            ["Drain:Timeout"] = Seconds(timeout > 0 ? timeout : delay + spread + 60),
        },
    });

    static string Seconds(int seconds) => TimeSpan.FromSeconds(seconds).ToString("c");

    static Task<LogLine> LogAsync(EdgeProcess edge, string beginning) =>
        edge.WaitForLogAsync(line => line.Message.StartsWith(beginning, StringComparison.Ordinal), Patience);

    static string Request(string path) => $"GET {path} HTTP/1.1\r\nHost: {Host}\r\n\r\n";

    async Task AnswerWhenTold(UpstreamConnection connection, string head)
    {
        _arrived.Release();
        if (head.Contains("Content-Length: 10", StringComparison.OrdinalIgnoreCase))
        {
            for (var body = 0; body < 10;) body += (await connection.ReadAsync()).Length;
        }

        await _answer.Task.WaitAsync(connection.Stopped);
        await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone");
    }

    async Task ArrivedAsync(int requests)
    {
        for (; requests > 0; requests--) await _arrived.WaitAsync(Patient);
    }

    async Task<SocketError> ConnectErrorAsync(IPEndPoint address)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        return (await Assert.ThrowsAsync<SocketException>(async () => await socket.ConnectAsync(address, Patient))).SocketErrorCode;
    }
}
