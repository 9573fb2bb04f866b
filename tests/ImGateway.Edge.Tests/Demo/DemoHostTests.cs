using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Demo;
using ImGateway.Edge.Operations.Control;
using ImGateway.Edge.Operations.Status;
using ImGateway.Testing;
using Spectre.Console;

namespace ImGateway.Edge.Tests.Demo;

public sealed class DemoHostTests
{
    readonly AwaitedWriter _output = new();
    readonly StringWriter _error = new();

    [Fact]
    public async Task A_port_in_use_is_one_line()
    {
        using var holder = new TcpListener(IPAddress.Loopback, 0);
        holder.Start();
        var listen = new ListenAddress(IPAddress.Loopback, ((IPEndPoint)holder.LocalEndpoint).Port);

        var exitCode = await Host()
            .RunAsync(new DemoSettings(Upstream: null, GatewayOnly: true, listen), CancellationToken.None);

        Assert.Equal(1, exitCode);
        var line = Assert.Single(_error.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(listen.ToString(), line);
        Assert.Contains("already in use", line);
    }

    [Fact]
    public async Task The_gateway_alone_serves_until_it_is_stopped()
    {
        using var stop = new CancellationTokenSource();
        var running = Host()
            .RunAsync(new DemoSettings(Upstream: null, GatewayOnly: true, ListenAddress.Parse("127.0.0.1:0")), stop.Token);

        await stop.CancelAsync();

        Assert.Equal(0, await running.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task The_gateway_alone_names_an_IPv6_address()
    {
        using var stop = new CancellationTokenSource();
        var running = Host()
            .RunAsync(new DemoSettings(Upstream: null, GatewayOnly: true, ListenAddress.Parse("[::1]:0")), stop.Token);

        await await Task.WhenAny(_output.Shown("http://[::1]:"), running).WaitAsync(TimeSpan.FromSeconds(30));
        await stop.CancelAsync();

        Assert.Equal(0, await running.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains("http://[::1]:", _output.ToString());
    }

    [Fact]
    public async Task The_demo_serves_page_and_gateway_over_TLS_and_says_what_to_paste()
    {
        using var directory = new TemporaryDirectory();
        using var stop = new CancellationTokenSource();
        var data = Path.Combine(directory.Path, "with space");
        var port = FreePort.Next();
        var settings = new DemoSettings(Upstream: null, GatewayOnly: false, Listen: null) { Https = port, Http = FreePort.Next(), Management = FreePort.Next() };

        var running = Host().RunEdgeAsync(settings, data, stop.Token);
        await _output.Shown("Ctrl+C stops").WaitAsync(TimeSpan.FromSeconds(30));
        var ca = Path.Combine(data, "development-ca", "ca.pem");
        using (var client = Trusting(ca))
        {
            var edge = new Uri($"https://localhost:{port}/");
            Assert.Equal("""{"status":"ok"}""", await client.GetStringAsync(new Uri(edge, "/health")));
            using var page = await client.GetAsync(edge);
            Assert.Contains("<title>ImGateway Edge demo</title>", await page.Content.ReadAsStringAsync());
            Assert.Equal("DENY", Assert.Single(page.Headers.GetValues("X-Frame-Options")));
            Assert.False(page.Headers.Contains("Strict-Transport-Security"));
        }

        using (var verb = new ControlClient(new EdgeOptions { DataDirectory = data }))
        {
            Assert.True((await verb.GetAsync<ReadyStatus>("/health", stop.Token))!.Value!.Ready);
        }

        await stop.CancelAsync();
        Assert.Equal(0, await running.WaitAsync(TimeSpan.FromSeconds(30)));
        var lines = _output.ToString().Split('\n').Select(line => line.Trim());
        Assert.Contains($"curl --cacert '{ca}' https://localhost:{port}/api/time", lines);
        Assert.Contains($"wscat --ca '{ca}' -c wss://localhost:{port}/ws", lines);
        Assert.DoesNotContain('\e', _output.ToString());
    }

    [Fact]
    public void The_demo_listens_on_loopback_only_and_leaves_no_HSTS_behind()
    {
        var options = DemoOptions.Create(new Uri("http://127.0.0.1:1"), "/nowhere", DemoPorts.Default);

        Assert.All(
            options.Listen.Https.Concat(options.Listen.Http).Concat(options.Listen.Management),
            listen => Assert.True(IPAddress.IsLoopback(listen.Address!)));
        Assert.Equal(TimeSpan.Zero, options.Headers.Hsts.MaxAge);
        Assert.Equal(8443, options.PlainHttp.HttpsPort);
        Assert.Equal(CertificateSource.SelfSigned, options.Certificates.Source);
        Assert.True(options.Certificates.AllowSelfSigned);
    }

    DemoHost Host()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(_output) });
        return new DemoHost(TestProcess.Engines, Serilog.Core.Logger.None, console, _error);
    }

    static HttpClient Trusting(string caFile)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(caFile);
        return new HttpClient(new SocketsHttpHandler { SslOptions = { CertificateChainPolicy = policy } });
    }

    sealed class AwaitedWriter : StringWriter
    {
        readonly TaskCompletionSource _shown = new(TaskCreationOptions.RunContinuationsAsynchronously);
        readonly Lock _lock = new();
        string? _awaited;

        public Task Shown(string text)
        {
            _awaited = text;
            Look();
            return _shown.Task;
        }

        public override void Flush() => Look();

        public override void Write(string? value)
        {
            lock (_lock) base.Write(value);
            Look();
        }

        void Look()
        {
            lock (_lock)
            {
                if (_awaited is { } text && ToString().Contains(text, StringComparison.Ordinal)) _shown.TrySetResult();
            }
        }
    }
}
