using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Text.Json.Nodes;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Connections;

/// <summary>A process that is out of file descriptors: with 512 and 2,000 of them here, with as many as it is asked for by <c>tests/long/descriptors</c>.</summary>
[Collection(typeof(SequentialTests))]
public sealed class DescriptorsTests
{
    const string Host = "gateway.test";
    const int OpenSockets = 5, FullSeconds = 10, AtOnce = 32;

    static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);
    static readonly TimeSpan EchoLimit = TimeSpan.FromSeconds(30);

    public static TheoryData<int> Limits => Environment.GetEnvironmentVariable("IMGW_DESCRIPTORS") is { } chosen
        ? [int.Parse(chosen, CultureInfo.InvariantCulture)]
        : [512, 2000];

    [Theory, MemberData(nameof(Limits))]
    public async Task Open_sockets_outlive_silent_connections_and_a_storm_that_take_every_descriptor(int descriptors)
    {
        using var patience = new CancellationTokenSource(Patience);
        await using var upstream = await EchoUpstream.StartAsync();
        await using var edge = await EdgeProcess.StartAsync(Setup(upstream.Address, descriptors));
        using var root = edge.DevelopmentRoot();
        var tls = TlsWire.Options(Host, root);
        var open = new List<LeanWebSocket>();
        for (var i = 0; i < OpenSockets; i++) open.Add(await LeanWebSocket.OpenAsync(edge.Https, tls, patience.Token));
        await EchoAsync(open, patience.Token);
        var before = Files(edge);

        // 1. As many silent connections as there are descriptors, on both ports, kept up for ten seconds.
        await using (var silent = new SilentCrowd(descriptors, edge.Https, edge.Http))
        {
            await silent.FillAsync(patience.Token);
            var used = Processor(edge);
            using var second = new PeriodicTimer(TimeSpan.FromSeconds(1));
            for (var i = 0; i < FullSeconds; i++)
            {
                await second.WaitForNextTickAsync(patience.Token);
                await silent.FillAsync(patience.Token);
                await EchoAsync(open, patience.Token);
                await AssertAnswersAsync(edge, "/livez");
                await AssertAnswersAsync(edge, "/metrics");
            }

            var spent = Processor(edge) - used;
            TestContext.Current.SendDiagnosticMessage($"{descriptors} descriptors: {spent.TotalSeconds:0.00} s of CPU in {FullSeconds} s, {Files(edge)} open");
            Assert.True(spent <= TimeSpan.FromSeconds(FullSeconds / 2d), $"{spent.TotalSeconds:0.00} s of CPU while full");
        }

        // 2. A storm of more WebSockets than there is room for.
        var storm = await StormAsync(edge, tls, descriptors / 2, patience.Token);
        var metrics = await edge.GetMetricsAsync();
        TestContext.Current.SendDiagnosticMessage($"{descriptors} descriptors: {storm.Count} of {descriptors / 2} sockets opened, {Files(edge)} open; {metrics.Of("imgw_refused_total").ReplaceLineEndings(" ")}");
        Assert.InRange(storm.Count, descriptors / 8, descriptors / 2 - 1);
        Assert.True(metrics.Sum("imgw_refused_total", ("reason", "descriptors")) > 0);
        await EchoAsync(open, patience.Token);
        await EchoAsync(storm, patience.Token);
        await AssertAnswersAsync(edge, "/livez");

        // 3. Nothing stays.
        foreach (var socket in storm) await socket.DisposeAsync();
        await UntilAsync(() => Files(edge) <= before, $"no more than {before} descriptors are open", patience.Token);
        await EchoAsync(open, patience.Token);
        foreach (var socket in open) await socket.DisposeAsync();
        Assert.Empty(edge.Log.Lines.Where(line => line["@l"] is "Error" or "Fatal").Select(line => line.Message));
    }

    /// <summary>Over HTTP/2 a connection of a client carries many WebSockets, so that it is connections to the gateway that no descriptor is left for.</summary>
    [Fact]
    public async Task WebSockets_over_http2_that_no_descriptor_is_left_for_are_502_and_the_others_go_on()
    {
        const int Asked = 300;
        using var patience = new CancellationTokenSource(Patience);
        await using var upstream = await EchoUpstream.StartAsync();
        await using var edge = await EdgeProcess.StartAsync(Setup(upstream.Address, 512));
        using var root = edge.DevelopmentRoot();
        var client = new EdgeClient(edge.Https, root);
        using var invoker = client.Invoker();
        List<ClientWebSocket> open = [];
        List<string> refused = [];
        for (var i = 0; i < Asked; i++)
        {
            try
            {
                open.Add(await client.OpenWebSocketAsync(Host, HttpVersion.Version20, invoker));
            }
            catch (WebSocketException e)
            {
                refused.Add(e.Message);
            }
        }

        Assert.InRange(open.Count, 512 / 8, Asked - 10);
        Assert.All(refused, why => Assert.Contains("502", why, StringComparison.Ordinal));
        var metrics = await edge.GetMetricsAsync();
        Assert.Equal(refused.Count, metrics.Sum("imgw_upstream_errors_total", ("error", "connect")));
        // The gateway is not to blame.
        var status = JsonNode.Parse(await (await edge.GetManagementAsync("/api/status")).Content.ReadAsStringAsync(patience.Token))!;
        Assert.NotEqual("unhealthy", (string?)status["upstreams"]![0]!["health"]);
        Assert.Empty(status["degraded"]!.AsArray());
        Assert.True((bool)status["limits"]!.AsArray().Single(limit => (string?)limit!["name"] == "descriptors")!["isShort"]!);

        var buffer = new byte[16];
        foreach (var socket in open)
        {
            await socket.SendAsync("echo"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, patience.Token);
            Assert.Equal(4, (await socket.ReceiveAsync(buffer.AsMemory(), patience.Token)).Count);
            socket.Dispose();
        }

        Assert.Empty(edge.Log.Lines.Where(line => line["@l"] is "Error" or "Fatal").Select(line => line.Message));
    }

    [Fact]
    public async Task A_hard_limit_below_512_is_one_clear_error_at_start()
    {
        var (exit, _, error) = await EdgeProcess.RunUntilExitAsync(Setup(new Uri("http://127.0.0.1:9"), 300));

        Assert.Equal(1, exit);
        var line = Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("RLIMIT_NOFILE: 300 file descriptors are too few", line, StringComparison.Ordinal);
        Assert.Contains("LimitNOFILE", line, StringComparison.Ordinal);
    }

    /// <summary>What the edge reckons with is the hard limit: .NET raises the soft one to it when it starts.</summary>
    [Fact]
    public async Task The_soft_limit_is_raised_to_the_hard_one()
    {
        await using var edge = await EdgeProcess.StartAsync(Setup(new Uri("http://127.0.0.1:9"), 2000));

        var limits = await File.ReadAllTextAsync($"/proc/{edge.Id}/limits", TestContext.Current.CancellationToken);

        Assert.Matches(@"Max open files +2000 +2000 ", limits);
        Assert.Equal(2000, (await edge.GetMetricsAsync()).Sum("imgw_descriptors_limit"));
    }

    static EdgeSetup Setup(Uri upstream, int descriptors) => new()
    {
        Hosts = [Host],
        Upstream = upstream,
        Descriptors = descriptors,
        Settings = new Dictionary<string, JsonNode?> { ["AccessLog"] = false },
    };

    static async Task<List<LeanWebSocket>> StormAsync(EdgeProcess edge, System.Net.Security.SslClientAuthenticationOptions tls, int clients, CancellationToken cancellationToken)
    {
        var open = new List<LeanWebSocket>();
        await Parallel.ForEachAsync(Enumerable.Range(0, clients), new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (_, token) =>
        {
            try
            {
                var socket = await LeanWebSocket.OpenAsync(edge.Https, tls, token);
                lock (open) open.Add(socket);
            }
            catch (Exception e) when (e is IOException or SocketException or AuthenticationException)
            {
                // Refused: there is no room.
            }
        });
        return open;
    }

    static async Task EchoAsync(IReadOnlyList<LeanWebSocket> sockets, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(EchoLimit);
        foreach (var (i, socket) in sockets.Index())
        {
            await socket.SendAsync($"echo {i}", limit.Token);
            Assert.Null(await socket.ReadFrameAsync(limit.Token));
        }
    }

    static async Task AssertAnswersAsync(EdgeProcess edge, string path)
    {
        using var answer = await edge.GetManagementAsync(path);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    /// <summary>Without the program's own: .NET loads parts of it when they are first needed, and keeps them open.</summary>
    static int Files(EdgeProcess edge) =>
        Directory.GetFiles($"/proc/{edge.Id}/fd").Count(file => new FileInfo(file).LinkTarget is { } target && !target.EndsWith(".dll", StringComparison.Ordinal));

    static TimeSpan Processor(EdgeProcess edge)
    {
        using var process = Process.GetProcessById(edge.Id);
        return process.TotalProcessorTime;
    }

    static async Task UntilAsync(Func<bool> condition, string what, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (!condition())
        {
            try
            {
                await timer.WaitForNextTickAsync(cancellationToken);
            }
            catch (OperationCanceledException e)
            {
                throw new TimeoutException($"not in time: {what}", e);
            }
        }
    }

    /// <summary>TCP connections on which nothing is sent, opened again when the edge has closed them.</summary>
    sealed class SilentCrowd(int size, params IPEndPoint[] servers) : IAsyncDisposable
    {
        static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(5);

        readonly Socket?[] _sockets = new Socket?[size];

        public async Task FillAsync(CancellationToken cancellationToken)
        {
            await Parallel.ForEachAsync(Enumerable.Range(0, size), new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (i, token) =>
            {
                if (_sockets[i] is { } open && !IsClosed(open)) return;
                _sockets[i]?.Dispose();
                _sockets[i] = await OpenAsync(servers[i % servers.Length], token);
            });
        }

        public ValueTask DisposeAsync()
        {
            foreach (var socket in _sockets) socket?.Dispose();
            return ValueTask.CompletedTask;
        }

        static bool IsClosed(Socket socket) => socket.Poll(0, SelectMode.SelectRead);

        static async Task<Socket?> OpenAsync(IPEndPoint server, CancellationToken cancellationToken)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(ConnectLimit);
            var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(server, limit.Token);
                return socket;
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                socket.Dispose();
                return null;
            }
        }
    }
}
