using System.Security.Cryptography;
using ImGateway.Edge.Certificates;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Certificates.Stapling;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;
using ImGateway.Edge.Tls;
using ImGateway.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;

namespace ImGateway.Edge.Tests.Certificates;

/// <summary>Edges one after the other on one data directory, with real files and no listeners.</summary>
sealed class StoreSetup : IDisposable
{
    public static readonly HostName Gateway = HostName.Parse("gateway.example.com");
    public static readonly HostName Chat = HostName.Parse("chat.example.com");

    readonly TemporaryDirectory _folder = new();
    readonly TestCa _root = TestCa.Create("Store Root");
    readonly TestCa _intermediate;
    CollectorRegistry _registry = Prometheus.Metrics.NewCustomRegistry();

    public StoreSetup()
    {
        _intermediate = _root.CreateIntermediate("Store Intermediate");
        Options = new EdgeOptions { Hosts = [Gateway, Chat], DataDirectory = _folder["data"] };
    }

    public MachineClock Time { get; } = new(TimeProvider.System.GetUtcNow());

    public LogCollector<CertificateManager> Log { get; } = new();

    public Func<HostName, string?> Probe { get; set; } = _ => null;

    public EdgeOptions Options { get; set; }

    /// <summary>The CA of source Acme.</summary>
    public CertificateAuthority? Authority { get; set; }

    /// <summary>In place of <see cref="Authority"/>: the CA of each configuration.</summary>
    public Func<EdgeOptions, IssuingCa>? CaOf { get; set; }

    /// <summary>Called after each disk operation of an edge.</summary>
    public Action DiskStep { get; set; } = () => { };

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

    /// <summary>As a process has that begins.</summary>
    public void ForgetMetrics() => _registry = Prometheus.Metrics.NewCustomRegistry();

    public async Task<double> MetricAsync(string series)
    {
        using var page = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(page);
        var line = System.Text.Encoding.UTF8.GetString(page.ToArray()).Split('\n').FirstOrDefault(line => line.StartsWith(series + " ", StringComparison.Ordinal));
        return line is null ? 0 : double.Parse(line[(series.Length + 1)..]);
    }

    public void Dispose()
    {
        _intermediate.Dispose();
        _root.Dispose();
        _folder.Dispose();
    }

    /// <summary>One process's manager.</summary>
    public sealed class Edge : IDisposable
    {
        readonly StoreSetup _setup;

        public Edge(StoreSetup setup)
        {
            _setup = setup;
            var graph = new CertificateGraph(setup.Options, setup.Time, setup.Log, new DiskSteps(() => setup.DiskStep())) { Registry = setup._registry, Probe = (host, _, _) => Task.FromResult(setup.Probe(host)) };
            Services = (graph with { CaOf = setup.CaOf ?? (setup.Authority is { } authority ? graph.With(authority) : null) }).Build();
        }

        /// <summary>As the program has them.</summary>
        public ServiceProvider Services { get; }

        public CertificateManager Manager => Services.GetRequiredService<CertificateManager>();

        public ManualInstalls Installs => Services.GetRequiredService<ManualInstalls>();

        public ManualRenewals Renewals => Services.GetRequiredService<ManualRenewals>();

        public CertificateOverview Overview => Services.GetRequiredService<CertificateOverview>();

        public ServerCertificateSelector Selector => Services.GetRequiredService<ServerCertificateSelector>();

        public string Serial(HostName? host = null) => Selector.Served[host ?? Gateway].SerialNumber;

        public ManagedCertificate Certificate(HostName? host = null) => Overview.Certificates.Single(certificate => certificate.Host == (host ?? Gateway));

        public Task<InstallResult> ImportAsync(IssuedCertificate issued) =>
            Installs.ImportAsync(issued.ChainPem, issued.KeyPem, chainPem: null, password: null, "uid 1000", CancellationToken.None);

        public Task<InstallResult> RollbackAsync(string name = "gateway.example.com") => Installs.RollbackAsync(name, "uid 1000", CancellationToken.None);

        public IReadOnlyDictionary<HostName, Credential> Served => Selector.Served;

        /// <summary>A round of the loop, and all that it starts.</summary>
        public async Task RoundAsync()
        {
            foreach (var (host, credential) in Served.Where(entry => _setup.IsRevoked(entry.Value)))
            {
                Services.GetRequiredService<OcspStates>().Show(host, credential.Fingerprint, OcspState.Revoked);
            }

            await Manager.LookAsync(CancellationToken.None);
            await Manager.RenewalsAsync();
        }

        /// <summary>Long enough for a content to be seen, seen again, and count as final.</summary>
        public async Task SettleAsync()
        {
            for (var look = 0; look < 3; look++)
            {
                await Manager.LookAsync(CancellationToken.None);
                _setup.Time.Advance(FileWatcher.PollInterval);
            }
        }

        public Task ReloadAsync(EdgeOptions options) => Services.GetRequiredService<CertificateReload>().ApplyAsync(options, CancellationToken.None);

        public void Dispose() => Services.Dispose();
    }
}
