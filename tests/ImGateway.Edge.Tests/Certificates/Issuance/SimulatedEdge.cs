using ImGateway.Edge.Tls;
using ImGateway.Testing;
using Prometheus;

namespace ImGateway.Edge.Tests.Certificates.Issuance;

/// <summary>One edge of a <see cref="CertificateWorld"/> with a <see cref="SimulatedCa"/>, for years at a time: its files are in memory where the system allows.</summary>
sealed class SimulatedEdge : IDisposable
{
    readonly CertificateWorld _world;
    CertificateWorld.Edge? _edge;

    public SimulatedEdge(DateTimeOffset start, int seed)
    {
        _world = new CertificateWorld(start, TemporaryDirectory.InMemory()) { Random = new Random(seed) };
        _world.UseAcme();
        Ca = _world.UseSimulatedCa();
        Ca.HasRenewalInfo = true;
    }

    public MachineClock Time => _world.Time;

    public SimulatedCa Ca { get; }

    public Credential? Served => _edge?.Served.GetValueOrDefault(CertificateWorld.Gateway);

    public CollectorRegistry Registry => _world.Registry;

    /// <summary>How often another certificate was served than before.</summary>
    public int Swaps { get; private set; }

    /// <summary>A new process on the same data directory.</summary>
    public async Task RestartAsync()
    {
        _edge?.Dispose();
        _edge = await _world.StartAsync();
    }

    /// <summary>Time passes, then the loop runs once. It throws nothing, whatever the CA does.</summary>
    public async Task PassAsync(TimeSpan step)
    {
        if (_edge is null) await RestartAsync();
        Time.Advance(step);
        var before = Served?.SerialNumber;
        await _edge!.RoundAsync();
        if (Served?.SerialNumber != before) Swaps++;
    }

    public void Dispose()
    {
        _edge?.Dispose();
        _world.Dispose();
    }
}
