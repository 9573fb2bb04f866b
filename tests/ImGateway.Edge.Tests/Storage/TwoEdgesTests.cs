using System.Text.Json.Nodes;
using ImGateway.Edge.Certificates;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;
using ImGateway.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace ImGateway.Edge.Tests.Storage;

/// <summary>Edges that share a storage, each with a data directory of its own, before one CA (issue 17).</summary>
public sealed class TwoEdgesTests : IAsyncLifetime
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    readonly MemoryStorage _shared = new();
    readonly List<IAsyncDisposable> _edges = [];
    readonly List<IDisposable> _owned = [];
    ScriptableCa _ca = null!;

    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var edge in _edges) await edge.DisposeAsync();
        foreach (var owned in _owned) owned.Dispose();
        await _ca.DisposeAsync();
    }

    [Theory]
    [InlineData("http-01")]
    [InlineData("tls-alpn-01")]
    public async Task The_other_edge_answers_the_challenge_and_serves_the_certificate_of_one_order(string challenge)
    {
        // B may hear of the challenge later than the CA, if the machine is busy.
        _ca = await ScriptableCa.StartAsync(new ScriptableCaOptions { RepeatsValidation = true, ValidationTimeout = Patience });
        var setup = new EdgeSetup { Hosts = ["gateway.test"], Settings = new Dictionary<string, JsonNode?> { ["Acme:Challenges"] = new JsonArray(challenge) } };
        var (orderer, other) = (setup with { Ca = EdgeCa.Of(_ca) }, setup with { Ca = EdgeCa.Of(_ca) });

        // The CA comes to B alone, which does not order as long as it is no writer.
        var held = await Node("B").TryLeaseAsync(IStorage.Writer, Cancelled);
        // On B's clock no time passes: it answers and serves when it is notified, not at an interval. So it serves within two seconds, whatever the load here.
        var b = await StartAsync("B", other, new FakeTimeProvider(TimeProvider.System.GetUtcNow()));
        var a = await StartAsync("A", orderer);

        await ServesAsync(a, "gateway.test");
        await ServesAsync(b, "gateway.test");
        Assert.Equal(await SerialAsync(a, "gateway.test"), await SerialAsync(b, "gateway.test"));
        Assert.Empty(await Node("test").ListAsync("challenges", Cancelled));

        // As a writer it orders nothing that is there already.
        await held!.DisposeAsync();
        await RoundsAsync(b);
        Assert.Equal(1, Orders);
    }

    /// <summary>The other edge's certificate is served already when the lease is free: nothing changes then, and yet there is nothing to order.</summary>
    [Fact]
    public async Task A_renewal_that_was_decided_on_before_another_edge_made_it_orders_nothing()
    {
        _ca = await ScriptableCa.StartAsync(new ScriptableCaOptions { AlwaysValid = true });
        var a = await StartAsync("A", new EdgeSetup { Hosts = ["gateway.test"], Ca = EdgeCa.Of(_ca) });
        await ServesAsync(a, "gateway.test");
        await RoundsAsync(a);

        var result = await a.Services.GetRequiredService<RenewalRun>().RunAsync(
            HostName.Parse("gateway.test"), decidedOn: null, InstallCause.ByLoop(RenewalReasons.Missing), observer: null, Cancelled);

        Assert.Equal("gateway.test: another edge has renewed it", result!.Message);
        Assert.Equal(1, Orders);
    }

    [Fact]
    public async Task Edges_that_start_at_once_order_each_certificate_once()
    {
        _ca = await ScriptableCa.StartAsync(new ScriptableCaOptions { AlwaysValid = true });
        string[] hosts = ["one.test", "two.test", "three.test"];
        var setup = new EdgeSetup { Hosts = hosts };

        var edges = await Task.WhenAll(StartAsync("A", setup with { Ca = EdgeCa.Of(_ca) }), StartAsync("B", setup with { Ca = EdgeCa.Of(_ca) }));
        foreach (var edge in edges)
        {
            foreach (var host in hosts) await ServesAsync(edge, host);
        }

        foreach (var edge in edges) await RoundsAsync(edge);
        foreach (var host in hosts) Assert.Equal(await SerialAsync(edges[0], host), await SerialAsync(edges[1], host));
        Assert.Equal(hosts.Length, Orders);
    }

    int Orders => _ca.Recorded.Count(request => request.Operation == CaOperation.NewOrder);

    async Task<InProcessEdge> StartAsync(string name, EdgeSetup setup, TimeProvider? time = null)
    {
        var directory = new TemporaryDirectory();
        var config = setup.WriteTo(directory.Path);
        var edge = await InProcessEdge.StartAsync(config, services => services.AddSingleton<IStorage>(_ => Node(name)).AddSingleton(time ?? TimeProvider.System));
        lock (_edges)
        {
            _edges.Add(edge);
            _owned.Add(directory);
        }

        return edge;
    }

    MemoryStorage.Node Node(string name) => new(_shared, name);

    static Task ServesAsync(InProcessEdge edge, string host) =>
        edge.Log.WaitForAsync(line => line.Message.Contains($"{host}: serving certificate", StringComparison.Ordinal), Patience);

    static async Task RoundsAsync(InProcessEdge edge)
    {
        var manager = edge.Services.GetRequiredService<CertificateManager>();
        for (var round = 0; round < 3; round++)
        {
            await manager.RunDueAsync(Cancelled);
            await manager.RenewalsAsync().WaitAsync(Patience, Cancelled);
        }
    }

    Task<string> SerialAsync(InProcessEdge edge, string host) => new EdgeClient(edge.Https, _ca.IssuingRoot).ServedSerialAsync(host);
}
