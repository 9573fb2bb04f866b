using System.Net;
using System.Text.Json.Nodes;
using ImGateway.Acme;
using ImGateway.Edge.Certificates;
using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Configuration;
using ImGateway.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace ImGateway.Edge.Tests.Scenarios.Acme;

/// <summary>An <see cref="InProcessEdge"/> whose certificates come from a <see cref="ScriptableCa"/>, so that a test can call what verbs call.</summary>
sealed class CaEdge : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    readonly TemporaryDirectory _directory = new();
    InProcessEdge _edge = null!;

    CaEdge(ScriptableCa ca, EdgeSetup setup)
    {
        // The port is chosen before the edge listens, because the configuration of another process names it.
        var settings = new Dictionary<string, JsonNode?>(setup.Settings) { ["Listen:Management"] = new JsonArray($"127.0.0.1:{FreePort.Next()}") };
        Ca = ca;
        Config = (setup with { Ca = EdgeCa.Of(ca), Settings = settings }).WriteTo(_directory.Path);
    }

    public ScriptableCa Ca { get; }

    public IPEndPoint Server => _edge.Https;

    public Uri Management => new($"http://{_edge.Management}/");

    public LogBook Log => _edge.Log;

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
        edge._edge = await InProcessEdge.StartAsync(edge.Config);
        return edge;
    }

    /// <summary>As <see cref="StartListeningAsync"/>, and every host has its certificate.</summary>
    public static async Task<CaEdge> StartAsync(ScriptableCaOptions options, EdgeSetup setup, Action<ScriptableCa>? script = null)
    {
        var edge = await StartListeningAsync(options, setup, script);
        foreach (var host in setup.Hosts) await edge.Log.WaitForAsync(line => line.Message.Contains($"{host}: serving certificate", StringComparison.Ordinal), Patience);
        // A renewal requested while another is in progress would get the result of that one.
        await edge.Manager.RenewalsAsync().WaitAsync(Patience);
        return edge;
    }

    public Task<RenewResult> RenewAsync(string host) => Renewals.RenewAsync(
        HostName.Parse(host), force: true, staging: false, "a test", new Progress<string>(), TestContext.Current.CancellationToken);

    public Task<RenewResult> RevokeAsync(string host, RevocationReason reason) =>
        Renewals.RevokeAsync(HostName.Parse(host), reason, "a test", new Progress<string>(), TestContext.Current.CancellationToken);

    public Task<string> ServedSerialAsync(string host) => new EdgeClient(Server, Ca.IssuingRoot).ServedSerialAsync(host);

    /// <summary>A renewal writes its state after it has logged what it serves.</summary>
    public Task RenewalsEndedAsync() => _edge.Services.GetRequiredService<CertificateManager>().RenewalsAsync().WaitAsync(Patience);

    public Task<Scrape> MetricsAsync() => _edge.GetMetricsAsync();

    public async ValueTask DisposeAsync()
    {
        await _edge.DisposeAsync();
        await Ca.DisposeAsync();
        _directory.Dispose();
    }

    OperatorRenewals Renewals => _edge.Services.GetRequiredService<OperatorRenewals>();

    CertificateManager Manager => _edge.Services.GetRequiredService<CertificateManager>();
}
