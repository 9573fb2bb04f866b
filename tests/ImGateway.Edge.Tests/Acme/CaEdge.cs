using System.Net;
using System.Text.Json.Nodes;
using ImGateway.Acme;
using ImGateway.Edge.Certificates;
using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Configuration;
using ImGateway.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting.Display;

namespace ImGateway.Edge.Tests.Acme;

/// <summary>All of the program in this process, with a CA that can be told to misbehave, so that a test can call what verbs call.</summary>
sealed class CaEdge : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    static readonly HttpClient Http = new();

    readonly TemporaryDirectory _directory = new();
    readonly CancellationTokenSource _stop = new();
    readonly Logger _logger;
    readonly WebApplication _app;
    Task<int> _serving = Task.FromResult(0);

    CaEdge(ScriptableCa ca, EdgeSetup setup)
    {
        var (https, management) = (EdgeCa.Of(ca), FreePort.Next());
        Ca = ca;
        Server = new IPEndPoint(IPAddress.Loopback, https.TlsPort);
        Management = new Uri($"http://127.0.0.1:{management}/");
        var settings = new Dictionary<string, JsonNode?>(setup.Settings) { ["Listen:Management"] = new JsonArray($"127.0.0.1:{management}") };
        Config = (setup with { Ca = https, Settings = settings }).WriteTo(_directory.Path);
        var configuration = EdgeConfiguration.Load(Config);
        var read = EdgeConfiguration.Read(configuration);
        Assert.Empty(read.Problems);
        _logger = new LoggerConfiguration().WriteTo.Sink(new Sink(Log)).CreateLogger();
        _app = EdgeApplication.Build(read.Options!, configuration, _logger);
    }

    public ScriptableCa Ca { get; }

    public IPEndPoint Server { get; }

    public Uri Management { get; }

    public LogBook Log { get; } = new();

    public string Data => _directory["data"];

    /// <summary>The file with its configuration.</summary>
    public string Config { get; }

    public IReadOnlyList<AuditEntry> Audit => AuditLines.In(Data);

    /// <summary>Starts both, and returns once the edge listens.</summary>
    /// <param name="script">Faults that the first order is to meet.</param>
    public static async Task<CaEdge> StartListeningAsync(ScriptableCaOptions options, EdgeSetup setup, Action<ScriptableCa>? script = null)
    {
        var ca = await ScriptableCa.StartAsync(options);
        script?.Invoke(ca);
        var edge = new CaEdge(ca, setup);
        var listening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        edge._serving = EdgeApplication.ServeAsync(edge._app, TextWriter.Null, listening.SetResult, edge._stop.Token);
        Assert.Same(listening.Task, await Task.WhenAny(listening.Task, edge._serving).WaitAsync(Patience));
        return edge;
    }

    /// <summary>As <see cref="StartListeningAsync"/>, and every host has its certificate.</summary>
    public static async Task<CaEdge> StartAsync(ScriptableCaOptions options, EdgeSetup setup, Action<ScriptableCa>? script = null)
    {
        var edge = await StartListeningAsync(options, setup, script);
        foreach (var host in setup.Hosts) await edge.Log.WaitForAsync(line => line.Text.Contains($"{host}: serving certificate", StringComparison.Ordinal), Patience);
        // Who renews while one is under way is given that one.
        await edge.Manager.RenewalsAsync().WaitAsync(Patience);
        return edge;
    }

    public Task<RenewResult> RenewAsync(string host) => Manager.RenewAsync(
        HostName.Parse(host), force: true, staging: false, "a test", new Progress<string>(), TestContext.Current.CancellationToken);

    public Task<RenewResult> RevokeAsync(string host, RevocationReason reason) =>
        Manager.RevokeAsync(HostName.Parse(host), reason, "a test", new Progress<string>(), TestContext.Current.CancellationToken);

    public Task<string> ServedSerialAsync(string host) => new EdgeClient(Server, Ca.IssuingRoot).ServedSerialAsync(host);

    public async Task<Scrape> MetricsAsync() => new(await Http.GetStringAsync(new Uri(Management, "/metrics")));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving;
        await _app.DisposeAsync();
        await _logger.DisposeAsync();
        await Ca.DisposeAsync();
        _stop.Dispose();
        _directory.Dispose();
    }

    CertificateManager Manager => _app.Services.GetRequiredService<CertificateManager>();

    sealed class Sink(LogBook book) : ILogEventSink
    {
        static readonly MessageTemplateTextFormatter Format = new("{Level:u3} {Message:lj} {Exception}");

        public void Emit(LogEvent logEvent)
        {
            using var text = new StringWriter();
            Format.Format(logEvent, text);
            book.Add(text.ToString());
        }
    }
}
