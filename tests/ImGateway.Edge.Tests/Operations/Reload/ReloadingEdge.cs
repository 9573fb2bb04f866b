using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Operations.Control;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Operations.Reload;

/// <summary>A running edge whose configuration file is edited, under a socket that would notice being cut.</summary>
sealed class ReloadingEdge : IAsyncDisposable
{
    public const string Gateway = "gateway.test";

    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    readonly TestCa _root = TestCa.Create("Reload tests");
    readonly TemporaryDirectory _files = new();
    readonly ConcurrentQueue<string> _failures = new();
    readonly CancellationTokenSource _end = new();
    Task<int> _echoes = Task.FromResult(0);
    JsonNode _original = new JsonObject();

    ReloadingEdge()
    {
    }

    public EdgeProcess Process { get; private set; } = null!;

    /// <summary>The files that it was started with.</summary>
    public CertificateFile Certificate { get; private set; } = new();

    public EchoUpstream Upstream { get; private set; } = null!;

    public EdgeClient Client => new(Process.Https, _root.Certificate);

    /// <param name="hosts">All on one certificate.</param>
    public static Task<ReloadingEdge> StartAsync(params string[] hosts) => StartAsync(without: null, hosts);

    /// <param name="without">As <see cref="EdgeSetup.ZeroLimit"/>.</param>
    /// <param name="hosts">All on one certificate.</param>
    public static async Task<ReloadingEdge> StartAsync(string? without, string[] hosts)
    {
        var edge = new ReloadingEdge { Upstream = await EchoUpstream.StartAsync() };
        try
        {
            edge.Certificate = edge.Issue([Gateway, .. hosts]);
            edge.Process = await EdgeProcess.StartAsync(new EdgeSetup
            {
                Hosts = [Gateway, .. hosts],
                Upstream = edge.Upstream.Address,
                Files = [edge.Certificate],
                ZeroLimit = without,
            });
            edge._original = JsonNode.Parse(await File.ReadAllTextAsync(edge.Process.ConfigFile))!;
            edge._echoes = EchoingSocket.SpeakUntilAsync(edge.Client, Gateway, TimeSpan.FromMilliseconds(50), edge._failures.Enqueue, edge._end.Token);
            await edge.Process.WaitForMetricsAsync(metrics => metrics.Sum("imgw_websocket_connections") == 1, Patience);
            return edge;
        }
        catch
        {
            await edge.DisposeAsync();
            throw;
        }
    }

    /// <summary>A certificate of the trusted root, as files.</summary>
    public CertificateFile Issue(params string[] hosts)
    {
        using var issued = _root.Issue(hosts);
        return issued.WriteTo(_files.Path, hosts[0]);
    }

    /// <summary>What the edge was started with, with these changes under <c>Edge</c> (as <c>Limits:UrlBytes</c>), or elsewhere with a leading colon.</summary>
    public Task WriteAsync(params (string Key, JsonNode? Value)[] changes)
    {
        var file = (JsonObject)_original.DeepClone();
        foreach (var (key, value) in changes)
        {
            var path = key.StartsWith(':') ? key[1..] : "Edge:" + key;
            var parts = path.Split(':');
            var section = file;
            foreach (var part in parts[..^1]) section = (JsonObject)(section[part] ??= new JsonObject());
            section[parts[^1]] = value?.DeepClone();
        }

        return WriteTextAsync(file.ToJsonString());
    }

    /// <summary>By a rename, as editors and configuration tools do.</summary>
    public async Task WriteTextAsync(string text)
    {
        var beside = Process.ConfigFile + ".new";
        await File.WriteAllTextAsync(beside, text);
        File.Move(beside, Process.ConfigFile, overwrite: true);
    }

    /// <summary>As <see cref="WriteAsync"/>, and returns once it is in force, by the change of the file alone.</summary>
    public async Task ChangeAsync(params (string Key, JsonNode? Value)[] changes)
    {
        var from = Process.Log.Lines.Count;
        await WriteAsync(changes);
        await LineAsync("Configuration reloaded by", from);
    }

    /// <summary>As <see cref="ChangeAsync"/>, for what is refused; returns the lines.</summary>
    public async Task<string> RefusedAsync(Func<Task> write)
    {
        var from = Process.Log.Lines.Count;
        await write();
        await LineAsync("Configuration not reloaded by", from);
        return string.Join('\n', Process.Log.Lines.Skip(from).Select(line => line.Message));
    }

    public Task<LogLine> LineAsync(string beginning, int from = 0) =>
        Process.WaitForLogAsync(line => line.Message.StartsWith(beginning, StringComparison.Ordinal), Patience, from);

    public async Task<HttpStatusCode> StatusAsync(string path, string host = Gateway)
    {
        using var answer = await Client.GetAsync(host, path);
        return answer.StatusCode;
    }

    /// <summary>The verb without its process: what the control socket says.</summary>
    public async Task<ControlReply<ControlReloaded>> AskAsync()
    {
        using var control = new ControlClient(new EdgeOptions { DataDirectory = Path.Combine(Process.Directory, "data") });
        return (await control.PostAsync<ControlReloaded>("/reload", body: null, TestContext.Current.CancellationToken))!;
    }

    /// <summary>Ends the socket, which must have been answered all the time, and is still.</summary>
    public async Task AssertUndisturbedAsync()
    {
        await _end.CancelAsync();
        await _echoes.WaitAsync(Patience);
        Assert.Empty(_failures);
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        if (Process is not null) await Process.DisposeAsync();
        await _echoes.WaitAsync(Patience);
        await Upstream.DisposeAsync();
        _end.Dispose();
        _files.Dispose();
        _root.Dispose();
    }
}
