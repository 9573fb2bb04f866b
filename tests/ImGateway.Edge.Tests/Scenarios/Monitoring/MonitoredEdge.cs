using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Monitoring;

/// <summary>
/// An edge with certificates of a real ACME server, all kinds of clients, a gateway that answers and one that does not run, and a real Prometheus
/// with the shipped configuration and rules that scrapes it.
/// </summary>
public sealed class MonitoredEdge : IAsyncLifetime
{
    public const string Gateway = "gateway.test", Chat = "chat.test";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30), TrafficPatience = TimeSpan.FromMinutes(2);

    readonly CancellationTokenSource _stop = new();
    ScriptableCa _ca = null!;
    EchoUpstream _upstream = null!;
    Task _traffic = Task.CompletedTask;

    public EdgeProcess Edge { get; private set; } = null!;

    public PrometheusServer Prometheus { get; private set; } = null!;

    /// <summary>Of each certificate, which is under the thirty days that a fixed rule would want, though healthy.</summary>
    public static TimeSpan Lifetime { get; } = TimeSpan.FromDays(20);

    /// <summary>As shipped, but for the intervals and where things are.</summary>
    public static string Configuration(IPEndPoint target)
    {
        var shipped = File.ReadAllText(Path.Combine(RepositoryFiles.Prometheus, "prometheus.yml"));
        var adapted = shipped.Replace("interval: 15s", "interval: 500ms", StringComparison.Ordinal)
            .Replace("/etc/prometheus/alerts.yml", Path.Combine(RepositoryFiles.Prometheus, "alerts.yml"), StringComparison.Ordinal);
        adapted = Regex.Replace(
            adapted, "    dns_sd_configs:\n(?:      .*\n)+", $"    static_configs:\n      - targets: [\"{target}\"]\n", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
        return adapted.Contains("static_configs:\n      - targets: [\"127", StringComparison.Ordinal) ? adapted : throw new InvalidOperationException($"prometheus.yml has changed:\n{adapted}");
    }

    public EdgeClient Client => new(Edge.Https, _ca.IssuingRoot);

    public async ValueTask InitializeAsync()
    {
        _ca = await ScriptableCa.StartAsync(new ScriptableCaOptions { RetryAfter = TimeSpan.Zero, Lifetime = Lifetime, ReuseAuthorizations = true });
        _ca.Fail(CaOperation.NewOrder, CaFault.BadNonce);
        _upstream = await EchoUpstream.StartAsync();
        Edge = await EdgeProcess.StartAsync(new EdgeSetup
        {
            Hosts = [Gateway, Chat],
            Ca = EdgeCa.Of(_ca),
            Settings = new Dictionary<string, JsonNode?>
            {
                ["Upstreams"] = new JsonArray(_upstream.Address.GetLeftPart(UriPartial.Authority), $"http://127.0.0.1:{FreePort.Next()}"),
            },
        });
        Prometheus = await PrometheusServer.StartAsync(Configuration(Edge.Management));
        _traffic = TrafficAsync(_stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _traffic.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (Prometheus is not null) await Prometheus.DisposeAsync();
        if (Edge is not null) await Edge.DisposeAsync();
        if (_upstream is not null) await _upstream.DisposeAsync();
        if (_ca is not null) await _ca.DisposeAsync();
        _stop.Dispose();
    }

    /// <summary>Waits until Prometheus has seen some rounds of all clients.</summary>
    public async Task UntilTrafficFlowsAsync()
    {
        var seen = Prometheus.WaitForAsync("imgw_websocket_closed_total{by=\"client\"} > 5", samples => samples.Count == 1, TrafficPatience);
        await Task.WhenAny(seen, _traffic);
        AssertTrafficFlows();
        await seen;
    }

    /// <summary>Throws what went wrong with the clients.</summary>
    public void AssertTrafficFlows() => Assert.True(!_traffic.IsCompleted, $"the traffic has ended: {_traffic.Exception}");

    async Task TrafficAsync(CancellationToken cancellationToken)
    {
        var (modern, old) = (Options(SslProtocols.Tls13), Options(SslProtocols.Tls12));
        await using var stays = await LeanWebSocket.OpenAsync(Edge.Https, Options(SslProtocols.Tls13), cancellationToken);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        do
        {
            await RequestsAsync(modern, ["/api/messages", "/health", "/nowhere"], cancellationToken);
            await RequestsAsync(old, ["/api/messages"], cancellationToken);
            await new RawHello { ServerName = "unknown.test" }.SendAsync(Edge.Https);
            await new RawHello { ServerName = Gateway, CipherSuites = [0xc013] }.SendAsync(Edge.Https);
            await using var socket = await LeanWebSocket.OpenAsync(Edge.Https, modern, cancellationToken);
            await socket.SendAsync("hello", cancellationToken);
            await socket.ReadFrameAsync(cancellationToken);
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    async Task RequestsAsync(SslClientAuthenticationOptions options, string[] paths, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        await using var wire = await TlsWire.ConnectAsync(Edge.Https, options, limit.Token);
        foreach (var path in paths) await wire.SendAsync($"GET {path} HTTP/1.1\r\nHost: {Gateway}\r\nConnection: {(path == paths[^1] ? "close" : "keep-alive")}\r\n\r\n", limit.Token);
        var buffer = new byte[4096];
        while (await wire.ReadAsync(buffer, limit.Token) > 0)
        {
            // To the end.
        }
    }

    SslClientAuthenticationOptions Options(SslProtocols protocol)
    {
        var options = TlsWire.Options(Gateway, _ca.IssuingRoot);
        options.EnabledSslProtocols = protocol;
        return options;
    }
}
