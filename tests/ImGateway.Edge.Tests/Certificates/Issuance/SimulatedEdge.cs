using ImGateway.Edge.Certificates;
using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;
using ImGateway.Edge.Tls;
using ImGateway.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;

namespace ImGateway.Edge.Tests.Certificates.Issuance;

/// <summary>
/// The real <see cref="CertificateManager"/> with its real store, on a clock that is turned by hand, before a <see cref="SimulatedCa"/>.
/// The store is in memory where the system has a place for that: ten years write often.
/// </summary>
sealed class SimulatedEdge : IDisposable
{
    readonly TemporaryDirectory _directory = TemporaryDirectory.InMemory();
    readonly EdgeOptions _options;
    readonly Random _random;
    ServiceProvider? _services;
    CertificateManager? _manager;

    public SimulatedEdge(DateTimeOffset start, int seed)
    {
        Time = new MachineClock(start);
        Ca = new SimulatedCa(Time);
        _random = new Random(seed);
        _options = new EdgeOptions
        {
            Hosts = [HostName.Parse("gateway.example.com")],
            DataDirectory = _directory.Path,
            Certificates = new CertificatesSection { Source = CertificateSource.Acme },
            Acme = new AcmeSection { AcceptTermsOfService = true },
        };
    }

    public MachineClock Time { get; }

    public SimulatedCa Ca { get; }

    public Credential? Served => _services?.GetRequiredService<CertificateInstaller>().Served.GetValueOrDefault(_options.Hosts[0])?.Credential;

    /// <summary>What its metrics say.</summary>
    public CollectorRegistry Registry { get; } = Prometheus.Metrics.NewCustomRegistry();

    /// <summary>Certificates that came to be served.</summary>
    public int Swaps { get; private set; }

    /// <summary>A process begins, on what the one before has left.</summary>
    public async Task RestartAsync()
    {
        _services?.Dispose();
        var graph = new CertificateGraph(_options, Time, NullLogger.Instance, DiskSteps.Unobserved) { Registry = Registry, Random = _random };
        _services = (graph with { CaOf = graph.With(Ca.Authority) }).Build();
        _manager = _services.GetRequiredService<CertificateManager>();
        await _manager.LoadAsync(CancellationToken.None);
    }

    /// <summary>Time passes, and the loop has a look. It throws nothing, whatever the CA does.</summary>
    public async Task PassAsync(TimeSpan step)
    {
        if (_manager is null) await RestartAsync();
        Time.Advance(step);
        var before = Served?.SerialNumber;
        await _manager!.LookAsync(CancellationToken.None);
        await _manager.RenewalsAsync();
        if (Served?.SerialNumber != before) Swaps++;
    }

    public void Dispose()
    {
        _services?.Dispose();
        Ca.Dispose();
        _directory.Dispose();
    }
}
