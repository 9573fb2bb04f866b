using System.Security.Cryptography.X509Certificates;
using ImGateway.Acme;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;
using ImGateway.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Prometheus;

namespace ImGateway.Edge.Tests.Certificates;

/// <summary>
/// What <see cref="EdgeApplication.Build"/> makes, for tests of the certificates of one edge: a test replaces the test handshakes, the clock, the random numbers,
/// the log and the CA. Nothing listens or starts by itself.
/// </summary>
sealed record CertificateGraph(EdgeOptions Options, TimeProvider Time, ILogger Log, DiskOperationHook DiskOperations)
{
    /// <summary>The storage of the edge; the container disposes it.</summary>
    public FileStorage Storage { get; } = FileStorage.In(Options, DiskOperations, Time, new OneLog(Log));

    public CollectorRegistry Registry { get; init; } = Prometheus.Metrics.NewCustomRegistry();

    public HandshakeTest HandshakeTest { get; init; } = (_, _, _) => Task.FromResult<string?>(null);

    public Random Random { get; init; } = new(1);

    /// <summary>The CA of each configuration; null: one that issues nothing, with a budget in DataDirectory.</summary>
    public Func<EdgeOptions, IssuingCa>? CaOf { get; init; }

    /// <summary>Creates the edge without starting it. <see cref="IHost.Services"/> has all services of the program.</summary>
    public IHost Build() => EdgeApplication.Build(Options, new ConfigurationBuilder().Build(), TestProcess.Engines, Serilog.Core.Logger.None, services: services => services
        .AddSingleton(Time)
        .AddSingleton(Random)
        .AddSingleton(Registry)
        .AddSingleton<ILoggerFactory>(new OneLog(Log))
        .AddSingleton<IStorage>(_ => Storage)
        .AddSingleton(HandshakeTest)
        .AddSingleton(new CreateIssuingCa(CaOf ?? With(new NoCa()))));

    /// <summary>The same CA for each configuration, by one budget.</summary>
    public Func<EdgeOptions, IssuingCa> With(ICertificateAuthority authority)
    {
        var ca = new IssuingCa(authority, new IssuanceBudget(Storage, AcmePaths.Limits(Options), Time, (_, _) => { }));
        return _ => ca;
    }

    /// <summary>For edges whose certificates do not come from a CA.</summary>
    sealed class NoCa : ICertificateAuthority
    {
        public Task<HostCertificate> IssueAsync(IssueRequest request, IProgress<string> progress, CancellationToken cancellationToken) => throw new IssuanceException("no CA is configured");

        public Task<RenewalWindow?> AskRenewalInfoAsync(X509Certificate2 certificate, CancellationToken cancellationToken) => Task.FromResult<RenewalWindow?>(null);

        public Task RevokeAsync(X509Certificate2 certificate, RevocationReason reason, CancellationToken cancellationToken) => throw new IssuanceException("no CA is configured");
    }

    /// <summary>All categories in one log.</summary>
    sealed class OneLog(ILogger log) : ILoggerFactory
    {
        public ILogger CreateLogger(string categoryName) => log;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public void Dispose()
        {
            // The log is the test's.
        }
    }
}
