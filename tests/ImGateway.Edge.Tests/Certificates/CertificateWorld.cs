using System.Security.Cryptography;
using ImGateway.Edge.Certificates;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Certificates.Stapling;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;
using ImGateway.Edge.Tests.Certificates.Issuance;
using ImGateway.Edge.Tls;
using ImGateway.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;

namespace ImGateway.Edge.Tests.Certificates;

/// <summary>
/// A simulated clock, a data directory, a CA that signs certificate files and one that issues by order: edges without listeners start on it, one
/// after the other, each as a new process would.
/// </summary>
sealed class CertificateWorld : IDisposable
{
    public static readonly HostName Gateway = HostName.Parse("gateway.example.com");
    public static readonly HostName Chat = HostName.Parse("chat.example.com");

    readonly TemporaryDirectory _folder;
    readonly TestCa _root, _intermediate;
    SimulatedCa? _simulatedCa;

    public CertificateWorld()
        : this(TimeProvider.System.GetUtcNow(), new TemporaryDirectory())
    {
    }

    /// <param name="start">What the clock shows at first.</param>
    /// <param name="folder">Holds all files; disposed of with the world.</param>
    public CertificateWorld(DateTimeOffset start, TemporaryDirectory folder)
    {
        (_folder, Time) = (folder, new MachineClock(start));
        _root = TestCa.Create("World Root", start.AddYears(-20), start.AddYears(40));
        _intermediate = _root.CreateIntermediate("World Intermediate", notBefore: start.AddYears(-19), notAfter: start.AddYears(39));
        Options = new EdgeOptions { Hosts = [Gateway, Chat], DataDirectory = _folder["data"] };
    }

    public MachineClock Time { get; }

    public Random Random { get; init; } = new(1);

    /// <summary>The metrics of the process.</summary>
    public CollectorRegistry Registry { get; private set; } = Prometheus.Metrics.NewCustomRegistry();

    public LogCollector<CertificateManager> Log { get; } = new();

    public Func<HostName, string?> HandshakeFailure { get; set; } = _ => null;

    public EdgeOptions Options { get; set; }

    /// <summary>The CA of source Acme; null: one that issues nothing.</summary>
    public ICertificateAuthority? Authority { get; set; }

    /// <summary>In place of <see cref="Authority"/>: the CA of each configuration.</summary>
    public Func<EdgeOptions, IssuingCa>? CaOf { get; set; }

    /// <summary>Called after each disk operation of an edge.</summary>
    public Action OnDiskOperation { get; set; } = () => { };

    /// <summary>What OCSP says of what is served.</summary>
    public Func<Credential, bool> IsRevoked { get; set; } = _ => false;

    public string this[params string[] parts] => _folder[parts];

    public OfflineCertificates Offline => new(Options, Time, NullLoggerFactory.Instance);

    public string Data(params string[] parts) => Path.Combine([Options.DataDirectory, .. parts]);

    public string Stored(HostName host, string file) => Data("certificates", host.CertificateName, file);

    public IssuedCertificate Issue(params string[] hosts) => _intermediate.Issue(hosts.Length > 0 ? hosts : ["gateway.example.com", "chat.example.com"]);

    public IssuedCertificate Issue(TimeSpan age, TimeSpan left) =>
        _intermediate.Issue(["gateway.example.com", "chat.example.com"], notBefore: Time.GetUtcNow() - age, notAfter: Time.GetUtcNow() + left);

    public IssuedCertificate Issue(TimeSpan age, TimeSpan left, string host) =>
        _intermediate.Issue([host], notBefore: Time.GetUtcNow() - age, notAfter: Time.GetUtcNow() + left);

    /// <param name="key">Used before, or to be used again.</param>
    public IssuedCertificate Issue(TimeSpan age, TimeSpan left, string host, AsymmetricAlgorithm key) =>
        _intermediate.Issue(new PkiLeaf { Hosts = [host], Key = key, NotBefore = Time.GetUtcNow() - age, NotAfter = Time.GetUtcNow() + left });

    /// <summary>Signs certificate files.</summary>
    public TestCa Ca => _intermediate;

    public IssuedCertificate WriteFile() => WriteFile(Issue());

    public IssuedCertificate WriteFile(IssuedCertificate issued)
    {
        Options = Options with { Certificates = new() { Source = CertificateSource.Files, Files = [issued.WriteTo(this["files"])] } };
        return issued;
    }

    public void UseSelfSigned() =>
        Options = Options with { Certificates = new() { Source = CertificateSource.SelfSigned, AllowSelfSigned = true } };

    public void UseAcme() => Options = Options with
    {
        Hosts = [Gateway],
        Certificates = new() { Source = CertificateSource.Acme },
        Acme = new() { Directory = "https://ca.example.com/directory", AcceptTermsOfService = true },
    };

    /// <summary>Source Acme gets its certificates from this CA.</summary>
    public SimulatedCa UseSimulatedCa()
    {
        _simulatedCa = new SimulatedCa(Time.GetUtcNow) { HasRenewalInfo = false };
        Authority = _simulatedCa;
        return _simulatedCa;
    }

    public async Task<Edge> StartAsync()
    {
        var edge = new Edge(this);
        try
        {
            await edge.Manager.LoadAsync(CancellationToken.None);
            return edge;
        }
        catch
        {
            edge.Dispose();
            throw;
        }
    }

    /// <summary>A new process begins with empty metrics.</summary>
    public void ForgetMetrics() => Registry = Prometheus.Metrics.NewCustomRegistry();

    public async Task<double> MetricAsync(string series)
    {
        var line = (await SeriesAsync()).FirstOrDefault(line => line.StartsWith(series + " ", StringComparison.Ordinal));
        return line is null ? 0 : double.Parse(line[(series.Length + 1)..]);
    }

    /// <summary>The series that have the host as a label, without their values.</summary>
    public async Task<IReadOnlyList<string>> SeriesOfAsync(HostName host) =>
        [.. (await SeriesAsync()).Where(line => line.Contains($"host=\"{host.Value}\"", StringComparison.Ordinal)).Select(line => line[..line.LastIndexOf(' ')]).Order(StringComparer.Ordinal)];

    async Task<string[]> SeriesAsync()
    {
        using var page = new MemoryStream();
        await Registry.CollectAndExportAsTextAsync(page);
        return System.Text.Encoding.UTF8.GetString(page.ToArray()).Split('\n');
    }

    public void Dispose()
    {
        _simulatedCa?.Dispose();
        _intermediate.Dispose();
        _root.Dispose();
        _folder.Dispose();
    }

    /// <summary>One process's manager.</summary>
    public sealed class Edge : IDisposable
    {
        readonly CertificateWorld _world;
        readonly IHost _host;

        public Edge(CertificateWorld world)
        {
            _world = world;
            var graph = new CertificateGraph(world.Options, world.Time, world.Log, new DiskOperationHook(() => world.OnDiskOperation()))
            {
                Registry = world.Registry,
                Random = world.Random,
                HandshakeTest = (host, _, _) => Task.FromResult(world.HandshakeFailure(host)),
            };
            _host = (graph with { CaOf = world.CaOf ?? (world.Authority is { } authority ? graph.With(authority) : null) }).Build();
        }

        public IServiceProvider Services => _host.Services;

        public CertificateManager Manager => Services.GetRequiredService<CertificateManager>();

        public OperatorInstalls Installs => Services.GetRequiredService<OperatorInstalls>();

        public OperatorRenewals Renewals => Services.GetRequiredService<OperatorRenewals>();

        public CertificateOverview Overview => Services.GetRequiredService<CertificateOverview>();

        public ServerCertificateSelector Selector => Services.GetRequiredService<ServerCertificateSelector>();

        public string Serial(HostName? host = null) => Selector.Served[host ?? Gateway].SerialNumber;

        public OverviewEntry Certificate(HostName? host = null) => Overview.Certificates.Single(certificate => certificate.Host == (host ?? Gateway));

        public Task<InstallResult> ImportAsync(IssuedCertificate issued) =>
            Installs.ImportAsync(issued.ChainPem, issued.KeyPem, chainPem: null, password: null, "uid 1000", CancellationToken.None);

        public Task<InstallResult> RollbackAsync(string name = "gateway.example.com") => Installs.RollbackAsync(name, "uid 1000", CancellationToken.None);

        public IReadOnlyDictionary<HostName, Credential> Served => Selector.Served;

        /// <summary>One round of the loop, and the renewals that it starts.</summary>
        public async Task RoundAsync()
        {
            foreach (var (host, credential) in Served.Where(entry => _world.IsRevoked(entry.Value)))
            {
                Services.GetRequiredService<OcspStates>().Publish(host, credential.Fingerprint, OcspState.Revoked);
            }

            await Manager.RunDueAsync(CancellationToken.None);
            await Manager.RenewalsAsync();
        }

        /// <summary>Polls often enough for a changed file to be seen, seen again unchanged, and count as final.</summary>
        public async Task SettleAsync()
        {
            for (var poll = 0; poll < 3; poll++)
            {
                await Manager.RunDueAsync(CancellationToken.None);
                _world.Time.Advance(FileWatcher.PollInterval);
            }
        }

        public Task ReloadAsync(EdgeOptions options) => Services.GetRequiredService<CertificateReconfiguration>().ApplyAsync(options, CancellationToken.None);

        public void Dispose() => _host.Dispose();
    }
}
